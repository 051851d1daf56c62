/* What preflame has cost the process so far, read from clocks, counters and the kernel's view of our tables.
 */
#ifndef PREFLAME_PIPELINE_COSTS_H
#define PREFLAME_PIPELINE_COSTS_H

#include "capture/state.h"
#include "pipeline/totals.h"

#include <stddef.h>
#include <stdint.h>

struct costs {
    int64_t mono_ns;
    int64_t process_ns;  /* CPU time of the whole process */
    int64_t threads_ns;  /* of it, preflame's own threads that live */
    int64_t handler_ns;  /* of it, the handler, by cost.h's estimate */
    uint64_t handled;    /* runs of the handler */
    size_t memory_bytes; /* resident: tables that all threads share, slots of threads, totals */
};

/* Reads them. A few system calls for each of our threads and tables, some 100 us in all; not in handlers.
 * With the pipeline's lock. */
void costs_read(const struct capture_state *state, const struct totals *totals, struct costs *ret);

#endif
