/* From the live runtime to a snapshot. */
#ifndef PREFLAME_PIPELINE_FREEZE_H
#define PREFLAME_PIPELINE_FREEZE_H

#include "capture/state.h"
#include "pipeline/snapshot.h"
#include "pipeline/threads.h"
#include "pipeline/totals.h"

typedef void (*each_module_fn)(void (*each)(const struct module *module, void *context), void *context);

/* Copies totals and modules (through `each_module`, hooks' loader_each_module). Under the pipeline's lock;
 * not in handlers. 0 or negative errno; clear the snapshot in any case. */
int freeze(struct capture_state *state, const struct totals *totals, each_module_fn each_module,
           struct snapshot *ret) MUST_USE;

/* Copies the buckets of `kind` whose values aren't all zero, and modules. Needs no lock: buckets only grow,
 * and an event that is being counted may be half in. Otherwise as freeze. */
int freeze_buckets(struct capture_state *state, enum bucket_kind kind, each_module_fn each_module,
                   struct snapshot *ret) MUST_USE;

/* The waits: the buckets of BUCKET_BLOCK, and one row for each thread that waits now. Otherwise as
 * freeze_buckets. */
int freeze_waits(struct capture_state *state, const struct thread_view *views, size_t count,
                 each_module_fn each_module, struct snapshot *ret) MUST_USE;

/* One row a thread, with its view, which must outlive the snapshot. Otherwise as freeze_buckets. */
int freeze_threads(struct capture_state *state, const struct thread_view *views, size_t count,
                   each_module_fn each_module, struct snapshot *ret) MUST_USE;

#endif
