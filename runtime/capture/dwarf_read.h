/* Bounded reads of DWARF's encodings from mapped memory. A read past the end yields 0 and marks the cursor
 * bad. */
#ifndef PREFLAME_CAPTURE_DWARF_READ_H
#define PREFLAME_CAPTURE_DWARF_READ_H

#include <stdbool.h>
#include <stdint.h>

struct cursor {
    const uint8_t *at, *end;
    bool is_bad;
};

static inline bool cursor_has(struct cursor *c, uint64_t size)
{
    if ((uint64_t)(c->end - c->at) >= size)
        return true;
    c->is_bad = true;
    c->at = c->end;
    return false;
}

/* Little-endian unsigned number of `size` (1, 2, 4, 8) bytes. */
static inline uint64_t read_fixed(struct cursor *c, unsigned size)
{
    if (!cursor_has(c, size))
        return 0;
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)c->at[i] << (8 * i);
    c->at += size;
    return value;
}

static inline int64_t read_signed(struct cursor *c, unsigned size)
{
    uint64_t value = read_fixed(c, size);
    unsigned shift = 64 - 8 * size;
    return (int64_t)(value << shift) >> shift;
}

static inline uint64_t read_uleb(struct cursor *c)
{
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = (uint8_t)read_fixed(c, 1);
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
}

static inline int64_t read_sleb(struct cursor *c)
{
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;
    do {
        byte = (uint8_t)read_fixed(c, 1);
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    if (shift < 64 && (byte & 0x40))
        value |= ~UINT64_C(0) << shift;
    return (int64_t)value;
}

#endif
