/* A Go execution trace, for `go tool trace`: threads are goroutines, and as many Ps as ever ran at once carry
 * them, since the trace doesn't know CPUs. */
#include "viewer/formats/format.h"
#include "viewer/formats/gotrace_out.h"
#include "viewer/formats/notes.h"
#include "viewer/model/timeline.h"
#include "viewer/model/wait_class.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define PSEUDO_P 1000000 /* Go's FakeP: no processor's line in its pictures */
#define NO_P UINT32_MAX
/* Puts an event with at least one argument behind the time. */
#define PUT(batch, event, time_ns, ...)                                                                      \
    gotrace_put((batch), (event), (time_ns), (const uint64_t[]){__VA_ARGS__},                                \
                (unsigned)(sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t)))

/* One thread, as a goroutine. */
struct goroutine {
    uint64_t id, sequence;
    uint32_t p;      /* that it runs on, or NO_P */
    bool is_in_call; /* blocked in a system call */
};

struct writing {
    const struct report *report;
    struct gotrace_dictionary dictionary;
    struct goroutine *goroutines; /* owned; by thread */
    struct gotrace_batch *ps;     /* owned */
    uint32_t *free_ps;            /* owned; those without a goroutine */
    uint32_t p_count, free_count, p_room;
    struct gotrace_batch pseudo;
    bool has_logged_loss;
    int error;
};

/* Which of Go's ways to block comes nearest. */
static enum gotrace_event block_event(uint32_t reason)
{
    static const enum gotrace_event events[] = {
        [WAIT_CLASS_OTHER] = GOTRACE_GO_BLOCK,     [WAIT_CLASS_SLEEP] = GOTRACE_GO_SLEEP,
        [WAIT_CLASS_SYNC] = GOTRACE_GO_BLOCK_SYNC, [WAIT_CLASS_COND] = GOTRACE_GO_BLOCK_COND,
        [WAIT_CLASS_NET] = GOTRACE_GO_BLOCK_NET,   [WAIT_CLASS_SYSCALL] = GOTRACE_GO_SYS_CALL};
    return events[wait_class_of(reason)];
}

static uint64_t stack_of(struct writing *w, uint32_t moment)
{
    const struct trace *t = w->report->trace;
    const struct trace_moment *about = &t->moments.data[moment];
    return gotrace_stack(&w->dictionary, w->report, t->threads.data[about->thread].process, about->stack);
}

/* What goroutines are grouped by. */
static uint64_t start_stack(struct writing *w, uint32_t thread)
{
    struct trace *t = w->report->trace;
    const struct trace_thread *about = &t->threads.data[thread];
    const char *name = trace_thread_name(t, about);
    char text[NAME_MAX_BYTES];
    const char *shown = *name ? name : "thread";
    if (t->processes.count > 1)
        snprintf(text, sizeof(text), "%.1000s/%.1000s", trace_process_name(t, about->process), shown);
    else
        snprintf(text, sizeof(text), "%.1000s", shown);
    return gotrace_stack_named(&w->dictionary, w->report, names_add(&t->names, text));
}

static uint32_t new_p(struct writing *w)
{
    if (w->p_count == w->p_room) {
        uint32_t room = w->p_room ? w->p_room * 2 : 16;
        struct gotrace_batch *ps = reallocarray(w->ps, room, sizeof(*ps));
        uint32_t *free_ps = reallocarray(w->free_ps, room, sizeof(*free_ps));
        w->ps = ps ? ps : w->ps;
        w->free_ps = free_ps ? free_ps : w->free_ps;
        if (!ps || !free_ps) {
            w->error = -ENOMEM;
            return NO_P;
        }
        w->p_room = room;
    }
    gotrace_batch_init(&w->ps[w->p_count]);
    return w->p_count++;
}

/* Go's traces have no place for what is missing: the first goroutine that runs logs it. */
static void log_loss(struct writing *w, struct gotrace_batch *batch, int64_t time_ns)
{
    struct bytes text CLEANUP(bytes_clear);
    bytes_init(&text, NAME_MAX_BYTES);
    notes_put(&text, w->report, "; ");
    uint32_t category = text.len ? names_add(&w->report->trace->names, "lost") : 0;
    w->has_logged_loss = true;
    if (!text.len)
        return;
    PUT(batch, GOTRACE_USER_LOG, time_ns, 0, gotrace_string(&w->dictionary, w->report, category), 0);
    gotrace_put_text(batch, bytes_text(&text) + sizeof("; ") - 1);
}

static void resume(struct writing *w, struct goroutine *g, int64_t time_ns)
{
    g->p = w->free_count ? w->free_ps[--w->free_count] : new_p(w);
    if (g->p == NO_P)
        return;
    struct gotrace_batch *batch = &w->ps[g->p];
    if (!batch->is_begun)
        PUT(batch, GOTRACE_PROC_START, time_ns, g->p);
    PUT(batch, GOTRACE_GO_START, time_ns, g->id, g->sequence);
    g->sequence++;
    if (!w->has_logged_loss)
        log_loss(w, batch, time_ns);
}

/* The goroutine leaves its P. */
static void leave(struct writing *w, struct goroutine *g)
{
    w->free_ps[w->free_count++] = g->p;
    g->p = NO_P;
}

/* Where a thread writes what it does to others: on its P while it runs. */
static struct gotrace_batch *batch_of(struct writing *w, uint32_t thread)
{
    bool is_running = thread != TRACE_NONE && w->goroutines[thread].p != NO_P;
    return is_running ? &w->ps[w->goroutines[thread].p] : &w->pseudo;
}

static void begin(struct writing *w, uint32_t thread, int64_t time_ns)
{
    const struct trace_thread *about = &w->report->trace->threads.data[thread];
    struct goroutine *g = &w->goroutines[thread];
    uint32_t parent = trace_find_thread(w->report->trace, about->process, about->parent_tid);
    PUT(batch_of(w, parent), GOTRACE_GO_CREATE, time_ns, g->id, start_stack(w, thread), 0);
    g->sequence = 1;
    resume(w, g, time_ns);
}

static void block(struct writing *w, struct goroutine *g, const struct timeline_step *step)
{
    enum gotrace_event event = block_event(w->report->trace->moments.data[step->moment].detail);
    struct gotrace_batch *batch = &w->ps[g->p];
    PUT(batch, event, step->time_ns, stack_of(w, step->moment));
    g->is_in_call = event == GOTRACE_GO_SYS_CALL;
    if (g->is_in_call)
        gotrace_put(batch, GOTRACE_GO_SYS_BLOCK, step->time_ns, NULL, 0);
    leave(w, g);
}

static void wake(struct writing *w, struct goroutine *g, const struct timeline_step *step)
{
    const struct trace *t = w->report->trace;
    uint32_t waker = t->moments.data[step->moment].waker;
    if (g->is_in_call)
        return;
    struct gotrace_batch *batch =
        batch_of(w, waker == TRACE_NONE ? TRACE_NONE : t->moments.data[waker].thread);
    PUT(batch, GOTRACE_GO_UNBLOCK, step->time_ns, g->id, g->sequence,
        waker == TRACE_NONE ? 0 : stack_of(w, waker));
    g->sequence++;
}

/* What the program told, where it ran. Go knows no counters. */
static void put_user(struct writing *w, struct gotrace_batch *batch, const struct timeline_step *step)
{
    const struct trace *t = w->report->trace;
    const struct trace_moment *told = &t->moments.data[step->moment];
    const uint64_t task = (uint32_t)(told->object + 1); /* 0 for none */
    const struct trace_log *log;
    switch (told->kind) {
    case TRACE_MOMENT_TASK_BEGIN:
        PUT(batch, GOTRACE_USER_TASK_CREATE, step->time_ns, task,
            (uint32_t)(t->tasks.data[told->object].parent + 1),
            gotrace_string(&w->dictionary, w->report, told->detail), stack_of(w, step->moment));
        break;
    case TRACE_MOMENT_TASK_END:
        PUT(batch, GOTRACE_USER_TASK_END, step->time_ns, task, 0);
        break;
    case TRACE_MOMENT_REGION_BEGIN:
    case TRACE_MOMENT_REGION_END:
        PUT(batch, GOTRACE_USER_REGION, step->time_ns, task, told->kind == TRACE_MOMENT_REGION_END,
            gotrace_string(&w->dictionary, w->report, told->detail),
            told->stack ? stack_of(w, step->moment) : 0);
        break;
    case TRACE_MOMENT_LOG:
        log = &t->logs.data[told->detail];
        PUT(batch, GOTRACE_USER_LOG, step->time_ns, task,
            gotrace_string(&w->dictionary, w->report, log->category), stack_of(w, step->moment));
        gotrace_put_text(batch, names_text(w->report->names, log->message));
        break;
    default:
        break;
    }
}

static void write_step(struct writing *w, const struct timeline_step *step)
{
    struct goroutine *g = &w->goroutines[step->thread];
    bool is_running = g->p != NO_P;
    switch (step->kind) {
    case TIMELINE_BEGIN:
        begin(w, step->thread, step->time_ns);
        break;
    case TIMELINE_BLOCK:
        if (is_running)
            block(w, g, step);
        break;
    case TIMELINE_WAKE:
        wake(w, g, step);
        break;
    case TIMELINE_RESUME:
        if (g->is_in_call) {
            PUT(&w->pseudo, GOTRACE_GO_SYS_EXIT, step->time_ns, g->id, g->sequence, 0);
            g->sequence++;
        }
        g->is_in_call = false;
        resume(w, g, step->time_ns);
        break;
    case TIMELINE_SYSCALL:
        if (is_running)
            PUT(&w->ps[g->p], GOTRACE_GO_SYS_CALL, step->time_ns, stack_of(w, step->moment));
        break;
    case TIMELINE_SAMPLE:
        PUT(&w->pseudo, GOTRACE_CPU_SAMPLE, step->time_ns, (uint64_t)step->time_ns, UINT64_MAX, g->id,
            stack_of(w, step->moment));
        break;
    case TIMELINE_USER:
        if (is_running)
            put_user(w, &w->ps[g->p], step);
        break;
    case TIMELINE_END:
        if (is_running) {
            gotrace_put(&w->ps[g->p], GOTRACE_GO_END, step->time_ns, NULL, 0);
            leave(w, g);
        }
        break;
    }
}

/* Goroutines are called as their threads, unless another was called so before: an exec, or a number that came
 * again. */
static int number_goroutines(struct writing *w)
{
    const struct trace *t = w->report->trace;
    struct map used;
    int error = 0;
    map_init(&used);
    w->goroutines = calloc(t->threads.count + 1, sizeof(*w->goroutines));
    for (uint32_t i = 0; w->goroutines && i < t->threads.count && !error; i++) {
        int32_t tid = t->threads.data[i].tid;
        uint32_t *stored;
        int is_new = 0;
        error = map_add(&used, &tid, sizeof(tid), i, &stored, &is_new);
        w->goroutines[i] =
            (struct goroutine){.id = is_new && tid > 0 ? (uint64_t)tid : (UINT64_C(1) << 32) + i, .p = NO_P};
    }
    map_clear(&used);
    return w->goroutines ? error : -ENOMEM;
}

static int write_steps(struct writing *w)
{
    struct timeline timeline;
    int error = number_goroutines(w);
    if (!error)
        error = timeline_make(w->report->trace, &timeline);
    if (error)
        return error;
    int64_t origin_ns = timeline.count ? timeline.steps[0].time_ns : 0;
    int64_t end_ns = timeline.count ? timeline.steps[timeline.count - 1].time_ns - origin_ns : 0;
    for (size_t i = 0; i < timeline.count && !w->error && !w->dictionary.error; i++) {
        timeline.steps[i].time_ns -= origin_ns;
        write_step(w, &timeline.steps[i]);
    }
    /* Go's tool wants an end of every run. */
    for (uint32_t i = 0; i < w->report->trace->threads.count; i++)
        if (w->goroutines[i].p != NO_P)
            PUT(&w->ps[w->goroutines[i].p], GOTRACE_GO_SCHED, end_ns, 0);
    timeline_clear(&timeline);
    return w->error ? w->error : w->dictionary.error;
}

int write_gotrace(const struct report *report, const struct format_options *options, struct bytes *out)
{
    (void)options;
    if (!report->trace)
        return -ENOTSUP;
    struct writing w = {.report = report};
    struct gotrace_batch count;
    gotrace_batch_init(&w.pseudo);
    gotrace_batch_init(&count);
    int error = gotrace_dictionary_init(&w.dictionary);
    if (!error)
        error = write_steps(&w);
    if (!error) {
        gotrace_begin(&w.dictionary, out);
        PUT(&count, GOTRACE_GOMAXPROCS, 0, w.p_count ? w.p_count : 1, 0);
        gotrace_batch_write(&count, PSEUDO_P, out);
        for (uint32_t i = 0; i < w.p_count; i++)
            gotrace_batch_write(&w.ps[i], i, out);
        gotrace_batch_write(&w.pseudo, PSEUDO_P, out);
    }
    for (uint32_t i = 0; i < w.p_count; i++)
        gotrace_batch_clear(&w.ps[i]);
    gotrace_batch_clear(&w.pseudo);
    gotrace_batch_clear(&count);
    gotrace_dictionary_clear(&w.dictionary);
    free(w.ps);
    free(w.free_ps);
    free(w.goroutines);
    return error ? error : out->error;
}
