/* The readings. */
#include "pipeline/costs.h"

#include "base/clock.h"

#include <sys/mman.h>
#include <unistd.h>

#define PAGES_AT_ONCE 8192

/* A thread's CPU clock by its id, as in linux/posix-timers.h. */
static int64_t thread_cpu_ns(int32_t tid)
{
    return clock_ns(clock_of_thread(tid));
}

static int64_t own_threads_ns(const struct thread_table *threads)
{
    int64_t sum_ns = 0;
    uint32_t used = atomic_load_explicit(&threads->high_water, memory_order_acquire);
    for (uint32_t i = 0; i < used && i < THREAD_SLOTS; i++) {
        const struct thread_slot *slot = &threads->slots[i];
        int32_t tid = atomic_load_explicit(&slot->tid, memory_order_relaxed);
        if (atomic_load_explicit(&slot->state, memory_order_acquire) == SLOT_LIVE && slot->is_internal && tid)
            sum_ns += thread_cpu_ns(tid);
    }
    return sum_ns;
}

/* How much of a part of a mapping of ours the kernel has given memory, by whole pages. */
static size_t resident_bytes(const void *mapping, size_t size)
{
    static unsigned char pages[PAGES_AT_ONCE]; /* under the pipeline's lock */
    size_t page = (size_t)sysconf(_SC_PAGESIZE), resident = 0;
    size += (uintptr_t)mapping & (page - 1);
    mapping = (const void *)((uintptr_t)mapping & ~(uintptr_t)(page - 1));
    for (size_t at = 0; at < size; at += page * PAGES_AT_ONCE) {
        size_t left = size - at < page * PAGES_AT_ONCE ? size - at : page * PAGES_AT_ONCE;
        if (mincore((void *)((uintptr_t)mapping + at), left, pages))
            return resident;
        for (size_t i = 0; i * page < left; i++)
            resident += pages[i] & 1 ? page : 0;
    }
    return resident;
}

/* Slots behind the high water were never touched. */
static size_t threads_bytes(const struct thread_table *threads)
{
    uint32_t used = atomic_load_explicit(&threads->high_water, memory_order_relaxed);
    used = used < THREAD_SLOTS ? used : THREAD_SLOTS;
    return resident_bytes(threads, (size_t)((const char *)&threads->slots[used] - (const char *)threads)) +
           resident_bytes(threads->records, used * sizeof(threads->records[0]));
}

void costs_read(const struct capture_state *state, const struct totals *totals, struct costs *ret)
{
    *ret = (struct costs){
        .mono_ns = clock_mono_ns(),
        .process_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID),
        .threads_ns = own_threads_ns(state->threads),
        .handler_ns = (int64_t)atomic_load_explicit(&state->handler_cost.total_ns, memory_order_relaxed),
        .handled = atomic_load_explicit(&state->handler_cost.runs, memory_order_relaxed),
        .memory_bytes = resident_bytes(state->rules, sizeof(*state->rules)) +
                        resident_bytes(state->stacks, sizeof(*state->stacks)) +
                        resident_bytes(state->scratches, sizeof(*state->scratches)) +
                        resident_bytes(state->buckets, sizeof(*state->buckets)) +
                        resident_bytes(state->labels, sizeof(*state->labels)) +
                        resident_bytes(state->live, sizeof(*state->live)) + threads_bytes(state->threads) +
                        totals_bytes(totals)};
}
