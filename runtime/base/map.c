/* The hash map: open addressing, linear probing, FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/). */
#include "base/map.h"

#include "base/block.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static uint64_t hash_of(const void *key, size_t len)
{
    const uint8_t *at = key;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    return hash ^ (hash >> 29);
}

static bool is_key(const struct map *m, const struct map_slot *slot, const void *key, size_t len)
{
    return !len || memcmp(m->keys.data + slot->key - 1, key, len) == 0;
}

static struct map_slot *slot_of(const struct map *m, const void *key, size_t len, uint64_t hash)
{
    size_t mask = m->room - 1;
    size_t at = (size_t)hash & mask;
    for (;; at = (at + 1) & mask) {
        struct map_slot *slot = &m->slots[at];
        if (!slot->key || (slot->hash == hash && slot->len == len && is_key(m, slot, key, len)))
            return slot;
    }
}

/* Slots of different keys: all that counts is where there is room. */
static void move_slots(const struct map *from, struct map *to)
{
    for (size_t i = 0; i < from->room; i++) {
        const struct map_slot *slot = &from->slots[i];
        size_t at = (size_t)slot->hash & (to->room - 1);
        while (slot->key && to->slots[at].key)
            at = (at + 1) & (to->room - 1);
        if (slot->key)
            to->slots[at] = *slot;
    }
}

static int grow(struct map *m)
{
    struct map next = {.room = m->room ? m->room * 2 : 64, .used = m->used, .keys = m->keys};
    next.slots = block_new(next.room * sizeof(*next.slots));
    if (!next.slots)
        return -ENOMEM;
    next.keys.max = SIZE_MAX / 2;
    move_slots(m, &next);
    block_free(m->slots, m->room * sizeof(*m->slots));
    *m = next;
    return 0;
}

void map_init(struct map *m)
{
    *m = (struct map){0};
}

void map_clear(struct map *m)
{
    bytes_clear(&m->keys);
    block_free(m->slots, m->room * sizeof(*m->slots));
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
        size_t start = m->keys.len;
        bytes_put(&m->keys, key, len);
        if (m->keys.error) {
            m->keys.error = 0; /* the next key may find room */
            return -ENOMEM;
        }
        *slot = (struct map_slot){.key = start + 1, .len = len, .hash = hash, .value = value};
        m->used++;
    }
    *ret_value = &slot->value;
    if (ret_is_new)
        *ret_is_new = is_new;
    return 0;
}
