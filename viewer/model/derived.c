/* One pass over the timeline: the same steps that the Go trace is written from, so that both add up alike. */
#include "viewer/model/derived.h"

#include "viewer/model/timeline.h"
#include "viewer/model/wait_class.h"

#include <errno.h>
#include <stdlib.h>

struct deriving {
    enum derived_kind kind;
    const struct resolved *resolved;
    struct trace *trace;
    struct tree *counts, *delays;
    int64_t *since_ns;    /* owned; by thread: its last block or, for sched, its last wake */
    struct frame *frames; /* owned; room for one stack */
    bool has_several;
};

/* Counts the time since the thread's mark for the stack of one moment. */
static void count(struct deriving *d, const struct timeline_step *step, uint32_t moment)
{
    const struct trace_moment *wait = &d->trace->moments.data[step->moment];
    const struct trace_moment *by = &d->trace->moments.data[moment];
    int64_t delay_ns = step->time_ns - d->since_ns[step->thread];
    if (delay_ns <= 0)
        return;
    size_t depth = resolved_wait(d->resolved, d->trace, d->trace->threads.data[by->thread].process, by->stack,
                                 wait->detail, d->has_several, d->frames);
    tree_add(d->counts, d->frames, depth, 1);
    tree_add(d->delays, d->frames, depth, delay_ns);
}

static void on_wake(struct deriving *d, const struct timeline_step *step)
{
    const struct trace_moment *wait = &d->trace->moments.data[step->moment];
    enum wait_class class = wait_class_of(wait->detail);
    bool is_sync = class == WAIT_CLASS_SYNC || class == WAIT_CLASS_COND;
    bool has_waker = wait->waker != TRACE_NONE;
    if ((d->kind == DERIVED_NET && class == WAIT_CLASS_NET) || (d->kind == DERIVED_SYNC && is_sync))
        count(d, step, step->moment);
    else if (d->kind == DERIVED_WAKEUP && has_waker)
        count(d, step, wait->waker);
    else if (d->kind == DERIVED_SCHED)
        d->since_ns[step->thread] = step->time_ns;
}

static void on_resume(struct deriving *d, const struct timeline_step *step)
{
    const struct trace_moment *wait = &d->trace->moments.data[step->moment];
    bool is_call = wait_class_of(wait->detail) == WAIT_CLASS_SYSCALL;
    if (d->kind == DERIVED_SYSCALL && is_call)
        count(d, step, step->moment);
    else if (d->kind == DERIVED_SCHED && !is_call && wait->waker != TRACE_NONE)
        count(d, step, wait->waker);
}

static void on_step(struct deriving *d, const struct timeline_step *step)
{
    if (step->kind == TIMELINE_BLOCK)
        d->since_ns[step->thread] = step->time_ns;
    else if (step->kind == TIMELINE_WAKE)
        on_wake(d, step);
    else if (step->kind == TIMELINE_RESUME)
        on_resume(d, step);
}

int derived_add(struct tree *counts, struct tree *delays, enum derived_kind kind, const struct resolved *r,
                struct trace *t)
{
    struct timeline timeline;
    int error = timeline_make(t, &timeline);
    if (error)
        return error;
    struct deriving d = {.kind = kind, .resolved = r, .trace = t, .counts = counts, .delays = delays};
    d.since_ns = calloc(t->threads.count + 1, sizeof(*d.since_ns));
    d.frames = malloc(RESOLVED_WAIT_FRAMES * sizeof(*d.frames));
    d.has_several = trace_has_several_images(t);
    for (size_t i = 0; d.since_ns && d.frames && i < timeline.count; i++)
        on_step(&d, &timeline.steps[i]);
    error = d.since_ns && d.frames ? 0 : -ENOMEM;
    free(d.since_ns);
    free(d.frames);
    timeline_clear(&timeline);
    return error ? error : counts->error ? counts->error : delays->error;
}
