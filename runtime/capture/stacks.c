/* The stack dictionary: append-only, open addressing, entries bump-allocated from one arena. */
#include "capture/stacks.h"

#include <stddef.h>
#include <string.h>

#include "base/banned.h"

#define PROBES 32
#define ENTRY_WORDS (offsetof(struct stack_entry, pcs) / 8)

static uint64_t hash_of(const uint64_t *pcs, uint32_t count, uint32_t epoch)
{
    uint64_t hash = epoch + UINT64_C(0x9e3779b97f4a7c15);
    for (uint32_t i = 0; i < count; i++) {
        hash = (hash ^ pcs[i]) * UINT64_C(0xff51afd7ed558ccd);
        hash ^= hash >> 32;
    }
    return hash;
}

static struct stack_entry *entry_at(struct stack_table *table, uint32_t offset)
{
    return (struct stack_entry *)(void *)&table->words[offset - 1];
}

/* memcmp may be an IFUNC that isn't resolved yet in a handler: compare by hand. */
static bool is_equal(const struct stack_entry *entry, uint64_t hash, const uint64_t *pcs, uint32_t count,
                     uint32_t epoch)
{
    if (entry->hash != hash || entry->count != count || entry->epoch != epoch)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (entry->pcs[i] != pcs[i])
            return false;
    }
    return true;
}

/* Writes a new entry, not yet reachable. Its offset, or 0 when the arena is full. */
static uint32_t write_entry(struct stack_table *table, uint64_t hash, const uint64_t *pcs, uint32_t count,
                            uint32_t epoch)
{
    uint32_t words = (uint32_t)ENTRY_WORDS + count;
    uint32_t limit = table->word_limit ? table->word_limit : STACK_WORDS;
    if (atomic_load_explicit(&table->used_words, memory_order_relaxed) + words > limit ||
        atomic_load_explicit(&table->used_slots, memory_order_relaxed) >= STACK_SLOTS / 4 * 3)
        return 0;
    uint32_t at = atomic_fetch_add_explicit(&table->used_words, words, memory_order_relaxed);
    if (at + words > limit)
        return 0;
    struct stack_entry *entry = entry_at(table, at + 1);
    entry->hash = hash;
    entry->epoch = epoch;
    entry->count = count;
    for (uint32_t i = 0; i < count; i++)
        entry->pcs[i] = pcs[i];
    return at + 1;
}

uint32_t stacks_intern(struct stack_table *table, const uint64_t *pcs, uint32_t count, uint32_t epoch)
{
    uint64_t hash = hash_of(pcs, count, epoch);
    uint32_t at = (uint32_t)hash & (STACK_SLOTS - 1);
    uint32_t fresh = 0;
    for (unsigned i = 0; i < PROBES; i++, at = (at + 1) & (STACK_SLOTS - 1)) {
        uint32_t offset = atomic_load_explicit(&table->slots[at], memory_order_acquire);
        if (!offset) {
            if (!fresh)
                fresh = write_entry(table, hash, pcs, count, epoch);
            if (!fresh)
                break;
            /* Release: publishes the entry. A loser's words stay unused. */
            if (atomic_compare_exchange_strong_explicit(&table->slots[at], &offset, fresh,
                                                        memory_order_acq_rel, memory_order_acquire)) {
                atomic_fetch_add_explicit(&table->used_slots, 1, memory_order_relaxed);
                return at + 1;
            }
        }
        if (is_equal(entry_at(table, offset), hash, pcs, count, epoch))
            return at + 1;
    }
    atomic_fetch_add_explicit(&table->refused, 1, memory_order_relaxed);
    return 0;
}

struct stack_entry *stacks_entry(struct stack_table *table, uint32_t id)
{
    if (!id || id > STACK_SLOTS)
        return NULL;
    uint32_t offset = atomic_load_explicit(&table->slots[id - 1], memory_order_acquire);
    return offset ? entry_at(table, offset) : NULL;
}
