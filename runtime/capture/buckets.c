/* The bucket table: append-only, open addressing; an entry is written before its slot points at it. */
#include "capture/buckets.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/banned.h"

#define PROBES 64

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

static bool is_equal(const struct bucket *bucket, uint64_t hash, const struct bucket_key *key)
{
    return bucket->hash == hash && bucket->key.kind == key->kind && bucket->key.stack == key->stack &&
           bucket->key.detail == key->detail && bucket->key.other == key->other &&
           bucket->key.labels == key->labels;
}

/* An entry with this key, not yet reachable. Its index + 1, or 0 when the table is full. */
static uint32_t write_entry(struct bucket_table *table, uint64_t hash, const struct bucket_key *key)
{
    uint32_t limit = table->limit ? table->limit : BUCKETS_MAX;
    if (atomic_load_explicit(&table->used, memory_order_relaxed) >= limit)
        return 0;
    uint32_t at = atomic_fetch_add_explicit(&table->used, 1, memory_order_relaxed);
    if (at >= limit)
        return 0;
    table->entries[at].key = *key;
    table->entries[at].hash = hash;
    return at + 1;
}

struct bucket *bucket_of(struct bucket_table *table, const struct bucket_key *key)
{
    uint64_t hash = hash_of(key);
    uint32_t at = (uint32_t)hash & (BUCKET_SLOTS - 1);
    uint32_t fresh = 0;
    for (unsigned i = 0; i < PROBES; i++, at = (at + 1) & (BUCKET_SLOTS - 1)) {
        uint32_t entry = atomic_load_explicit(&table->slots[at], memory_order_acquire);
        if (!entry) {
            if (!fresh)
                fresh = write_entry(table, hash, key);
            if (!fresh)
                break;
            /* Release: publishes the entry. A loser's entry stays unreachable, its values zero. */
            if (atomic_compare_exchange_strong_explicit(&table->slots[at], &entry, fresh,
                                                        memory_order_acq_rel, memory_order_acquire))
                return &table->entries[fresh - 1];
        }
        if (is_equal(&table->entries[entry - 1], hash, key))
            return &table->entries[entry - 1];
    }
    atomic_fetch_add_explicit(&table->refused, 1, memory_order_relaxed);
    return NULL;
}

void buckets_each(struct bucket_table *table, enum bucket_kind kind,
                  void (*each)(struct bucket *bucket, void *context), void *context)
{
    for (uint32_t i = 0; i < BUCKET_SLOTS; i++) {
        uint32_t entry = atomic_load_explicit(&table->slots[i], memory_order_acquire);
        if (entry && table->entries[entry - 1].key.kind == (uint32_t)kind)
            each(&table->entries[entry - 1], context);
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
