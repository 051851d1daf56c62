/* Reading CTF traces with Babeltrace 2 into the trace model. */
#ifndef PREFLAME_VIEWER_READER_H
#define PREFLAME_VIEWER_READER_H

#include "base/compiler.h"
#include "viewer/model/trace.h"

#include <stdbool.h>

/* What the reader tells while it works. */
struct reader_calls {
    void (*on_event)(void *context, const struct trace_event *event); /* in the order of time */
    void (*on_lost)(void *context, const struct trace_loss *loss);    /* 1 when the trace gives no number */
    void (*on_warning)(void *context, const char *what,
                       const char *why); /* a trace or stream that is left out */
    void *context;
};

struct reader_result {
    size_t read_traces;    /* folders read, perhaps in part */
    size_t skipped_traces; /* folders that could not be opened */
    size_t broken_streams; /* streams that ended in an error */
};

/* Reads every CTF trace below `root`. A trace or stream that cannot be read never hides the others. 0 or
 * negative errno: -ENOENT no such folder, -ENODATA no trace below it or none that can be read, -ENOTSUP no
 * usable Babeltrace, -EIO the reading failed as a whole. Not thread-safe: Babeltrace keeps its errors by
 * thread. */
/* Some damaged streams make Babeltrace 2.0 abort the program; with `is_careful` each stream is first read to
 * its end in a child, and left out if that child dies: slower, single-threaded programs only. */
int reader_run(const char *root, bool is_careful, const struct reader_calls *calls,
               struct reader_result *ret) MUST_USE;

#endif
