/* What our handler costs the program, estimated as it runs: every run is counted, some are timed. */
#ifndef PREFLAME_CAPTURE_COST_H
#define PREFLAME_CAPTURE_COST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define COST_TIMED_RUNS 16  /* one in so many of a thread's: a power of two */
#define COST_SIGNAL_NS 2500 /* the kernel's part of a signal: delivery and return (docs/measured.md) */
#define COST_FIRST_NS 4000  /* a run, before one was timed */
#define COST_SURPRISE 4 /* a run that took more than so many usual ones was preempted: it counts as these */

struct handler_cost {
    _Atomic uint64_t runs;
    _Atomic uint64_t total_ns; /* of all runs, the kernel's part included */
    _Atomic uint32_t usual_ns; /* of one, without it: the smoothed mean of timed runs; 0 = none was timed */
};

/* Is a thread's run of this number to be timed? Signal-safe. */
static inline bool cost_is_timed(uint32_t number)
{
    return (number & (COST_TIMED_RUNS - 1)) == 0;
}

/* Counts a run; `took_ns` is its time, or negative when it wasn't timed. Two threads that time at once may
 * lose one of the two times. Signal-safe. */
static inline void cost_add(struct handler_cost *cost, int64_t took_ns)
{
    uint32_t usual_ns = atomic_load_explicit(&cost->usual_ns, memory_order_relaxed);
    int64_t known_ns = usual_ns ? usual_ns : COST_FIRST_NS;
    if (took_ns >= 0) {
        int64_t most_ns = COST_SURPRISE * known_ns;
        known_ns += ((took_ns < most_ns ? took_ns : most_ns) - known_ns) >> 3;
        atomic_store_explicit(&cost->usual_ns, (uint32_t)known_ns, memory_order_relaxed);
    }
    atomic_fetch_add_explicit(&cost->runs, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&cost->total_ns, (uint64_t)known_ns + COST_SIGNAL_NS, memory_order_relaxed);
}

#endif
