/* The bucket table: append-only, open addressing; an entry is written before its slot points at it. */
#include "capture/buckets.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/banned.h"

#define PROBES 1024
#define INDEX_BITS 17 /* of a slot; above them bits of the hash spare a look at most other entries */
#define INDEX_MASK ((1U << INDEX_BITS) - 1)

_Static_assert(BUCKETS_MAX < 1 << INDEX_BITS, "an index + 1 fits");

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
    return hash ^ hash >> 32;
}

static uint64_t hash_of(const struct bucket_key *key)
{
    uint64_t hash = mix(UINT64_C(0x9e3779b97f4a7c15), (uint64_t)key->kind << 32 | key->stack);
    hash = mix(hash, key->detail);
    return mix(hash, (uint64_t)key->other << 32 | key->labels);
}

static bool is_equal(const struct bucket *bucket, const struct bucket_key *key)
{
    return bucket->key.kind == key->kind && bucket->key.stack == key->stack &&
           bucket->key.detail == key->detail && bucket->key.other == key->other &&
           bucket->key.labels == key->labels;
}

static struct bucket *entry_of(struct bucket_table *table, uint32_t slot)
{
    return &table->entries[(slot & INDEX_MASK) - 1];
}

/* An entry with this key, not yet reachable. Its index + 1, or 0 when the table is full. */
static uint32_t write_entry(struct bucket_table *table, const struct bucket_key *key)
{
    uint32_t limit = table->limit ? table->limit : BUCKETS_MAX;
    if (atomic_load_explicit(&table->used, memory_order_relaxed) >= limit)
        return 0;
    uint32_t at = atomic_fetch_add_explicit(&table->used, 1, memory_order_relaxed);
    if (at >= limit)
        return 0;
    table->entries[at].key = *key;
    return at + 1;
}

struct bucket *bucket_of(struct bucket_table *table, const struct bucket_key *key)
{
    uint64_t hash = hash_of(key);
    uint32_t at = (uint32_t)hash & (BUCKET_SLOTS - 1), tag = (uint32_t)(hash >> 32) & ~INDEX_MASK;
    uint32_t fresh = 0;
    for (unsigned i = 0; i < PROBES; i++, at = (at + 1) & (BUCKET_SLOTS - 1)) {
        uint32_t slot = atomic_load_explicit(&table->slots[at], memory_order_acquire);
        if (!slot) {
            if (!fresh)
                fresh = write_entry(table, key);
            if (!fresh)
                break;
            /* Release: publishes the entry. A loser's entry stays unreachable, its values zero. */
            if (atomic_compare_exchange_strong_explicit(&table->slots[at], &slot, tag | fresh,
                                                        memory_order_acq_rel, memory_order_acquire))
                return entry_of(table, fresh);
        }
        if ((slot & ~INDEX_MASK) == tag && is_equal(entry_of(table, slot), key))
            return entry_of(table, slot);
    }
    atomic_fetch_add_explicit(&table->refused, 1, memory_order_relaxed);
    return NULL;
}

void buckets_each(struct bucket_table *table, enum bucket_kind kind,
                  void (*each)(struct bucket *bucket, void *context), void *context)
{
    for (uint32_t i = 0; i < BUCKET_SLOTS; i++) {
        uint32_t slot = atomic_load_explicit(&table->slots[i], memory_order_acquire);
        if (slot && entry_of(table, slot)->key.kind == (uint32_t)kind)
            each(entry_of(table, slot), context);
    }
}

static void forget(struct bucket *bucket, void *context)
{
    (void)context;
    for (unsigned i = 0; i < BUCKET_VALUES; i++)
        atomic_store_explicit(&bucket->values[i], 0, memory_order_relaxed);
}

void buckets_forget(struct bucket_table *table, enum bucket_kind kind)
{
    buckets_each(table, kind, forget, NULL);
}
