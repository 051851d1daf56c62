/* Each thread's moments in the order of their beginning, then all threads' steps in the order of time. */
#include "viewer/model/timeline.h"

#include <errno.h>
#include <stdlib.h>

#define STEPS_A_MOMENT 3

/* Moments of one thread stand together, by their beginning; the longer first. */
struct entry {
    uint32_t thread, moment;
    int64_t start_ns, end_ns;
};

static int by_thread(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    if (a->thread != b->thread)
        return a->thread < b->thread ? -1 : 1;
    if (a->start_ns != b->start_ns)
        return a->start_ns < b->start_ns ? -1 : 1;
    if (a->end_ns != b->end_ns)
        return a->end_ns > b->end_ns ? -1 : 1;
    return (a->moment > b->moment) - (a->moment < b->moment);
}

/* Steps are numbered as they are made, thread by thread: that keeps those of one moment in order. */
struct numbered {
    struct timeline_step step;
    size_t number;
};

static int by_time(const void *left, const void *right)
{
    const struct numbered *a = left, *b = right;
    if (a->step.time_ns != b->step.time_ns)
        return a->step.time_ns < b->step.time_ns ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

struct making {
    const struct trace *trace;
    struct numbered *steps;
    size_t count;
    int64_t at_ns; /* where the thread's life has come to */
};

static int64_t latest(int64_t a_ns, int64_t b_ns)
{
    return a_ns > b_ns ? a_ns : b_ns;
}

static void add(struct making *making, int64_t time_ns, uint32_t thread, enum timeline_kind kind,
                uint32_t moment)
{
    making->at_ns = latest(making->at_ns, time_ns);
    making->steps[making->count] = (struct numbered){{making->at_ns, thread, moment, kind}, making->count};
    making->count++;
}

static void add_wait(struct making *making, const struct entry *entry, int64_t covered_ns)
{
    const struct trace_moment *wait = &making->trace->moments.data[entry->moment];
    int64_t start_ns = latest(wait->start_ns, covered_ns);
    if (wait->end_ns <= start_ns && !wait->is_open)
        return;
    add(making, start_ns, entry->thread, TIMELINE_BLOCK, entry->moment);
    if (wait->is_open)
        return;
    int64_t wake_ns = wait->end_ns;
    if (wait->waker != TRACE_NONE)
        wake_ns = making->trace->moments.data[wait->waker].start_ns;
    add(making, wake_ns, entry->thread, TIMELINE_WAKE, entry->moment);
    add(making, wait->end_ns, entry->thread, TIMELINE_RESUME, entry->moment);
}

/* Does one of the waits that follow begin before the call ends? Then that tells of it. */
static bool waits_within(const struct trace *t, const struct entry *call, const struct entry *end)
{
    for (const struct entry *at = call + 1;
         at < end && at->thread == call->thread && at->start_ns < call->end_ns; at++)
        if (t->moments.data[at->moment].kind == TRACE_MOMENT_WAIT)
            return true;
    return false;
}

/* The life of the thread whose moments begin at `at`; returns where the next one's begin. */
static const struct entry *add_thread(struct making *making, uint32_t thread, const struct entry *at,
                                      const struct entry *end)
{
    const struct trace_thread *about = &making->trace->threads.data[thread];
    int64_t covered_ns = about->start_ns ? about->start_ns : making->trace->first_ns;
    bool is_open = false;
    making->at_ns = covered_ns;
    add(making, covered_ns, thread, TIMELINE_BEGIN, TRACE_NONE);
    for (; at < end && at->thread == thread; at++) {
        const struct trace_moment *moment = &making->trace->moments.data[at->moment];
        bool is_told = moment->kind >= TRACE_MOMENT_TASK_BEGIN;
        bool may_overlap = is_told || moment->kind == TRACE_MOMENT_WAIT;
        bool is_covered = is_open || (moment->start_ns < covered_ns && !may_overlap);
        if (is_covered || moment->kind == TRACE_MOMENT_WAKE)
            continue;
        if (is_told)
            add(making, moment->start_ns, thread, TIMELINE_USER, at->moment);
        else if (moment->kind == TRACE_MOMENT_SAMPLE)
            add(making, moment->start_ns, thread, TIMELINE_SAMPLE, at->moment);
        else if (moment->kind == TRACE_MOMENT_SYSCALL && !waits_within(making->trace, at, end))
            add(making, moment->start_ns, thread, TIMELINE_SYSCALL, at->moment);
        if (moment->kind != TRACE_MOMENT_WAIT)
            continue;
        add_wait(making, at, covered_ns);
        covered_ns = latest(covered_ns, moment->end_ns);
        is_open = moment->is_open;
    }
    if (about->end_ns && !is_open)
        add(making, about->end_ns, thread, TIMELINE_END, TRACE_NONE);
    return at;
}

static struct entry *entries_of(const struct trace *t)
{
    struct entry *entries = calloc(t->moments.count + 1, sizeof(*entries));
    for (size_t i = 0; entries && i < t->moments.count; i++) {
        const struct trace_moment *moment = &t->moments.data[i];
        entries[i] = (struct entry){moment->thread, (uint32_t)i, moment->start_ns, moment->end_ns};
    }
    if (entries)
        qsort(entries, t->moments.count, sizeof(*entries), by_thread);
    return entries;
}

int timeline_make(const struct trace *t, struct timeline *ret)
{
    *ret = (struct timeline){0};
    struct entry *entries = entries_of(t);
    size_t room = t->moments.count * STEPS_A_MOMENT + t->threads.count * 2 + 1;
    struct making making = {.trace = t, .steps = calloc(room, sizeof(*making.steps))};
    struct timeline_step *steps = calloc(room, sizeof(*steps));
    if (entries && making.steps && steps) {
        const struct entry *at = entries;
        for (uint32_t thread = 0; thread < t->threads.count; thread++)
            at = add_thread(&making, thread, at, entries + t->moments.count);
        qsort(making.steps, making.count, sizeof(*making.steps), by_time);
        for (size_t i = 0; i < making.count; i++)
            steps[i] = making.steps[i].step;
        *ret = (struct timeline){steps, making.count};
        steps = NULL;
    }
    free(steps);
    free(entries);
    free(making.steps);
    return ret->steps ? 0 : -ENOMEM;
}

void timeline_clear(struct timeline *timeline)
{
    free(timeline->steps);
    *timeline = (struct timeline){0};
}
