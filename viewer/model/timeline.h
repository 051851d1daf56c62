/* A trace as the steps of its threads, in the order of time: what views of time are drawn from. */
#ifndef PREFLAME_VIEWER_TIMELINE_H
#define PREFLAME_VIEWER_TIMELINE_H

#include "base/compiler.h"
#include "viewer/model/trace.h"

#include <stddef.h>
#include <stdint.h>

enum timeline_kind {
    TIMELINE_BEGIN,   /* the thread begins, or the trace begins with it */
    TIMELINE_BLOCK,   /* it waits from here on: `moment` */
    TIMELINE_WAKE,    /* what it waits for has come: by moments[moment].waker, or nobody knows who */
    TIMELINE_RESUME,  /* it waits no longer */
    TIMELINE_SYSCALL, /* a system call that waits for nothing begins: `moment` */
    TIMELINE_SAMPLE,  /* it was on a CPU: `moment` */
    TIMELINE_USER,    /* the program told something: `moment` */
    TIMELINE_END,
};

struct timeline_step {
    int64_t time_ns;
    uint32_t thread, moment; /* moment: TRACE_NONE where the kind has none */
    enum timeline_kind kind;
};

struct timeline {
    struct timeline_step *steps; /* owned; by time; those of one thread in the order of its life */
    size_t count;
};

/* Makes the steps of a finished trace that kept its moments. A thread's waits are made disjoint: of two that
 * overlap the later one begins where the earlier ends. Every BLOCK but the last of a thread has a WAKE and a
 * RESUME before its next step. 0 or -ENOMEM. */
int timeline_make(const struct trace *t, struct timeline *ret) MUST_USE;
void timeline_clear(struct timeline *timeline);

#endif
