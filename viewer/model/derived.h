/* Profiles made of a trace's timeline, as `go tool trace -pprof` makes them of Go's: waits counted and added
 * up by stack. */
#ifndef PREFLAME_VIEWER_DERIVED_H
#define PREFLAME_VIEWER_DERIVED_H

#include "base/compiler.h"
#include "viewer/model/resolve.h"
#include "viewer/model/trace.h"
#include "viewer/model/tree.h"

enum derived_kind {
    DERIVED_NET,     /* until what came over the network or a pipe was there, by the waiter's stack */
    DERIVED_SYNC,    /* until another thread had released or signalled, by the waiter's stack */
    DERIVED_SYSCALL, /* within other system calls, by the caller's stack */
    DERIVED_SCHED,   /* from the wake until the thread went on, by the stack that woke it */
    DERIVED_WAKEUP,  /* until another thread ended the wait, by that thread's stack */
    DERIVED_COUNT
};

/* Adds the kind's waits to two trees, how many and how long (ns); each stack ends in its reason, as in
 * tree_add_trace. The trace is finished and kept its moments. 0 or -ENOMEM. */
int derived_add(struct tree *counts, struct tree *delays, enum derived_kind kind, const struct resolved *r,
                struct trace *t) MUST_USE;

#endif
