/* Scratches are looked for from the place of the CPU on: its last one is warm, and its own line. */
#include "capture/scratch.h"

#include <sys/rseq.h>

#include "base/banned.h"

#define SCRATCHES_A_CPU 4 /* before the next CPU's begin; threads that lost the CPU hold some */

/* Any number where the kernel doesn't tell. */
static uint32_t cpu_now(void)
{
    const struct rseq *area =
        (const void *)((const char *)__builtin_thread_pointer() + __rseq_offset); /* glibc's, of the thread */
    return *(const volatile uint32_t *)&area->cpu_id;                             /* the kernel writes it */
}

struct scratch *scratch_take(struct scratch_table *table, struct scratch_hold *hold)
{
    struct scratch *scratch = atomic_load_explicit(&hold->scratch, memory_order_relaxed);
    if (scratch && atomic_load_explicit(&scratch->owner, memory_order_relaxed) == hold)
        return scratch;
    uint32_t at = cpu_now() * SCRATCHES_A_CPU;
    for (uint32_t i = 0; i < SCRATCHES; i++) {
        scratch = &table->scratches[(at + i) & (SCRATCHES - 1)];
        const struct scratch_hold *nobody = NULL;
        if (atomic_load_explicit(&scratch->owner, memory_order_relaxed))
            continue;
        /* Before it is ours: whoever undoes a torn walk finds it. */
        atomic_store_explicit(&hold->scratch, scratch, memory_order_relaxed);
        atomic_signal_fence(memory_order_seq_cst);
        if (atomic_compare_exchange_strong_explicit(&scratch->owner, &nobody, hold, memory_order_acquire,
                                                    memory_order_relaxed))
            return scratch;
    }
    atomic_fetch_add_explicit(&table->refused, 1, memory_order_relaxed);
    return NULL;
}

void scratch_give(struct scratch_hold *hold)
{
    struct scratch *scratch = atomic_load_explicit(&hold->scratch, memory_order_relaxed);
    if (scratch && atomic_load_explicit(&scratch->owner, memory_order_relaxed) == hold)
        atomic_store_explicit(&scratch->owner, NULL, memory_order_release);
}
