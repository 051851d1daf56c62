/* The trace model: every event to its handler. */
#include "viewer/model/trace.h"

#include "viewer/model/trace_tables.h"

#include <stdlib.h>

void trace_init(struct trace *t)
{
    *t = (struct trace){.first_ns = INT64_MAX, .last_ns = INT64_MIN};
}

void trace_clear(struct trace *t)
{
    names_clear(&t->names);
    map_clear(&t->ids);
    free(t->processes.data);
    free(t->modules.data);
    free(t->threads.data);
    free(t->stacks.data);
    free(t->pcs.data);
    free(t->costs.data);
    free(t->waits.data);
    free(t->wakes.data);
    free(t->syscalls.data);
    free(t->tasks.data);
    free(t->regions.data);
    free(t->spans.data);
    free(t->logs.data);
    free(t->counters.data);
    free(t->scheds.data);
    free(t->runs.data);
    free(t->losses.data);
    free(t->event_counts.data);
    free(t->moments.data);
    trace_init(t);
}

static void count_event(struct trace *t, const struct trace_event *event)
{
    uint32_t name = names_add(&t->names, event->full_name);
    uint32_t row =
        TABLE_ROW(t, ((struct trace_key){TABLE_EVENT, name, 0, 0}), &t->event_counts, TRACE_MAX_ROWS, NULL);
    if (row != TRACE_NONE) {
        t->event_counts.data[row].name = name;
        t->event_counts.data[row].count++;
    }
    t->event_count++;
    /* Scheduling is watched from outside, for longer than the process is there. */
    if (event->kind >= TRACE_SCHED_SOURCE)
        return;
    t->first_ns = event->time_ns < t->first_ns ? event->time_ns : t->first_ns;
    t->last_ns = event->time_ns > t->last_ns ? event->time_ns : t->last_ns;
}

/* 97 years either way: sums of a hostile trace's times must not overflow. */
static int64_t bounded(int64_t ns)
{
    const int64_t limit = INT64_MAX / 3;
    return ns > limit ? limit : ns < -limit ? -limit : ns;
}

static void on_sample(struct trace *t, uint32_t thread, const struct trace_event *event)
{
    struct trace_thread *about = &t->threads.data[thread];
    about->samples++;
    about->run_ns = add_ns(about->run_ns, event->weight_ns);
    trace_add_cost(t, about->process, event->stack, TRACE_COST_CPU, 0, event->weight_ns);
    trace_add_moment(t, &(struct trace_moment){.thread = thread,
                                               .stack = (uint32_t)event->stack,
                                               .kind = TRACE_MOMENT_SAMPLE,
                                               .start_ns = event->time_ns,
                                               .end_ns = event->time_ns,
                                               .value = event->weight_ns});
}

static void on_loss(struct trace_process *process, const struct trace_event *event)
{
    process->dropped_samples = event->dropped_samples;
    process->dropped_stacks = event->dropped_stacks;
    process->truncated_stacks = event->truncated_stacks;
}

static void dispatch(struct trace *t, const struct trace_event *event)
{
    if (event->kind >= TRACE_SCHED_SOURCE) {
        trace_on_sched(t, event);
        return;
    }
    if (event->kind == TRACE_PROCESS)
        trace_on_process(t, event);
    uint32_t process = trace_process_of(t, event->vpid);
    if (process == TRACE_NONE)
        return;
    uint32_t thread = TRACE_NONE;
    switch (event->kind) {
    case TRACE_FOREIGN:
    case TRACE_PROCESS:
        return;
    case TRACE_MODULE:
        trace_on_module(t, process, event);
        return;
    case TRACE_STACK:
        trace_on_stack(t, process, event);
        return;
    case TRACE_LOSS:
        on_loss(&t->processes.data[process], event);
        return;
    default:
        thread = trace_thread_of(t, process, event->vtid);
    }
    if (thread == TRACE_NONE)
        return;
    if (event->kind == TRACE_BLOCK || event->kind == TRACE_UNBLOCK || event->kind == TRACE_WAKE)
        trace_on_wait(t, thread, event);
    else if (event->kind == TRACE_SYSCALL)
        trace_on_syscall(t, thread, event);
    else if (event->kind == TRACE_SAMPLE)
        on_sample(t, thread, event);
    else if (event->kind >= TRACE_TASK_BEGIN && event->kind <= TRACE_COUNTER)
        trace_on_user(t, thread, event);
    else
        trace_on_thread(t, thread, event);
}

void trace_event(struct trace *t, const struct trace_event *event)
{
    if (t->error)
        return;
    struct trace_event checked = *event;
    checked.time_ns = bounded(event->time_ns);
    checked.clock_offset_ns = bounded(event->clock_offset_ns);
    checked.since_ns = bounded(event->since_ns);
    checked.duration_ns = event->duration_ns < 0 ? 0 : bounded(event->duration_ns);
    checked.run_ns = event->run_ns < 0 ? 0 : bounded(event->run_ns);
    checked.ready_ns = event->ready_ns < 0 ? 0 : bounded(event->ready_ns);
    checked.weight_ns = event->weight_ns < 0 ? 0 : bounded(event->weight_ns);
    count_event(t, &checked);
    /* Foreign events carry no promise about vpid. */
    if (event->kind != TRACE_FOREIGN)
        dispatch(t, &checked);
}

void trace_lose(struct trace *t, const struct trace_loss *loss)
{
    t->lost_events += loss->events;
    t->lost_packets += loss->packets;
    struct trace_loss *kept = t->error ? NULL : TABLE_APPEND(t, &t->losses, TRACE_MAX_ROWS);
    if (!kept)
        return;
    *kept = *loss;
    kept->since_ns = bounded(loss->since_ns);
    kept->until_ns = bounded(loss->until_ns);
}

int trace_finish(struct trace *t)
{
    for (uint32_t i = 0; i < t->threads.count && !t->error; i++)
        trace_close_wait(t, i, t->last_ns);
    if (!t->error)
        trace_finish_sched(t);
    return t->error;
}

const struct trace_stack *trace_find_stack(const struct trace *t, uint32_t process, uint32_t id)
{
    while (process != TRACE_NONE) {
        struct trace_key key = {TABLE_STACK, process, id, 0};
        const uint32_t *row = map_find(&t->ids, &key, sizeof(key));
        if (row)
            return &t->stacks.data[*row];
        process = t->processes.data[process].parent;
    }
    return NULL;
}

uint32_t trace_find_thread(const struct trace *t, uint32_t process, int32_t tid)
{
    struct trace_key key = {TABLE_THREAD, process, (uint64_t)(int64_t)tid, 0};
    const uint32_t *row = map_find(&t->ids, &key, sizeof(key));
    return row ? *row : TRACE_NONE;
}

int64_t trace_blocked_ns(const struct trace_thread *thread)
{
    int64_t sum_ns = 0;
    for (size_t i = 0; i < TRACE_REASONS; i++)
        sum_ns = add_ns(sum_ns, thread->blocked_ns[i]);
    return sum_ns;
}

const char *trace_process_name(const struct trace *t, uint32_t process)
{
    const struct trace_process *about = &t->processes.data[process];
    const char *exe = about->is_described ? names_text(&t->names, about->exe) : "?";
    const char *base = exe;
    for (const char *at = exe; *at; at++)
        if (*at == '/' && at[1])
            base = at + 1;
    return base;
}

const char *trace_thread_name(const struct trace *t, const struct trace_thread *thread)
{
    const char *name = names_text(&t->names, thread->name);
    bool is_main = thread->tid == t->processes.data[thread->process].pid;
    return !*name && is_main ? trace_process_name(t, thread->process) : name;
}
