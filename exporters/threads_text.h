/* Every thread with what it waits for and its stack: the text of goroutine?debug=2, and who waits for whom.
 */
#ifndef PREFLAME_EXPORTERS_THREADS_TEXT_H
#define PREFLAME_EXPORTERS_THREADS_TEXT_H

#include "base/bytes.h"
#include "exporters/debug_text.h"

/* Appends one block a thread, in the layout of Go's stack dumps, from a profile of profile_kind_threads with
 * names; if threads wait for each other in a circle, a report of each circle ends it. 0 or negative errno.
 * Not in handlers. */
int threads_text(const struct profile *profile, function_start_fn start, void *context,
                 struct bytes *out) MUST_USE;

#endif
