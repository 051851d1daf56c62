/* The live set: which blocks of memory that are allocated now were sampled, and as what. Exact: a block is in
 * it from the end of its allocation to the beginning of its release. */
#ifndef PREFLAME_CAPTURE_LIVE_H
#define PREFLAME_CAPTURE_LIVE_H

#include "base/compiler.h"
#include "capture/buckets.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIVE_WAYS 8           /* blocks of one hash */
#define LIVE_LEVELS 5         /* each four times as large as the one before, used when those are crowded */
#define LIVE_LEVEL_0_SETS 512 /* 64 KB: enough for some gigabytes at the default interval */
#define LIVE_SETS (LIVE_LEVEL_0_SETS * (1 + 4 + 16 + 64 + 256))
#define LIVE_FILTER 65536

/* What was sampled, by its bucket. */
struct live_sample {
    uint32_t bucket; /* index in the bucket table */
    uint64_t size;   /* bytes that the program asked for */
};

struct live_block {
    _Atomic uint64_t address; /* 0 = free, LIVE_BUSY = about to be taken */
    _Atomic uint64_t sample;  /* packed; belongs to whoever made `address` busy */
};

struct live_set {
    _Alignas(64) struct live_block ways[LIVE_WAYS];
};

/* 21 MB of address space, touched level by level. */
struct live_table {
    _Atomic uint32_t levels;  /* in use; only grows */
    _Atomic uint64_t refused; /* samples that found no room */
    uint32_t level_limit;     /* fewer may be used than there are; 0 = all. Set at the start */
    struct live_set sets[LIVE_SETS];
};

/* The number of levels that `sets` sets make, at least one. */
static inline uint32_t live_levels_of(uint64_t sets)
{
    uint32_t levels = 1;
    for (uint64_t all = LIVE_LEVEL_0_SETS * 5; levels < LIVE_LEVELS && all <= sets;
         all = all * 4 + LIVE_LEVEL_0_SETS)
        levels++;
    return levels;
}

/* How many sampled blocks lie where the filter can't tell them apart; 255 stays. */
extern _Atomic uint8_t live_filter[LIVE_FILTER];

/* Neighbours in memory share a cache line of the filter, as they share cache lines and pages in the program;
 * threads' arenas, which repeat every 64 MB, don't. */
static inline _Atomic uint8_t *live_filter_of(const void *block)
{
    uintptr_t address = (uintptr_t)block;
    return &live_filter[(address >> 6 ^ address >> 22) & (LIVE_FILTER - 1)];
}

/* False: the block isn't in the live set, for certain. One load. */
static inline bool live_may_hold(const void *block)
{
    return UNLIKELY(atomic_load_explicit(live_filter_of(block), memory_order_relaxed) != 0);
}

/* Enters a block that isn't in the set; its owner is the caller. False when there is no room (counted).
 * Signal-safe, lock-free. */
bool live_enter(struct live_table *table, const void *block, const struct live_sample *sample);

/* Takes a block out of the set, before it is released. False when it isn't there. Signal-safe, lock-free. */
bool live_take(struct live_table *table, const void *block, struct live_sample *ret);

/* Lets live_may_hold say true for the block for ever. */
void live_filter_keep(const void *block);

#endif
