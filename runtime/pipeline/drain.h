/* Rings to totals. */
#ifndef PREFLAME_PIPELINE_DRAIN_H
#define PREFLAME_PIPELINE_DRAIN_H

#include "capture/state.h"
#include "pipeline/snapshot.h"
#include "pipeline/totals.h"

/* Reads every ring to its end into `totals` (NULL throws the records away) and frees the slots of threads
 * that have ended. Under the pipeline's lock. */
void drain_rings(struct capture_state *state, struct totals *totals);

/* The counters now. Any thread. */
void losses_read(struct capture_state *state, struct losses *ret);

#endif
