/* The shared, lock-free dictionary of label sets: what a program says of the work that a thread does now. */
#ifndef PREFLAME_CAPTURE_LABELS_H
#define PREFLAME_CAPTURE_LABELS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define LABEL_SETS 4096      /* a power of two; numbers fit a record's 16 bits */
#define LABEL_BYTES 1048576  /* of all sets together, touched as they are met */
#define LABEL_SET_BYTES 1024 /* of one set */
#define LABELS_MAX 16        /* pairs of one set */

/* One set: pairs "key\0value\0" behind each other, sorted by key. */
struct label_set {
    uint64_t hash;
    uint32_t size; /* bytes of `pairs` */
    uint32_t count;
    char pairs[];
};

struct label_table {
    _Atomic uint32_t used_bytes;        /* grows past LABEL_BYTES when full: never handed out */
    _Atomic uint64_t refused;           /* sets that found no room */
    _Atomic uint32_t slots[LABEL_SETS]; /* offset + 1 of the set, 0 = free */
    _Alignas(8) char bytes[LABEL_BYTES];
};

/* The set of a number, or NULL. Signal-safe. */
const struct label_set *labels_set(const struct label_table *table, uint32_t id);

/* The number of set `id` (0 = empty) with `key` meaning `value`, or with `value` NULL without `key`. 0 for an
 * empty set. False when the set is too large or the dictionary full (counted). Signal-safe, lock-free. */
bool labels_with(struct label_table *table, uint32_t id, const char *key, const char *value, uint32_t *ret);

#endif
