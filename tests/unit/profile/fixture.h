/* What the profile tests share: cmocka with the headers it needs, and profiles and wire bytes to start from.
 */
#ifndef PREFLAME_TESTS_PROFILE_FIXTURE_H
#define PREFLAME_TESTS_PROFILE_FIXTURE_H

#include "exporters/profile/profile.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAX_BYTES ((size_t)1 << 20)

/* --- the wire, byte by byte: an oracle that shares no code with the encoder --- */

static inline void put_varint(struct bytes *out, uint64_t number)
{
    do {
        uint8_t byte = (uint8_t)((number & 0x7F) | (number > 0x7F ? 0x80 : 0));
        bytes_put(out, &byte, 1);
        number >>= 7;
    } while (number);
}

static inline void put_number(struct bytes *out, unsigned field, int64_t number)
{
    put_varint(out, field << 3);
    put_varint(out, (uint64_t)number);
}

static inline void put_data(struct bytes *out, unsigned field, const void *data, size_t len)
{
    put_varint(out, field << 3 | 2);
    put_varint(out, len);
    bytes_put(out, data, len);
}

static inline void put_text(struct bytes *out, unsigned field, const char *text)
{
    put_data(out, field, text, strlen(text));
}

/* A submessage of up to eight numbers: (field, number) pairs, ended by field 0. */
static inline void put_numbers(struct bytes *out, unsigned field, const int64_t (*pairs)[2])
{
    struct bytes inner CLEANUP(bytes_clear);
    bytes_init(&inner, MAX_BYTES);
    for (; (*pairs)[0]; pairs++)
        put_number(&inner, (unsigned)(*pairs)[0], (*pairs)[1]);
    put_data(out, field, inner.data ? inner.data : (const uint8_t *)"", inner.len);
}
#define PUT_NUMBERS(out, field, ...) put_numbers((out), (field), (const int64_t[][2]){__VA_ARGS__, {0, 0}})

/* Field numbers of the message Profile. */
enum {
    SAMPLE_TYPE = 1,
    SAMPLE,
    MAPPING,
    LOCATION,
    FUNCTION,
    STRING,
    DROP,
    KEEP,
    TIME,
    DURATION,
    PERIOD_TYPE
};

/* --- the model --- */

/* A CPU profile of types samples/count and cpu/nanoseconds with one mapping, or NULL. */
static inline struct profile *new_cpu_profile(void)
{
    struct profile *p = profile_new();
    if (!p)
        return NULL;
    profile_add_type(p, "samples", "count");
    profile_add_type(p, "cpu", "nanoseconds");
    p->period_type = p->types.data[1];
    p->period = 10000000;
    profile_add_mapping(p, 0x400000, 0x500000, 0, "/usr/bin/server", "abcd");
    return p;
}

/* A location of the function `name` at `address` in mapping 0. */
static inline uint32_t add_frame(struct profile *p, const char *name, uint64_t address)
{
    struct profile_line line = {profile_add_function(p, name, name, "server.c", 1), 10};
    return profile_add_location(p, 0, address, &line, 1);
}

/* Adds `count` samples with this leaf and no callers. */
static inline void add_leaf(struct profile *p, uint32_t location, int64_t count)
{
    profile_add_sample(p, &location, 1, NULL, 0, (const int64_t[]){count, count * 10000000});
}

/* Encodes and decodes; the caller frees. */
static inline struct profile *through_wire(const struct profile *p)
{
    struct bytes wire CLEANUP(bytes_clear);
    bytes_init(&wire, MAX_BYTES);
    assert_int_equal(profile_encode(p, &wire), 0);
    struct profile *again = NULL;
    const char *why = "";
    if (profile_decode(wire.data, wire.len, MAX_BYTES, &again, &why))
        fail_msg("what was encoded cannot be decoded: %s", why);
    return again;
}

#endif
