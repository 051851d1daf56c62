/* Chrome's Trace Event Format (JSON), for Perfetto's page and chrome://tracing: each thread's waits and calls
 * as slices, wakes as arrows. Source: "Trace Event Format", Google's public document. */
#include "viewer/formats/chrome_stacks.h"
#include "viewer/formats/format.h"
#include "viewer/formats/json.h"
#include "viewer/model/timeline.h"

#include "base/syscall_names.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* One thread on its way through its steps. */
struct track {
    int64_t since_ns; /* of the slice that it is in */
    uint32_t wait;    /* the moment of its wait, or TRACE_NONE: it runs, or could */
    bool is_alive;
};

struct writing {
    const struct report *report;
    struct bytes *out;
    struct chrome_stacks stacks;
    struct track *tracks; /* owned; by thread */
    int64_t origin_ns;
    uint64_t flow_count;
    bool is_begun;
};

/* Microseconds, to the nanosecond. */
static void put_us(struct writing *w, const char *key, int64_t ns)
{
    bytes_printf(w->out, ",\"%s\":%" PRId64 ".%03d", key, ns / 1000, (int)(ns % 1000));
}

static void begin_event(struct writing *w, uint32_t thread, const char *phase, const char *category)
{
    const struct trace *t = w->report->trace;
    const struct trace_thread *about = &t->threads.data[thread];
    bytes_puts(w->out, w->is_begun ? ",\n" : "");
    w->is_begun = true;
    bytes_printf(w->out, "{\"ph\":\"%s\",\"pid\":%d,\"tid\":%d", phase, t->processes.data[about->process].pid,
                 about->tid);
    if (category)
        bytes_printf(w->out, ",\"cat\":\"%s\"", category);
}

static void put_name(struct writing *w, const char *name)
{
    bytes_puts(w->out, ",\"name\":");
    json_put(w->out, name);
}

static void put_metadata(struct writing *w, uint32_t thread, const char *kind, const char *name)
{
    begin_event(w, thread, "M", NULL);
    put_name(w, kind);
    bytes_puts(w->out, ",\"args\":{\"name\":");
    json_put(w->out, name);
    bytes_puts(w->out, "}}");
}

static void put_names(struct writing *w)
{
    const struct trace *t = w->report->trace;
    for (uint32_t i = 0; i < t->threads.count; i++) {
        const struct trace_thread *about = &t->threads.data[i];
        put_metadata(w, i, "process_name", trace_process_name(t, about->process));
        put_metadata(w, i, "thread_name", trace_thread_name(t, about));
    }
}

static void put_stack(struct writing *w, const struct trace_moment *moment)
{
    uint32_t process = w->report->trace->threads.data[moment->thread].process;
    uint32_t frame = moment->stack ? chrome_stacks_id(&w->stacks, w->report, process, moment->stack) : 0;
    if (frame)
        bytes_printf(w->out, ",\"sf\":%u", frame);
}

static void put_slice(struct writing *w, uint32_t thread, const char *category, const char *name,
                      int64_t start_ns, int64_t end_ns)
{
    begin_event(w, thread, "X", category);
    put_name(w, name);
    put_us(w, "ts", start_ns - w->origin_ns);
    put_us(w, "dur", end_ns - start_ns);
}

static void put_wait(struct writing *w, uint32_t thread, int64_t start_ns, int64_t end_ns)
{
    const struct trace *t = w->report->trace;
    const struct trace_moment *wait = &t->moments.data[w->tracks[thread].wait];
    put_slice(w, thread, "wait", wait_reason_name(wait->detail), start_ns, end_ns);
    put_stack(w, wait);
    bytes_printf(w->out, ",\"args\":{\"object\":\"0x%" PRIx64 "\"", wait->object);
    if (wait->is_open)
        bytes_puts(w->out, ",\"ended\":\"no\"");
    if (wait->waker != TRACE_NONE)
        bytes_printf(w->out, ",\"waker\":%d", t->threads.data[t->moments.data[wait->waker].thread].tid);
    bytes_puts(w->out, "}}");
}

/* The slice that ends here, and the next one's beginning. */
static void turn(struct writing *w, uint32_t thread, int64_t time_ns, uint32_t next_wait)
{
    struct track *track = &w->tracks[thread];
    if (track->is_alive && track->wait != TRACE_NONE)
        put_wait(w, thread, track->since_ns, time_ns);
    else if (track->is_alive && time_ns > track->since_ns) {
        put_slice(w, thread, "thread", "runs or is ready", track->since_ns, time_ns);
        bytes_puts(w->out, "}");
    }
    *track = (struct track){time_ns, next_wait, true};
}

static void put_call(struct writing *w, const struct timeline_step *step)
{
    const struct trace_moment *call = &w->report->trace->moments.data[step->moment];
    char number[16];
    int64_t length_ns = call->end_ns - call->start_ns;
    put_slice(w, step->thread, "syscall", syscall_name(call->detail, number, sizeof(number)), step->time_ns,
              step->time_ns + length_ns);
    put_stack(w, call);
    bytes_printf(w->out, ",\"args\":{\"result\":%" PRId64 "}}", call->value);
}

static void put_flow(struct writing *w, uint32_t thread, const char *phase, int64_t time_ns)
{
    begin_event(w, thread, phase, "wake");
    bytes_printf(w->out, ",\"name\":\"wake\",\"id\":%" PRIu64, w->flow_count);
    put_us(w, "ts", time_ns - w->origin_ns);
    bytes_puts(w->out, *phase == 'f' ? ",\"bp\":\"e\"}" : "}");
}

/* From whoever woke it to where it goes on. */
static void put_wake(struct writing *w, uint32_t thread, int64_t time_ns)
{
    const struct trace *t = w->report->trace;
    uint32_t wait = w->tracks[thread].wait;
    uint32_t waker = wait == TRACE_NONE ? TRACE_NONE : t->moments.data[wait].waker;
    if (waker == TRACE_NONE)
        return;
    w->flow_count++;
    put_flow(w, t->moments.data[waker].thread, "s", t->moments.data[waker].start_ns);
    put_flow(w, thread, "f", time_ns);
}

static void put_sample(struct writing *w, const struct timeline_step *step)
{
    const struct trace_moment *sample = &w->report->trace->moments.data[step->moment];
    begin_event(w, step->thread, "P", "cpu");
    put_name(w, "cpu");
    put_us(w, "ts", step->time_ns - w->origin_ns);
    put_stack(w, sample);
    bytes_printf(w->out, ",\"args\":{\"ns\":%" PRId64 "}}", sample->value);
}

/* Tasks and regions have lines of their own: they needn't lie within the thread's waits. */
static void put_span(struct writing *w, const struct timeline_step *step, const char *phase,
                     const char *category, uint64_t line)
{
    const struct trace_moment *told = &w->report->trace->moments.data[step->moment];
    begin_event(w, step->thread, phase, category);
    put_name(w, names_text(w->report->names, told->detail));
    bytes_printf(w->out, ",\"id2\":{\"local\":\"%s%" PRIu64 "\"}", category, line);
    put_us(w, "ts", step->time_ns - w->origin_ns);
    put_stack(w, told);
    if (told->object == TRACE_NONE)
        bytes_puts(w->out, "}");
    else
        bytes_printf(w->out, ",\"args\":{\"task\":%" PRIu64 "}}",
                     w->report->trace->tasks.data[told->object].number);
}

static void put_log(struct writing *w, const struct timeline_step *step)
{
    const struct trace *t = w->report->trace;
    const struct trace_moment *told = &t->moments.data[step->moment];
    const struct trace_log *log = &t->logs.data[told->detail];
    begin_event(w, step->thread, "i", "log");
    put_name(w, names_text(w->report->names, log->category));
    put_us(w, "ts", step->time_ns - w->origin_ns);
    put_stack(w, told);
    bytes_puts(w->out, ",\"s\":\"t\",\"args\":{\"message\":");
    json_put(w->out, names_text(w->report->names, log->message));
    if (log->task != TRACE_NONE)
        bytes_printf(w->out, ",\"task\":%" PRIu64, t->tasks.data[log->task].number);
    bytes_puts(w->out, "}}");
}

static void put_counter(struct writing *w, const struct timeline_step *step)
{
    const struct trace *t = w->report->trace;
    const struct trace_moment *told = &t->moments.data[step->moment];
    begin_event(w, step->thread, "C", NULL);
    put_name(w, names_text(w->report->names, t->counters.data[told->detail].name));
    put_us(w, "ts", step->time_ns - w->origin_ns);
    bytes_printf(w->out, ",\"args\":{\"value\":%.17g}}", told->level);
}

static void put_user(struct writing *w, const struct timeline_step *step)
{
    const struct trace_moment *told = &w->report->trace->moments.data[step->moment];
    switch (told->kind) {
    case TRACE_MOMENT_TASK_BEGIN:
        put_span(w, step, "b", "task", told->object);
        break;
    case TRACE_MOMENT_TASK_END:
        put_span(w, step, "e", "task", told->object);
        break;
    case TRACE_MOMENT_REGION_BEGIN:
        put_span(w, step, "b", "region", step->thread);
        break;
    case TRACE_MOMENT_REGION_END:
        put_span(w, step, "e", "region", step->thread);
        break;
    case TRACE_MOMENT_LOG:
        put_log(w, step);
        break;
    default:
        put_counter(w, step);
    }
}

static void put_step(struct writing *w, const struct timeline_step *step)
{
    switch (step->kind) {
    case TIMELINE_BEGIN:
        w->tracks[step->thread] = (struct track){step->time_ns, TRACE_NONE, true};
        break;
    case TIMELINE_BLOCK:
        turn(w, step->thread, step->time_ns, step->moment);
        break;
    case TIMELINE_WAKE:
        break;
    case TIMELINE_RESUME:
        put_wake(w, step->thread, step->time_ns);
        turn(w, step->thread, step->time_ns, TRACE_NONE);
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
    case TIMELINE_END:
        turn(w, step->thread, step->time_ns, TRACE_NONE);
        w->tracks[step->thread].is_alive = false;
        break;
    }
}

/* CPUs are threads of a process of their own, numbered 0 as no other. */
static void begin_cpu(struct writing *w, const char *phase, uint32_t cpu)
{
    bytes_puts(w->out, w->is_begun ? ",\n" : "");
    w->is_begun = true;
    bytes_printf(w->out, "{\"ph\":\"%s\",\"pid\":0,\"tid\":%u", phase, cpu);
}

static void put_run(struct writing *w, const struct trace_run *run)
{
    const struct trace *t = w->report->trace;
    const struct trace_sched *sched = &t->scheds.data[run->sched];
    int64_t start_ns = run->start_ns > w->origin_ns ? run->start_ns : w->origin_ns;
    if (sched->thread == TRACE_NONE || run->end_ns <= start_ns)
        return;
    begin_cpu(w, "X", run->cpu);
    bytes_puts(w->out, ",\"cat\":\"sched\"");
    put_name(w, trace_thread_name(t, &t->threads.data[sched->thread]));
    put_us(w, "ts", start_ns - w->origin_ns);
    put_us(w, "dur", run->end_ns - start_ns);
    bytes_printf(w->out, ",\"args\":{\"tid\":%" PRId64 ",\"then\":\"%s\"}}", sched->tid,
                 run->is_preempted ? "preempted" : "blocked");
}

static void put_cpus(struct writing *w)
{
    const struct trace *t = w->report->trace;
    uint32_t cpus = 0;
    for (size_t i = 0; i < t->runs.count; i++) {
        put_run(w, &t->runs.data[i]);
        for (; cpus <= t->runs.data[i].cpu && cpus < TRACE_MAX_CPUS; cpus++) {
            begin_cpu(w, "M", cpus);
            bytes_printf(w->out, ",\"name\":\"thread_name\",\"args\":{\"name\":\"CPU %u\"}}", cpus);
        }
    }
    if (!cpus)
        return;
    begin_cpu(w, "M", 0);
    bytes_puts(w->out, ",\"name\":\"process_name\",\"args\":{\"name\":\"CPUs\"}}");
}

/* A line through all tracks where the loss is known to have ended. */
static void put_losses(struct writing *w)
{
    const struct trace *t = w->report->trace;
    for (size_t i = 0; i < t->losses.count; i++) {
        const struct trace_loss *loss = &t->losses.data[i];
        int64_t until_ns = loss->until_ns > w->origin_ns ? loss->until_ns : w->origin_ns;
        int64_t since_ns = loss->since_ns > w->origin_ns ? loss->since_ns : w->origin_ns;
        begin_cpu(w, "i", 0);
        bytes_puts(w->out, ",\"cat\":\"lost\",\"name\":\"lost\",\"s\":\"g\"");
        put_us(w, "ts", until_ns - w->origin_ns);
        bytes_printf(w->out, ",\"args\":{\"events\":%" PRIu64 ",\"packets\":%" PRIu64, loss->events,
                     loss->packets);
        put_us(w, "within_us", until_ns > since_ns ? until_ns - since_ns : 0);
        bytes_puts(w->out, "}}");
    }
}

static int put_all(struct writing *w)
{
    struct timeline timeline;
    const struct trace *t = w->report->trace;
    int error = timeline_make(t, &timeline);
    if (error)
        return error;
    w->origin_ns = timeline.count ? timeline.steps[0].time_ns : 0;
    for (size_t i = 0; i < timeline.count && !w->out->error; i++)
        put_step(w, &timeline.steps[i]);
    for (uint32_t i = 0; i < t->threads.count; i++)
        turn(w, i, t->last_ns, TRACE_NONE);
    put_cpus(w);
    put_losses(w);
    timeline_clear(&timeline);
    return 0;
}

int write_chrome(const struct report *report, const struct format_options *options, struct bytes *out)
{
    (void)options;
    if (!report->trace)
        return -ENOTSUP;
    struct writing w = {.report = report, .out = out};
    chrome_stacks_init(&w.stacks);
    w.tracks = calloc(report->trace->threads.count + 1, sizeof(*w.tracks));
    bytes_puts(out, "{\"displayTimeUnit\":\"ns\",\"otherData\":{\"exporter\":\"preflame " PREFLAME_VERSION
                    "\",\"title\":");
    json_put(out, report->title);
    bytes_printf(out, ",\"lost_events\":%" PRIu64 ",\"lost_packets\":%" PRIu64 "},\n\"traceEvents\":[\n",
                 report->trace->lost_events, report->trace->lost_packets);
    int error = w.tracks ? 0 : -ENOMEM;
    if (!error) {
        put_names(&w);
        error = put_all(&w);
    }
    bytes_puts(out, "],\n\"stackFrames\":{");
    bytes_put(out, w.stacks.out.data, w.stacks.out.len);
    bytes_puts(out, "}}\n");
    error = error ? error : w.stacks.error;
    chrome_stacks_clear(&w.stacks);
    free(w.tracks);
    return error ? error : out->error;
}
