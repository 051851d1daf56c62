/* Threads being created, and forks: neither in the middle of the other while a trace provider is loaded. */
#include "hooks/creation_gate.h"

#include "base/clock.h"
#include "base/compiler.h"
#include "capture/state.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* glibc frees a cached stack's dynamic TLS, which a provider has and the program may not, before it forgets
 * it: a fork meanwhile makes the child free it again (get_cached_stack, reclaim_stacks in glibc 2.36). */
static _Atomic int32_t creations;
static atomic_bool is_creation_held;

#define CREATION_WAIT_NS INT64_C(100000000)

static void wait_for_creations(void)
{
    int64_t end_ns = clock_mono_ns() + CREATION_WAIT_NS; /* this thread may have been interrupted in one */
    while (atomic_load(&creations) && clock_mono_ns() < end_ns)
        syscall(SYS_sched_yield);
}

void creation_gate_hold(void)
{
    if (!atomic_load_explicit(&capture.sink, memory_order_relaxed))
        return;
    atomic_store(&is_creation_held, true);
    wait_for_creations();
}

void creation_gate_release(void)
{
    atomic_store(&is_creation_held, false);
}

void creation_gate_begin(void)
{
    int64_t end_ns = 0;
    for (;;) {
        atomic_fetch_add(&creations, 1);
        if (LIKELY(!atomic_load(&is_creation_held)))
            return;
        int64_t now_ns = clock_mono_ns();
        end_ns = end_ns ? end_ns : now_ns + 2 * CREATION_WAIT_NS;
        if (now_ns > end_ns)
            return;
        atomic_fetch_sub(&creations, 1);
        syscall(SYS_sched_yield);
    }
}

void creation_gate_end(void)
{
    atomic_fetch_sub(&creations, 1);
}

void creation_gate_forget(void)
{
    atomic_store(&creations, 0);
    atomic_store(&is_creation_held, false);
}
