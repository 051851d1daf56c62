/* On-CPU slices from switches, and what schedstat counted. Both are kept by process and thread number, since
 * they may come before the process has told of itself. */
#include "viewer/model/trace_tables.h"

static struct trace_sched *sched_of(struct trace *t, const struct trace_event *event, uint32_t *ret_row)
{
    bool is_new;
    struct trace_key key = {TABLE_SCHED, (uint64_t)event->vpid, (uint64_t)event->vtid, 0};
    uint32_t row = TABLE_ROW(t, key, &t->scheds, TRACE_MAX_THREADS, &is_new);
    if (row == TRACE_NONE)
        return NULL;
    if (is_new)
        t->scheds.data[row] =
            (struct trace_sched){.pid = event->vpid, .tid = event->vtid, .thread = TRACE_NONE};
    *ret_row = row;
    return &t->scheds.data[row];
}

static void on_in(struct trace_sched *sched, const struct trace_event *event)
{
    if (sched->is_on)
        return;
    if (sched->is_off && sched->was_preempted)
        sched->preempted_ns = add_ns(sched->preempted_ns, event->time_ns - sched->since_ns);
    sched->is_on = true;
    sched->cpu = (uint32_t)event->cpu;
    sched->since_ns = event->time_ns;
}

static void end_run(struct trace *t, uint32_t row, int64_t end_ns, bool is_preempted)
{
    struct trace_sched *sched = &t->scheds.data[row];
    sched->run_ns = add_ns(sched->run_ns, end_ns - sched->since_ns);
    struct trace_run *run = t->wants_moments ? TABLE_APPEND(t, &t->runs, TRACE_MAX_MOMENTS) : NULL;
    if (run)
        *run = (struct trace_run){row, sched->cpu, sched->since_ns, end_ns, is_preempted};
}

static void on_out(struct trace *t, uint32_t row, const struct trace_event *event)
{
    struct trace_sched *sched = &t->scheds.data[row];
    /* What leaves a CPU and wasn't seen to come was there when the recording began. */
    if (!sched->is_on && !sched->is_off) {
        sched->since_ns = t->sched_ns;
        sched->cpu = (uint32_t)event->cpu;
    } else if (!sched->is_on) {
        return;
    }
    end_run(t, row, event->time_ns, event->preempted);
    sched->preempted += event->preempted != 0;
    sched->blocked += event->preempted == 0;
    sched->is_on = false;
    sched->is_off = true;
    sched->was_preempted = event->preempted;
    sched->since_ns = event->time_ns;
}

void trace_on_sched(struct trace *t, const struct trace_event *event)
{
    uint32_t row;
    if (event->kind == TRACE_SCHED_SOURCE) {
        t->has_sched = true;
        t->sched_ns = event->time_ns;
        t->sched_source = names_add(&t->names, event->source);
        t->sched_problem = names_add(&t->names, event->problem);
        return;
    }
    if (event->kind == TRACE_SCHED_LOST) {
        t->sched_lost += event->count;
        return;
    }
    struct trace_sched *sched = sched_of(t, event, &row);
    if (!sched)
        return;
    if (event->kind == TRACE_SCHED_IN) {
        on_in(sched, event);
    } else if (event->kind == TRACE_SCHED_OUT) {
        on_out(t, row, event);
    } else {
        sched->counted_run_ns = event->run_ns;
        sched->counted_ready_ns = event->ready_ns;
    }
}

void trace_finish_sched(struct trace *t)
{
    for (uint32_t i = 0; i < t->scheds.count; i++) {
        struct trace_sched *sched = &t->scheds.data[i];
        struct trace_key key = {TABLE_PROCESS, (uint64_t)sched->pid, 0, 0};
        const uint32_t *process = map_find(&t->ids, &key, sizeof(key));
        if (process)
            sched->thread = trace_find_thread(t, *process, (int32_t)sched->tid);
        if (sched->is_on && t->last_ns > sched->since_ns)
            end_run(t, i, t->last_ns, true);
    }
}
