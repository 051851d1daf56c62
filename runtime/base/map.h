/* A hash map from byte strings to 32-bit numbers: what interning tables are made of. Not thread-safe. */
#ifndef PREFLAME_BASE_MAP_H
#define PREFLAME_BASE_MAP_H

#include "base/bytes.h"
#include "base/compiler.h"

#include <stddef.h>
#include <stdint.h>

struct map_slot {
    size_t key; /* where its copy begins in `keys`, + 1; 0 marks a free slot */
    size_t len;
    uint64_t hash;
    uint32_t value;
};

struct map {
    struct map_slot *slots; /* owned; a power of two of them, or NULL */
    size_t room;
    size_t used;
    struct bytes keys; /* of all slots, behind each other */
};

/* Starts an empty map. Allocates nothing. */
void map_init(struct map *m);
/* Frees all keys and slots and leaves an empty map. */
void map_clear(struct map *m);
/* The value stored for the key, or NULL. The pointer lives until the next map_add. */
uint32_t *map_find(const struct map *m, const void *key, size_t len);
/* Finds the key or adds it with `value` (the key is copied). *ret_value points at what is stored; *ret_is_new
 * (may be NULL) says which. 0 or -ENOMEM. */
int map_add(struct map *m, const void *key, size_t len, uint32_t value, uint32_t **ret_value,
            int *ret_is_new) MUST_USE;

#endif
