/* Taking and leaving thread slots: a lock-free stack of free slots. */
#include "capture/thread.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/banned.h"

#define REFUSALS_A_SWEEP 64

static void push_free(struct thread_table *table, struct thread_slot *slot)
{
    uint32_t number = (uint32_t)(slot - table->slots) + 1;
    uint64_t head = atomic_load_explicit(&table->free_head, memory_order_relaxed);
    uint64_t next;
    do {
        atomic_store_explicit(&slot->next_free, (uint32_t)head, memory_order_relaxed);
        next = ((head >> 32) + 1) << 32 | number;
        /* Release: publishes next_free and the slot's reset fields. */
    } while (!atomic_compare_exchange_weak_explicit(&table->free_head, &head, next, memory_order_release,
                                                    memory_order_relaxed));
}

static struct thread_slot *pop_free(struct thread_table *table)
{
    uint64_t head = atomic_load_explicit(&table->free_head, memory_order_acquire);
    while ((uint32_t)head) {
        struct thread_slot *slot = &table->slots[(uint32_t)head - 1];
        uint64_t next =
            ((head >> 32) + 1) << 32 | atomic_load_explicit(&slot->next_free, memory_order_relaxed);
        if (atomic_compare_exchange_weak_explicit(&table->free_head, &head, next, memory_order_acquire,
                                                  memory_order_acquire))
            return slot;
    }
    return NULL;
}

static struct thread_slot *take_fresh(struct thread_table *table)
{
    uint32_t used = atomic_load_explicit(&table->high_water, memory_order_relaxed);
    uint32_t limit = THREAD_SLOTS;
    if (table->slot_limit) /* NOLINT(clang-analyzer-core.NullDereference) */
        limit = table->slot_limit;
    while (used < limit) {
        if (atomic_compare_exchange_weak_explicit(&table->high_water, &used, used + 1, memory_order_relaxed,
                                                  memory_order_relaxed))
            return &table->slots[used];
    }
    return NULL;
}

/* When there is none, look whose threads are gone; not each time, since that may cost a millisecond. */
static struct thread_slot *take_swept(struct thread_table *table)
{
    uint64_t refused = atomic_fetch_add_explicit(&table->refused, 1, memory_order_relaxed);
    if (refused % REFUSALS_A_SWEEP != 0 || thread_slots_sweep(table) == 0)
        return NULL;
    struct thread_slot *slot = pop_free(table);
    if (slot)
        atomic_fetch_sub_explicit(&table->refused, 1, memory_order_relaxed);
    return slot;
}

struct thread_slot *thread_slot_take(struct thread_table *table)
{
    struct thread_slot *slot = pop_free(table);
    if (!slot)
        slot = take_fresh(table);
    if (!slot)
        slot = take_swept(table);
    if (!slot)
        return NULL;
    slot->ring.records = table->records[slot - table->slots];
    slot->is_foreign = slot->is_internal = false;
    slot->start = NULL;
    slot->start_c11 = NULL;
    slot->parent_tid = 0;
    atomic_store_explicit(&slot->pthread, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->holders, 1, memory_order_relaxed);
    slot->stack_low = slot->stack_high = 0;
    slot->name[0] = 0;
    atomic_store_explicit(&slot->in_capture, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->timer, TIMER_NONE, memory_order_relaxed);
    slot->is_timer_refused = false;
    atomic_store_explicit(&slot->tid, 0, memory_order_relaxed);
    /* Release: a reader that sees LIVE sees the reset fields. */
    atomic_store_explicit(&slot->state, SLOT_LIVE, memory_order_release);
    return slot;
}

void thread_slot_hold(struct thread_slot *slot)
{
    atomic_fetch_add_explicit(&slot->holders, 1, memory_order_relaxed);
}

static void give_back(struct thread_table *table, struct thread_slot *slot)
{
    if (!ring_is_empty(&slot->ring)) {
        atomic_store_explicit(&slot->state, SLOT_EXITED, memory_order_release);
        return;
    }
    atomic_store_explicit(&slot->tid, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->state, SLOT_FREE, memory_order_release);
    push_free(table, slot);
}

void thread_slot_leave(struct thread_table *table, struct thread_slot *slot)
{
    /* Acquire and release: what the others did to it comes before its next life. */
    if (atomic_fetch_sub_explicit(&slot->holders, 1, memory_order_acq_rel) == 1)
        give_back(table, slot);
}

void thread_slot_reap(struct thread_table *table, struct thread_slot *slot)
{
    if (atomic_load_explicit(&slot->state, memory_order_acquire) == SLOT_EXITED && ring_is_empty(&slot->ring))
        give_back(table, slot);
}

static bool is_gone(int32_t tid)
{
    int error = errno;
    bool is_missing = syscall(SYS_tgkill, (long)getpid(), (long)tid, 0L) != 0 && errno == ESRCH;
    errno = error;
    return is_missing;
}

uint32_t thread_slots_sweep(struct thread_table *table)
{
    uint32_t freed = 0;
    uint32_t used = atomic_load_explicit(&table->high_water, memory_order_acquire);
    for (uint32_t i = 0; i < used && i < THREAD_SLOTS; i++) {
        struct thread_slot *slot = &table->slots[i];
        if (atomic_load_explicit(&slot->state, memory_order_acquire) != SLOT_LIVE)
            continue;
        int32_t tid = atomic_load_explicit(&slot->tid, memory_order_acquire);
        if (!tid || !slot->is_foreign || /* NOLINT(clang-analyzer-core.NullDereference) */
            atomic_load_explicit(&slot->timer, memory_order_acquire) != TIMER_NONE || !is_gone(tid))
            continue;
        /* Of several that sweep, one frees it; and a new thread of the same number doesn't find it. */
        if (atomic_compare_exchange_strong_explicit(&slot->tid, &tid, 0, memory_order_acq_rel,
                                                    memory_order_relaxed)) {
            thread_slot_leave(table, slot);
            freed++;
        }
    }
    return freed;
}

struct thread_slot *thread_slot_find(struct thread_table *table, int32_t tid)
{
    uint32_t used = atomic_load_explicit(&table->high_water, memory_order_acquire);
    for (uint32_t i = 0; i < used && i < THREAD_SLOTS; i++) {
        struct thread_slot *slot = &table->slots[i];
        if (atomic_load_explicit(&slot->state, memory_order_acquire) == SLOT_LIVE &&
            atomic_load_explicit(&slot->tid, memory_order_relaxed) == tid)
            return slot;
    }
    return NULL;
}
