/* Sets are built on the caller's stack, then interned as the stack dictionary does. */
#include "capture/labels.h"

#include <stddef.h>
#include <string.h>

#include "base/banned.h"

#define PROBES 32

struct draft {
    uint32_t size, count;
    char pairs[LABEL_SET_BYTES];
};

static struct label_set *set_at(const struct label_table *table, uint32_t offset)
{
    return (struct label_set *)(uintptr_t)(table->bytes + offset - 1);
}

const struct label_set *labels_set(const struct label_table *table, uint32_t id)
{
    if (!id || id > LABEL_SETS)
        return NULL;
    uint32_t offset = atomic_load_explicit(&table->slots[id - 1], memory_order_acquire);
    return offset ? set_at(table, offset) : NULL;
}

/* The C library's own may be IFUNCs that aren't resolved yet in a handler. */
static uint32_t length_of(const char *text)
{
    uint32_t len = 0;
    while (text[len])
        len++;
    return len;
}

static int compare(const char *left, const char *right)
{
    while (*left && *left == *right)
        left++, right++;
    return (unsigned char)*left - (unsigned char)*right;
}

static bool put(struct draft *draft, const char *text)
{
    uint32_t len = length_of(text) + 1;
    if (len > LABEL_SET_BYTES - draft->size)
        return false;
    for (uint32_t i = 0; i < len; i++)
        draft->pairs[draft->size + i] = text[i];
    draft->size += len;
    return true;
}

static bool put_pair(struct draft *draft, const char *key, const char *value)
{
    draft->count++;
    return draft->count <= LABELS_MAX && put(draft, key) && put(draft, value);
}

static bool draft_with(const struct label_set *set, const char *key, const char *value, struct draft *draft)
{
    bool is_put = !value;
    const char *at = set ? set->pairs : NULL;
    for (uint32_t i = 0; set && i < set->count; i++) {
        const char *old_value = at + length_of(at) + 1;
        int order = compare(at, key);
        if (order >= 0 && !is_put) {
            is_put = true;
            if (!put_pair(draft, key, value))
                return false;
        }
        if (order != 0 && !put_pair(draft, at, old_value))
            return false;
        at = old_value + length_of(old_value) + 1;
    }
    return is_put || put_pair(draft, key, value);
}

static uint64_t hash_of(const struct draft *draft)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (uint32_t i = 0; i < draft->size; i++)
        hash = (hash ^ (unsigned char)draft->pairs[i]) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 32;
}

static bool is_equal(const struct label_set *set, uint64_t hash, const struct draft *draft)
{
    if (set->hash != hash || set->size != draft->size)
        return false;
    for (uint32_t i = 0; i < draft->size; i++) {
        if (set->pairs[i] != draft->pairs[i])
            return false;
    }
    return true;
}

static uint32_t write_set(struct label_table *table, uint64_t hash, const struct draft *draft)
{
    uint32_t size = ((uint32_t)sizeof(struct label_set) + draft->size + 7) & ~7u;
    if (atomic_load_explicit(&table->used_bytes, memory_order_relaxed) + size > LABEL_BYTES)
        return 0;
    uint32_t at = atomic_fetch_add_explicit(&table->used_bytes, size, memory_order_relaxed);
    if (at + size > LABEL_BYTES)
        return 0;
    struct label_set *set = set_at(table, at + 1);
    set->hash = hash;
    set->size = draft->size;
    set->count = draft->count;
    for (uint32_t i = 0; i < draft->size; i++)
        set->pairs[i] = draft->pairs[i];
    return at + 1;
}

static uint32_t intern(struct label_table *table, const struct draft *draft)
{
    uint64_t hash = hash_of(draft);
    uint32_t at = (uint32_t)hash & (LABEL_SETS - 1), fresh = 0;
    for (unsigned i = 0; i < PROBES; i++, at = (at + 1) & (LABEL_SETS - 1)) {
        uint32_t offset = atomic_load_explicit(&table->slots[at], memory_order_acquire);
        if (!offset) {
            if (!fresh)
                fresh = write_set(table, hash, draft);
            if (!fresh)
                break;
            /* Release: publishes the set. */
            if (atomic_compare_exchange_strong_explicit(&table->slots[at], &offset, fresh,
                                                        memory_order_acq_rel, memory_order_acquire))
                return at + 1;
        }
        if (is_equal(set_at(table, offset), hash, draft))
            return at + 1;
    }
    atomic_fetch_add_explicit(&table->refused, 1, memory_order_relaxed);
    return 0;
}

bool labels_with(struct label_table *table, uint32_t id, const char *key, const char *value, uint32_t *ret)
{
    struct draft draft;
    draft.size = draft.count = 0;
    if (!draft_with(labels_set(table, id), key, value, &draft)) {
        atomic_fetch_add_explicit(&table->refused, 1, memory_order_relaxed);
        return false;
    }
    uint32_t number = draft.count ? intern(table, &draft) : 0;
    if (draft.count && !number)
        return false;
    *ret = number;
    return true;
}
