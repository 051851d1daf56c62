/* Cumulative values by what they are for: the shared, lock-free table behind every profile that counts events
 * (heap, mutex, block, ...). A bucket, once made, stays for ever; its values only change by atomic adds. */
#ifndef PREFLAME_CAPTURE_BUCKETS_H
#define PREFLAME_CAPTURE_BUCKETS_H

#include "base/bucket_kind.h"

#include <stdatomic.h>
#include <stdint.h>

#define BUCKET_SLOTS 131072 /* a power of two */
#define BUCKETS_MAX 114688  /* 6 MB of address space, touched as buckets are met */
#define BUCKET_VALUES 4

/* Equal keys share a bucket. Unused members are 0. */
struct bucket_key {
    uint32_t kind;   /* enum bucket_kind */
    uint32_t stack;  /* number in the stack dictionary, 0 = it was full */
    uint64_t detail; /* by kind */
    uint32_t other;  /* stack of the other side, 0 = none */
    uint32_t labels; /* number of a label set, 0 = none */
};

struct bucket {
    struct bucket_key key;
    _Atomic int64_t values[BUCKET_VALUES];
};

struct bucket_table {
    _Atomic uint32_t used;    /* entries handed out; grows past BUCKETS_MAX when full: never handed out */
    _Atomic uint64_t refused; /* events that found no bucket */
    uint32_t limit;           /* fewer may be used than there are; 0 = all. Set at the start */
    _Atomic uint32_t slots[BUCKET_SLOTS]; /* bits of the hash, index + 1 of the entry; 0 = free */
    struct bucket entries[BUCKETS_MAX];
};

/* The bucket of `key`, made if it is new, or NULL when the table is full (counted). It lives as long as the
 * table. Signal-safe, lock-free, reentrant. */
struct bucket *bucket_of(struct bucket_table *table, const struct bucket_key *key);

/* Adds to one of the bucket's values. Signal-safe. */
static inline void bucket_add(struct bucket *bucket, unsigned value, int64_t amount)
{
    atomic_fetch_add_explicit(&bucket->values[value], amount, memory_order_relaxed);
}

/* Calls `each` with every bucket of `kind`, and its index in the table. Any thread; buckets made meanwhile
 * may be missing. */
void buckets_each(struct bucket_table *table, enum bucket_kind kind,
                  void (*each)(struct bucket *bucket, void *context), void *context);

/* Zeroes the values of `kind`. Events counted at the same time may be lost. */
void buckets_forget(struct bucket_table *table, enum bucket_kind kind);

#endif
