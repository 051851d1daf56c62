/* Perfetto's own trace format (protobuf), for ui.perfetto.dev and trace_processor: a track a thread with its
 * regions, waits and calls as slices, wakes as flows, tasks and counters as tracks of their own. */
#include "viewer/formats/format.h"
#include "viewer/formats/perfetto_out.h"
#include "viewer/model/timeline.h"

#include "base/syscall_names.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

struct writing {
    const struct report *report;
    struct perfetto_out out;
    int64_t origin_ns;
    uint64_t flow_count;
};

static void put_tracks(struct writing *w)
{
    const struct trace *t = w->report->trace;
    for (uint32_t i = 0; i < t->processes.count; i++)
        perfetto_put_process(&w->out, perfetto_uuid(PERFETTO_PROCESS, i), t->processes.data[i].pid,
                             trace_process_name(t, i));
    for (uint32_t i = 0; i < t->threads.count; i++) {
        const struct trace_thread *about = &t->threads.data[i];
        uint64_t uuid = perfetto_uuid(PERFETTO_THREAD, i);
        perfetto_put_thread(&w->out, uuid, t->processes.data[about->process].pid, about->tid,
                            trace_thread_name(t, about));
        if (about->samples)
            perfetto_put_track(&w->out, perfetto_uuid(PERFETTO_SAMPLES, i), uuid, "CPU samples", false);
    }
    for (uint32_t i = 0; i < t->tasks.count; i++)
        if (t->tasks.data[i].is_begun)
            perfetto_put_track(&w->out, perfetto_uuid(PERFETTO_TASK, i),
                               perfetto_uuid(PERFETTO_PROCESS, t->tasks.data[i].process),
                               names_text(&t->names, t->tasks.data[i].name), false);
    for (uint32_t i = 0; i < t->counters.count; i++)
        perfetto_put_track(&w->out, perfetto_uuid(PERFETTO_LEVELS, i),
                           perfetto_uuid(PERFETTO_PROCESS, t->counters.data[i].process),
                           names_text(&t->names, t->counters.data[i].name), true);
}

/* An event of the thread's own track, with the moment's stack if it has one. */
static struct perfetto_event event_of(struct writing *w, uint32_t thread, int64_t time_ns, uint32_t moment)
{
    const struct trace *t = w->report->trace;
    int64_t after_ns = time_ns - w->origin_ns;
    struct perfetto_event event = {.track = perfetto_uuid(PERFETTO_THREAD, thread),
                                   .time_ns = after_ns > 0 ? after_ns : 0};
    if (moment != TRACE_NONE)
        event.callstack = perfetto_callstack(&w->out, w->report, t->threads.data[thread].process,
                                             t->moments.data[moment].stack);
    return event;
}

static void annotate(struct perfetto_event *event, const char *name, const char *text, int64_t number)
{
    event->annotations[event->annotation_count++] = (struct perfetto_annotation){name, text, number};
}

static void annotate_task(struct writing *w, struct perfetto_event *event, uint64_t row)
{
    if (row != TRACE_NONE)
        annotate(event, "task", NULL, (int64_t)w->report->trace->tasks.data[row].number);
}

static void put_block(struct writing *w, const struct timeline_step *step)
{
    const struct trace_moment *wait = &w->report->trace->moments.data[step->moment];
    struct perfetto_event event = event_of(w, step->thread, step->time_ns, step->moment);
    char object[24];
    snprintf(object, sizeof(object), "0x%" PRIx64, wait->object);
    event.type = PERFETTO_BEGIN;
    event.category = "wait";
    event.name = wait_reason_name(wait->detail);
    annotate(&event, "object", object, 0);
    perfetto_put_event(&w->out, &event);
}

/* The wait's end, and an arrow to it from whoever woke it. */
static void put_resume(struct writing *w, const struct timeline_step *step)
{
    const struct trace *t = w->report->trace;
    uint32_t waker = t->moments.data[step->moment].waker;
    struct perfetto_event end = event_of(w, step->thread, step->time_ns, TRACE_NONE);
    if (waker != TRACE_NONE) {
        const struct trace_moment *wake = &t->moments.data[waker];
        struct perfetto_event event = event_of(w, wake->thread, wake->start_ns, waker);
        event.type = PERFETTO_INSTANT;
        event.category = "wake";
        event.name = "wake";
        event.flow = end.flow_end = ++w->flow_count;
        annotate(&event, "woken", NULL, t->threads.data[step->thread].tid);
        perfetto_put_event(&w->out, &event);
        annotate(&end, "waker", NULL, t->threads.data[wake->thread].tid);
    }
    end.type = PERFETTO_END;
    perfetto_put_event(&w->out, &end);
}

static void put_call(struct writing *w, const struct timeline_step *step)
{
    const struct trace_moment *call = &w->report->trace->moments.data[step->moment];
    struct perfetto_event event = event_of(w, step->thread, step->time_ns, step->moment);
    char number[16];
    event.type = PERFETTO_BEGIN;
    event.category = "syscall";
    event.name = syscall_name(call->detail, number, sizeof(number));
    annotate(&event, "result", NULL, call->value);
    perfetto_put_event(&w->out, &event);
    event = event_of(w, step->thread, step->time_ns + call->end_ns - call->start_ns, TRACE_NONE);
    event.type = PERFETTO_END;
    perfetto_put_event(&w->out, &event);
}

static void put_sample(struct writing *w, const struct timeline_step *step)
{
    struct perfetto_event event = event_of(w, step->thread, step->time_ns, step->moment);
    event.type = PERFETTO_INSTANT;
    event.track = perfetto_uuid(PERFETTO_SAMPLES, step->thread);
    event.category = "cpu";
    event.name = "cpu";
    annotate(&event, "ns", NULL, w->report->trace->moments.data[step->moment].value);
    perfetto_put_event(&w->out, &event);
}

static void put_user(struct writing *w, const struct timeline_step *step)
{
    const struct trace *t = w->report->trace;
    const struct trace_moment *told = &t->moments.data[step->moment];
    struct perfetto_event event = event_of(w, step->thread, step->time_ns, step->moment);
    bool is_end = told->kind == TRACE_MOMENT_TASK_END || told->kind == TRACE_MOMENT_REGION_END;
    event.type = is_end ? PERFETTO_END : PERFETTO_BEGIN;
    if (told->kind == TRACE_MOMENT_LOG) {
        const struct trace_log *log = &t->logs.data[told->detail];
        event.type = PERFETTO_INSTANT;
        event.category = "log";
        event.name = names_text(&t->names, log->category);
        annotate(&event, "message", names_text(&t->names, log->message), 0);
        annotate_task(w, &event, told->object);
    } else if (told->kind == TRACE_MOMENT_COUNTER) {
        event.type = PERFETTO_COUNTER;
        event.track = perfetto_uuid(PERFETTO_LEVELS, told->detail);
        event.level = told->level;
    } else {
        bool is_task = told->kind == TRACE_MOMENT_TASK_BEGIN || told->kind == TRACE_MOMENT_TASK_END;
        if (is_task)
            event.track = perfetto_uuid(PERFETTO_TASK, told->object);
        event.category = is_task ? "task" : "region";
        event.name = names_text(&t->names, told->detail);
        annotate_task(w, &event, told->object);
    }
    perfetto_put_event(&w->out, &event);
}

static void put_step(struct writing *w, const struct timeline_step *step)
{
    switch (step->kind) {
    case TIMELINE_BLOCK:
        put_block(w, step);
        break;
    case TIMELINE_RESUME:
        put_resume(w, step);
        break;
    case TIMELINE_SYSCALL:
        put_call(w, step);
        break;
    case TIMELINE_SAMPLE:
        put_sample(w, step);
        break;
    case TIMELINE_USER:
        put_user(w, step);
        break;
    case TIMELINE_BEGIN:
    case TIMELINE_WAKE:
    case TIMELINE_END:
        break;
    }
}

/* Who ran on each CPU: a track of each, with a slice for each run. */
static void put_run(struct writing *w, const struct trace_run *run)
{
    const struct trace *t = w->report->trace;
    const struct trace_sched *sched = &t->scheds.data[run->sched];
    int64_t start_ns = run->start_ns > w->origin_ns ? run->start_ns - w->origin_ns : 0;
    if (sched->thread == TRACE_NONE || run->end_ns - w->origin_ns <= start_ns || run->cpu >= TRACE_MAX_CPUS)
        return;
    struct perfetto_event event = {.type = PERFETTO_BEGIN,
                                   .track = perfetto_uuid(PERFETTO_CPU, run->cpu),
                                   .time_ns = start_ns,
                                   .category = "sched",
                                   .name = trace_thread_name(t, &t->threads.data[sched->thread])};
    annotate(&event, "tid", NULL, sched->tid);
    annotate(&event, "then", run->is_preempted ? "preempted" : "blocked", 0);
    perfetto_put_event(&w->out, &event);
    event = (struct perfetto_event){
        .type = PERFETTO_END, .track = event.track, .time_ns = run->end_ns - w->origin_ns};
    perfetto_put_event(&w->out, &event);
}

static void put_cpus(struct writing *w)
{
    const struct trace *t = w->report->trace;
    uint32_t cpus = 0;
    char name[16];
    for (size_t i = 0; i < t->runs.count; i++) {
        if (!cpus)
            perfetto_put_track(&w->out, perfetto_uuid(PERFETTO_CPUS, 0), 0, "CPUs", false);
        for (; cpus <= t->runs.data[i].cpu && cpus < TRACE_MAX_CPUS; cpus++) {
            snprintf(name, sizeof(name), "CPU %u", cpus);
            perfetto_put_track(&w->out, perfetto_uuid(PERFETTO_CPU, cpus), perfetto_uuid(PERFETTO_CPUS, 0),
                               name, false);
        }
        put_run(w, &t->runs.data[i]);
    }
}

/* A track of its own for what the tracer lost: at the end of the time in which it did. */
static void put_losses(struct writing *w)
{
    const struct trace *t = w->report->trace;
    if (t->losses.count)
        perfetto_put_track(&w->out, perfetto_uuid(PERFETTO_LOST, 0), 0, "Lost", false);
    for (size_t i = 0; i < t->losses.count; i++) {
        const struct trace_loss *loss = &t->losses.data[i];
        int64_t until_ns = loss->until_ns > w->origin_ns ? loss->until_ns : w->origin_ns;
        int64_t since_ns = loss->since_ns > w->origin_ns ? loss->since_ns : w->origin_ns;
        struct perfetto_event event = {.type = PERFETTO_INSTANT,
                                       .track = perfetto_uuid(PERFETTO_LOST, 0),
                                       .time_ns = until_ns - w->origin_ns,
                                       .category = "lost",
                                       .name = "lost"};
        annotate(&event, "events", NULL, (int64_t)loss->events);
        annotate(&event, "packets", NULL, (int64_t)loss->packets);
        annotate(&event, "within_ns", NULL, until_ns > since_ns ? until_ns - since_ns : 0);
        perfetto_put_event(&w->out, &event);
    }
}

int write_perfetto(const struct report *report, const struct format_options *options, struct bytes *out)
{
    (void)options;
    struct timeline timeline;
    if (!report->trace)
        return -ENOTSUP;
    int error = timeline_make(report->trace, &timeline);
    if (error)
        return error;
    struct writing w = {.report = report, .origin_ns = timeline.count ? timeline.steps[0].time_ns : 0};
    perfetto_init(&w.out, out);
    put_tracks(&w);
    for (size_t i = 0; i < timeline.count && !w.out.error; i++)
        put_step(&w, &timeline.steps[i]);
    put_cpus(&w);
    put_losses(&w);
    error = w.out.error;
    perfetto_clear(&w.out);
    timeline_clear(&timeline);
    return error ? error : out->error;
}
