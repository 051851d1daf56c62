/* The reading side of all rings. */
#include "pipeline/drain.h"

#include "pipeline/locks.h"

struct lock pipeline_lock = LOCK_INITIALIZER(PIPELINE);

static uint32_t slots_used(struct capture_state *state)
{
    uint32_t used = atomic_load_explicit(&state->threads->high_water, memory_order_acquire);
    return used < THREAD_SLOTS ? used : THREAD_SLOTS;
}

void drain_rings(struct capture_state *state, struct totals *totals)
{
    uint32_t used = slots_used(state);
    for (uint32_t i = 0; i < used; i++) {
        struct thread_slot *slot = &state->threads->slots[i];
        if (atomic_load_explicit(&slot->state, memory_order_acquire) == SLOT_FREE)
            continue;
        struct record record;
        while (ring_pop(&slot->ring, &record)) {
            if (totals)
                totals_add(totals, &record, slot->name);
        }
        thread_slot_reap(state->threads, slot);
    }
}

void losses_read(struct capture_state *state, struct losses *ret)
{
    *ret = (struct losses){
        .late = atomic_load_explicit(&state->sampling.late, memory_order_relaxed),
        .unready = atomic_load_explicit(&state->sampling.unready, memory_order_relaxed),
        .truncated = atomic_load_explicit(&state->truncated, memory_order_relaxed),
        .failed = atomic_load_explicit(&state->failed, memory_order_relaxed),
        .gated = atomic_load_explicit(&state->modules.gated, memory_order_relaxed),
        .stacks_full = atomic_load_explicit(&state->stacks->refused, memory_order_relaxed),
        .scratches_refused = atomic_load_explicit(&state->scratches->refused, memory_order_relaxed),
        .threads_refused = atomic_load_explicit(&state->threads->refused, memory_order_relaxed),
        .buckets_full = atomic_load_explicit(&state->buckets->refused, memory_order_relaxed),
        .live_full = atomic_load_explicit(&state->live->refused, memory_order_relaxed),
        .labels_full = atomic_load_explicit(&state->labels->refused, memory_order_relaxed),
        .waits_missed = atomic_load_explicit(&state->waits_missed, memory_order_relaxed),
        .timers_refused = atomic_load_explicit(&state->sampling.refused_timers, memory_order_relaxed),
    };
    uint32_t used = slots_used(state);
    for (uint32_t i = 0; i < used; i++)
        ret->dropped += atomic_load_explicit(&state->threads->slots[i].ring.dropped, memory_order_relaxed);
}
