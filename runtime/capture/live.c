/* Sets of eight blocks in levels of growing size: a new block takes the first free way, a release looks at
 * one set a level. So nothing moves, and a way is owned by the thread that owns its block. */
#include "capture/live.h"

#include "base/banned.h"

#define LIVE_BUSY 1 /* no block's address */
#define BUCKET_BITS 17
#define FILTER_FULL 255
#define LAST_LEVEL_CHOICES 4

_Static_assert(BUCKETS_MAX <= 1 << BUCKET_BITS, "a bucket's index fits");

_Atomic uint8_t live_filter[LIVE_FILTER];

/* A block's set in a level; in the last one it has some to choose from, so that most of it gets used. */
static unsigned choices_in(unsigned level)
{
    return level == LIVE_LEVELS - 1 ? LAST_LEVEL_CHOICES : 1;
}

static struct live_set *set_of(struct live_table *table, uint64_t address, unsigned level, unsigned choice)
{
    uint64_t hash = ((address >> 3) + choice) * UINT64_C(0x9e3779b97f4a7c15);
    hash = (hash ^ hash >> 32) * UINT64_C(0xff51afd7ed558ccd);
    uint32_t sets = LIVE_LEVEL_0_SETS << 2 * level;
    uint32_t first = LIVE_LEVEL_0_SETS * ((1U << 2 * level) - 1) / 3;
    return &table->sets[first + ((uint32_t)(hash >> 40) & (sets - 1))];
}

static void filter_add(const void *block)
{
    _Atomic uint8_t *filter = live_filter_of(block);
    uint8_t count = atomic_load_explicit(filter, memory_order_relaxed);
    while (count < FILTER_FULL && !atomic_compare_exchange_weak_explicit(
                                      filter, &count, count + 1, memory_order_release, memory_order_relaxed))
        ;
}

static void filter_remove(const void *block)
{
    _Atomic uint8_t *filter = live_filter_of(block);
    uint8_t count = atomic_load_explicit(filter, memory_order_relaxed);
    while (count && count < FILTER_FULL &&
           !atomic_compare_exchange_weak_explicit(filter, &count, count - 1, memory_order_relaxed,
                                                  memory_order_relaxed))
        ;
}

void live_filter_keep(const void *block)
{
    atomic_store_explicit(live_filter_of(block), FILTER_FULL, memory_order_release);
}

static void use_level(struct live_table *table, uint32_t level)
{
    uint32_t levels = atomic_load_explicit(&table->levels, memory_order_relaxed);
    while (levels <= level &&
           !atomic_compare_exchange_weak_explicit(&table->levels, &levels, level + 1, memory_order_release,
                                                  memory_order_relaxed))
        ;
}

static bool enter_set(struct live_set *set, uint64_t address, uint64_t sample)
{
    for (unsigned i = 0; i < LIVE_WAYS; i++) {
        struct live_block *way = &set->ways[i];
        uint64_t none = 0;
        if (atomic_load_explicit(&way->address, memory_order_relaxed) ||
            !atomic_compare_exchange_strong_explicit(&way->address, &none, LIVE_BUSY, memory_order_acquire,
                                                     memory_order_relaxed))
            continue;
        atomic_store_explicit(&way->sample, sample, memory_order_relaxed);
        /* Release: whoever finds the address finds its sample. */
        atomic_store_explicit(&way->address, address, memory_order_release);
        return true;
    }
    return false;
}

static bool enter_level(struct live_table *table, unsigned level, uint64_t address, uint64_t sample)
{
    use_level(table, level);
    for (unsigned choice = 0; choice < choices_in(level); choice++) {
        if (enter_set(set_of(table, address, level, choice), address, sample))
            return true;
    }
    return false;
}

bool live_enter(struct live_table *table, const void *block, const struct live_sample *sample)
{
    uint64_t address = (uintptr_t)block, packed = sample->size << BUCKET_BITS | sample->bucket;
    bool fits = packed >> BUCKET_BITS == sample->size;
    uint32_t limit = table->level_limit ? table->level_limit : LIVE_LEVELS;
    for (unsigned level = 0; level < limit && fits; level++) {
        if (enter_level(table, level, address, packed)) {
            filter_add(block);
            return true;
        }
    }
    atomic_fetch_add_explicit(&table->refused, 1, memory_order_relaxed);
    return false;
}

static bool take_from_set(struct live_set *set, uint64_t address, uint64_t *ret_sample)
{
    for (unsigned i = 0; i < LIVE_WAYS; i++) {
        struct live_block *way = &set->ways[i];
        if (atomic_load_explicit(&way->address, memory_order_acquire) != address)
            continue;
        uint64_t sample = atomic_load_explicit(&way->sample, memory_order_relaxed), expected = address;
        /* Exchanged, not stored: a program that releases a block twice finds it once. Release: the next owner
         * of the way writes its sample after ours was read. */
        if (!atomic_compare_exchange_strong_explicit(&way->address, &expected, 0, memory_order_release,
                                                     memory_order_relaxed))
            continue;
        *ret_sample = sample;
        return true;
    }
    return false;
}

static bool take_from_level(struct live_table *table, unsigned level, uint64_t address, uint64_t *ret_sample)
{
    for (unsigned choice = 0; choice < choices_in(level); choice++) {
        if (take_from_set(set_of(table, address, level, choice), address, ret_sample))
            return true;
    }
    return false;
}

bool live_take(struct live_table *table, const void *block, struct live_sample *ret)
{
    uint64_t address = (uintptr_t)block, sample;
    uint32_t levels = atomic_load_explicit(&table->levels, memory_order_acquire);
    for (uint32_t level = 0; level < levels && address > LIVE_BUSY; level++) {
        if (!take_from_level(table, level, address, &sample))
            continue;
        filter_remove(block);
        *ret = (struct live_sample){.bucket = (uint32_t)(sample & ((1U << BUCKET_BITS) - 1)),
                                    .size = sample >> BUCKET_BITS};
        return true;
    }
    return false;
}
