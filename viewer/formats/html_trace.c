/* The data of a trace's page: threads, one tree of frames, and all that took time as rows that point into it.
 */
#include "viewer/formats/html_page.h"
#include "viewer/formats/json.h"
#include "viewer/model/slices.h"

#include "base/syscall_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct writing {
    struct bytes *out;
    const struct report *report;
    struct trace *trace;
    struct tree tree;
    struct map nodes;     /* (process, stack) → leaf in the tree */
    struct frame *frames; /* owned; room for one stack */
    struct timeline timeline;
    struct slices slices;
    bool has_several;
    uint64_t cut;
    int error;
};

/* The tree's leaf for a stack; its root, "all", for none. */
static uint32_t node_of(struct writing *w, uint32_t thread, uint32_t stack)
{
    const uint32_t key[] = {w->trace->threads.data[thread].process, stack};
    const uint32_t *known = map_find(&w->nodes, key, sizeof(key));
    uint32_t *stored;
    bool is_cut = false;
    if (known)
        return *known;
    size_t count =
        resolved_rooted_stack(w->report->resolved, w->trace, key[0], stack, w->has_several, w->frames);
    uint32_t leaf = tree_leaf(&w->tree, w->frames, count, &is_cut);
    w->cut += is_cut;
    if (w->tree.error || map_add(&w->nodes, key, sizeof(key), leaf, &stored, NULL))
        w->error = -ENOMEM;
    return leaf;
}

static void put_threads(struct writing *w)
{
    const struct trace *t = w->trace;
    bytes_puts(w->out, ",\n\"processes\":[");
    for (uint32_t i = 0; i < t->processes.count; i++) {
        bytes_printf(w->out,
                     i ? ",{\"pid\":%d,\"name\":" : "{\"pid\":%d,\"name\":", t->processes.data[i].pid);
        json_put(w->out, trace_process_name(t, i));
        bytes_puts(w->out, "}");
    }
    bytes_puts(w->out, "],\n\"threads\":[");
    for (size_t i = 0; i < t->threads.count; i++) {
        const struct trace_thread *thread = &t->threads.data[i];
        int64_t start_ns = thread->start_ns ? thread->start_ns : t->first_ns;
        int64_t end_ns = thread->end_ns ? thread->end_ns : t->last_ns;
        bytes_printf(w->out, i ? ",\n{\"process\":%u,\"tid\":%d" : "{\"process\":%u,\"tid\":%d",
                     thread->process, thread->tid);
        bytes_printf(w->out, ",\"start\":%lld,\"end\":%lld,\"name\":", (long long)(start_ns - t->first_ns),
                     (long long)(end_ns - t->first_ns));
        json_put(w->out, trace_thread_name(t, thread));
        bytes_puts(w->out, "}");
    }
    bytes_puts(w->out, "]");
}

static void put_words(struct writing *w)
{
    char number[16];
    bytes_puts(w->out, ",\n\"reasons\":[");
    for (unsigned i = 0; i < TRACE_REASONS; i++)
        bytes_printf(w->out, i ? ",\"%s\"" : "\"%s\"", wait_reason_name(i));
    bytes_puts(w->out, "],\n\"calls\":{");
    for (size_t i = 0; i < w->trace->syscalls.count; i++) {
        uint32_t call = w->trace->syscalls.data[i].number;
        bytes_printf(w->out, i ? ",\"%u\":\"%s\"" : "\"%u\":\"%s\"", call,
                     syscall_name(call, number, sizeof(number)));
    }
    bytes_puts(w->out, "}");
}

/* Times within a slice are written as what they are past its start, and starts as what they are past the one
 * before: short numbers, which compress well. */
static void put_slices(struct writing *w)
{
    const struct slice *rows = w->slices.rows;
    size_t count = w->slices.count;
    int64_t first_ns = w->trace->first_ns;
    bytes_printf(w->out,
                 ",\n\"grain\":%lld,\"sumGrain\":%lld,\"merged\":%zu,\"pruned\":%zu,\"prunedTime\":%lld",
                 (long long)w->slices.grain_ns, (long long)w->slices.sum_grain_ns, w->slices.merged,
                 w->slices.pruned, (long long)w->slices.pruned_ns);
    bytes_printf(w->out, ",\n\"slices\":{\"count\":%zu", count);
    HTML_COLUMN(w->out, "thread", count, i, rows[i].thread);
    HTML_COLUMN(w->out, "kind", count, i, rows[i].kind);
    HTML_COLUMN(w->out, "detail", count, i, rows[i].detail);
    HTML_COLUMN(w->out, "start", count, i, rows[i].start_ns - (i ? rows[i - 1].start_ns : first_ns));
    HTML_COLUMN(w->out, "length", count, i, rows[i].end_ns - rows[i].start_ns);
    /* 0: it took as long as it is. */
    HTML_COLUMN(w->out, "sum", count, i,
                rows[i].sum_ns == rows[i].end_ns - rows[i].start_ns ? 0 : rows[i].sum_ns);
    HTML_COLUMN(w->out, "max", count, i, rows[i].max_ns == rows[i].sum_ns ? 0 : rows[i].max_ns);
    HTML_COLUMN(w->out, "times", count, i, rows[i].count);
    HTML_COLUMN(w->out, "failures", count, i, rows[i].failures);
    HTML_COLUMN(w->out, "open", count, i, rows[i].opened);
    HTML_COLUMN(w->out, "node", count, i, node_of(w, rows[i].thread, rows[i].stack));
    HTML_COLUMN(w->out, "waker", count, i, rows[i].waker == TRACE_NONE ? -1 : (int64_t)rows[i].waker);
    HTML_COLUMN(w->out, "wakerNode", count, i,
                rows[i].waker == TRACE_NONE ? 0 : node_of(w, rows[i].waker, rows[i].waker_stack));
    HTML_COLUMN(w->out, "wake", count, i,
                rows[i].waker == TRACE_NONE ? 0 : rows[i].wake_ns - rows[i].start_ns);
    /* Addresses have more bits than a number of JavaScript holds. */
    bytes_puts(w->out, ",\n\"object\":[");
    for (size_t i = 0; i < count; i++)
        if (rows[i].object)
            bytes_printf(w->out, i ? ",\"%llx\"" : "\"%llx\"", (unsigned long long)rows[i].object);
        else
            bytes_puts(w->out, i ? ",0" : "0");
    bytes_puts(w->out, "]}");
}

/* [time, thread, kind, name, task, value or message]: what the program told, in the order of time. */
static void put_told_row(struct writing *w, const struct timeline_step *step, bool is_first)
{
    const struct trace *t = w->trace;
    const struct trace_moment *told = &t->moments.data[step->moment];
    bytes_printf(w->out, is_first ? "[%lld,%u,%d," : ",\n[%lld,%u,%d,",
                 (long long)(step->time_ns - t->first_ns), step->thread,
                 (int)told->kind - TRACE_MOMENT_TASK_BEGIN);
    if (told->kind == TRACE_MOMENT_COUNTER) {
        json_put(w->out, names_text(&t->names, t->counters.data[told->detail].name));
        bytes_printf(w->out, ",0,%.17g]", told->level);
        return;
    }
    bool is_log = told->kind == TRACE_MOMENT_LOG;
    const struct trace_log *log = is_log ? &t->logs.data[told->detail] : NULL;
    uint32_t task = log ? log->task : (uint32_t)told->object;
    json_put(w->out, names_text(&t->names, log ? log->category : told->detail));
    bytes_printf(w->out, ",%llu,", task == TRACE_NONE ? 0 : (unsigned long long)t->tasks.data[task].number);
    if (log)
        json_put(w->out, names_text(&t->names, log->message));
    bytes_puts(w->out, log ? "]" : "0]");
}

static void put_told(struct writing *w)
{
    size_t shown = 0, left_out = 0;
    bytes_puts(w->out, ",\n\"told\":[");
    for (size_t i = 0; i < w->timeline.count; i++) {
        if (w->timeline.steps[i].kind != TIMELINE_USER)
            continue;
        if (shown == HTML_MAX_TOLD) {
            left_out++;
            continue;
        }
        put_told_row(w, &w->timeline.steps[i], shown == 0);
        shown++;
    }
    bytes_printf(w->out, "],\"toldLeftOut\":%zu", left_out);
}

static void put_all(struct writing *w)
{
    int64_t length_ns = w->trace->event_count ? w->trace->last_ns - w->trace->first_ns : 0;
    bytes_printf(w->out, ",\"kind\":\"trace\",\"first\":%d,\"length\":%lld",
                 w->report->graph_count == 1 && w->report->graphs[0].is_waiting, (long long)length_ns);
    put_threads(w);
    put_words(w);
    put_slices(w);
    put_told(w);
    html_put_nodes(w->out, &w->tree);
    bytes_printf(w->out, ",\n\"cut\":%llu", (unsigned long long)w->cut);
    html_put_names(w->out, &w->trace->names);
}

int html_put_trace(struct bytes *out, const struct report *report)
{
    struct writing w = {.out = out, .report = report, .trace = report->trace};
    w.has_several = trace_has_several_images(report->trace);
    w.frames = malloc(RESOLVED_WAIT_FRAMES * sizeof(*w.frames));
    map_init(&w.nodes);
    tree_init(&w.tree, &report->trace->names, HTML_MAX_NODES);
    w.error = w.frames ? timeline_make(report->trace, &w.timeline) : -ENOMEM;
    if (!w.error)
        w.error = slices_make(report->trace, &w.timeline, HTML_MAX_SLICES, &w.slices);
    if (!w.error)
        put_all(&w);
    slices_clear(&w.slices);
    timeline_clear(&w.timeline);
    tree_clear(&w.tree);
    map_clear(&w.nodes);
    free(w.frames);
    return w.error;
}
