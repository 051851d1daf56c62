/* The hash map: open addressing, linear probing, FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/). */
#include "base/map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t hash_of(const void *key, size_t len)
{
    const uint8_t *at = key;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    return hash ^ (hash >> 29);
}

static struct map_slot *slot_of(const struct map *m, const void *key, size_t len, uint64_t hash)
{
    size_t mask = m->room - 1;
    size_t at = (size_t)hash & mask;
    for (;; at = (at + 1) & mask) {
        struct map_slot *slot = &m->slots[at];
        if (!slot->key || (slot->hash == hash && slot->len == len && memcmp(slot->key, key, len) == 0))
            return slot;
    }
}

static int grow(struct map *m)
{
    struct map next = {.room = m->room ? m->room * 2 : 64, .used = m->used};
    next.slots = calloc(next.room, sizeof(*next.slots));
    if (!next.slots)
        return -ENOMEM;
    for (size_t i = 0; i < m->room; i++) {
        const struct map_slot *slot = &m->slots[i];
        if (slot->key)
            *slot_of(&next, slot->key, slot->len, slot->hash) = *slot;
    }
    free(m->slots);
    *m = next;
    return 0;
}

void map_init(struct map *m)
{
    *m = (struct map){0};
}

void map_clear(struct map *m)
{
    for (size_t i = 0; i < m->room; i++)
        free(m->slots[i].key);
    free(m->slots);
    map_init(m);
}

uint32_t *map_find(const struct map *m, const void *key, size_t len)
{
    if (!m->room)
        return NULL;
    struct map_slot *slot = slot_of(m, key, len, hash_of(key, len));
    return slot->key ? &slot->value : NULL;
}

int map_add(struct map *m, const void *key, size_t len, uint32_t value, uint32_t **ret_value, int *ret_is_new)
{
    if ((m->used + 1) * 4 > m->room * 3) {
        int error = grow(m);
        if (error)
            return error;
    }
    uint64_t hash = hash_of(key, len);
    struct map_slot *slot = slot_of(m, key, len, hash);
    int is_new = !slot->key;
    if (is_new) {
        void *copy = malloc(len ? len : 1);
        if (!copy)
            return -ENOMEM;
        if (len)
            memcpy(copy, key, len);
        *slot = (struct map_slot){.key = copy, .len = len, .hash = hash, .value = value};
        m->used++;
    }
    *ret_value = &slot->value;
    if (ret_is_new)
        *ret_is_new = is_new;
    return 0;
}
