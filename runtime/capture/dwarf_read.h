/* Reads of DWARF's encodings, in order, from memory that may not be there: through a small window that is
 * filled as the reader goes on. A read past the limit, or where there is no memory, yields 0 and marks the
 * cursor bad. */
#ifndef PREFLAME_CAPTURE_DWARF_READ_H
#define PREFLAME_CAPTURE_DWARF_READ_H

#include "capture/memory.h"

#include <stdbool.h>
#include <stdint.h>

#define LEB_BYTES_MAX 10 /* of 64 bits */

struct cursor {
    const uint8_t *at, *end; /* bytes at hand */
    uint64_t next, limit;    /* addresses: of what follows them, and of what may not be read any more */
    uint8_t *room;           /* the window, not owned; NULL: there is nothing but the bytes at hand */
    uint32_t room_bytes;
    bool is_bad;
};

/* A cursor over the memory [address, limit), of which nothing has been read. */
static inline struct cursor cursor_at(uint64_t address, uint64_t limit, uint8_t *room, uint32_t room_bytes)
{
    return (struct cursor){.at = room,
                           .end = room,
                           .next = address,
                           .limit = limit,
                           .room = room,
                           .room_bytes = room_bytes,
                           .is_bad = address >= limit};
}

/* A cursor over bytes at hand. */
static inline struct cursor cursor_over(const uint8_t *bytes, uint64_t size)
{
    return (struct cursor){.at = bytes, .end = bytes + size};
}

/* The address in memory of the next byte. */
static inline uint64_t cursor_address(const struct cursor *c)
{
    return c->next - (uint64_t)(c->end - c->at);
}

static inline uint64_t cursor_left(const struct cursor *c)
{
    return c->limit - c->next + (uint64_t)(c->end - c->at);
}

static inline bool cursor_fail(struct cursor *c)
{
    c->is_bad = true;
    c->at = c->end;
    c->next = c->limit;
    return false;
}

/* Moves what is at hand to the front of the window and fills the rest. */
static inline bool cursor_fill(struct cursor *c)
{
    uint32_t kept = 0;
    for (; c->at < c->end; kept++)
        c->room[kept] = *c->at++;
    uint64_t wanted = c->room_bytes - kept;
    if (wanted > c->limit - c->next)
        wanted = c->limit - c->next;
    c->at = c->room;
    c->end = c->room + kept;
    if (!memory_read(c->next, c->room + kept, wanted))
        return cursor_fail(c);
    c->end += wanted;
    c->next += wanted;
    return true;
}

/* Are `size` (at most 8) more bytes at hand, or can they be had? */
static inline bool cursor_has(struct cursor *c, uint64_t size)
{
    if ((uint64_t)(c->end - c->at) >= size)
        return true;
    if (c->is_bad || !c->room || cursor_left(c) < size)
        return cursor_fail(c);
    return cursor_fill(c);
}

static inline void cursor_skip(struct cursor *c, uint64_t size)
{
    uint64_t at_hand = (uint64_t)(c->end - c->at);
    if (size <= at_hand) {
        c->at += size;
        return;
    }
    if (size > cursor_left(c)) {
        cursor_fail(c);
        return;
    }
    c->at = c->end;
    c->next += size - at_hand;
}

/* Forward to an address that is not behind the limit. */
static inline void cursor_go_to(struct cursor *c, uint64_t address)
{
    uint64_t here = cursor_address(c);
    if (address < here)
        cursor_fail(c);
    else
        cursor_skip(c, address - here);
}

/* Lets nothing be read behind the next `size` bytes, of which the cursor has so many left. */
static inline void cursor_cut(struct cursor *c, uint64_t size)
{
    uint64_t at_hand = (uint64_t)(c->end - c->at);
    if (size < at_hand) {
        c->end = c->at + size;
        c->next -= at_hand - size;
    }
    c->limit = c->next + (size < at_hand ? 0 : size - at_hand);
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
    for (unsigned i = 0; i < LEB_BYTES_MAX; i++) {
        uint8_t byte = (uint8_t)read_fixed(c, 1);
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (!(byte & 0x80))
            return value;
    }
    cursor_fail(c);
    return 0;
}

static inline int64_t read_sleb(struct cursor *c)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < LEB_BYTES_MAX; i++) {
        uint8_t byte = (uint8_t)read_fixed(c, 1);
        unsigned shift = 7 * i;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte & 0x80)
            continue;
        if (shift + 7 < 64 && (byte & 0x40))
            value |= ~UINT64_C(0) << (shift + 7);
        return (int64_t)value;
    }
    cursor_fail(c);
    return 0;
}

#endif
