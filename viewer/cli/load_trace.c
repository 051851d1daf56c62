/* A trace folder to a report. */
#include "viewer/cli/load.h"

#include "exporters/symbols/symbolize.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/memory.h"
#include "viewer/ctf/reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void on_event(void *context, const struct trace_event *event)
{
    struct trace *t = context;
    trace_event(t, event);
}

static void on_lost(void *context, const struct trace_loss *loss)
{
    trace_lose(context, loss);
}

static void on_warning(void *context, const char *what, const char *why)
{
    (void)context;
    fprintf(stderr, "preflame: skipped %s: %.300s\n", what, why);
}

static int add_graph(struct loaded *l, bool is_waiting, bool is_reversed)
{
    struct graph *graph = &l->report.graphs[l->report.graph_count++];
    *graph = (struct graph){.title = is_waiting ? "Off-CPU time" : "On-CPU time",
                            .key = is_waiting ? "off-cpu" : "on-cpu",
                            .unit = "nanoseconds",
                            .is_waiting = is_waiting};
    tree_init(&graph->tree, &l->trace.names, TREE_MAX_NODES);
    graph->tree.is_reversed = is_reversed;
    int error = tree_add_trace(&graph->tree, &l->resolved, &l->trace, is_waiting);
    return error ? error : tree_finish(&graph->tree);
}

/* Of each kind: its heading, and what pprof calls its two values. */
static const struct {
    const char *title, *count_key, *key;
} derived_graphs[DERIVED_COUNT] = {
    [DERIVED_NET] = {"Network and pipe waits", "contentions", "delay"},
    [DERIVED_SYNC] = {"Waits for other threads", "contentions", "delay"},
    [DERIVED_SYSCALL] = {"Waits in system calls", "calls", "time"},
    [DERIVED_SCHED] = {"Time from wake to run, by who woke", "wakes", "delay"},
    [DERIVED_WAKEUP] = {"Waits, by who ended them", "wakes", "delay"},
};

/* How often and how long; where nobody asks how often, that is left out again. */
static int add_derived(struct loaded *l, enum derived_kind kind, const struct load_options *options)
{
    struct tree counts, delays;
    tree_init(&counts, &l->trace.names, TREE_MAX_NODES);
    tree_init(&delays, &l->trace.names, TREE_MAX_NODES);
    counts.is_reversed = delays.is_reversed = options->is_reversed;
    int error = derived_add(&counts, &delays, kind, &l->resolved, &l->trace);
    if (options->wants_counts)
        l->report.graphs[l->report.graph_count++] = (struct graph){.title = derived_graphs[kind].title,
                                                                   .key = derived_graphs[kind].count_key,
                                                                   .unit = "count",
                                                                   .is_waiting = true,
                                                                   .tree = counts};
    else
        tree_clear(&counts);
    l->report.graphs[l->report.graph_count++] = (struct graph){.title = derived_graphs[kind].title,
                                                               .key = derived_graphs[kind].key,
                                                               .unit = "nanoseconds",
                                                               .is_waiting = true,
                                                               .tree = delays};
    for (size_t i = 0; i < l->report.graph_count && !error; i++)
        error = tree_finish(&l->report.graphs[i].tree);
    return error;
}

static int symbolize(const struct profile *in, struct profile **ret)
{
    struct symbolize_options options = {.root = ""};
    return symbolize_profile(in, &options, ret);
}

static int build(struct loaded *l, const struct load_options *options)
{
    int error = trace_finish(&l->trace);
    if (!error)
        error = resolve_trace(&l->trace, symbolize, &l->resolved);
    bool is_derived = options->kind >= VIEW_KIND_DERIVED;
    if (!error && is_derived)
        error = add_derived(l, (enum derived_kind)(options->kind - VIEW_KIND_DERIVED), options);
    if (!error && !is_derived && options->kind != VIEW_KIND_OFFCPU)
        error = add_graph(l, false, options->is_reversed);
    if (!error && !is_derived && options->kind != VIEW_KIND_ONCPU)
        error = add_graph(l, true, options->is_reversed);
    for (size_t i = 0; i < l->resolved.count; i++)
        if (l->resolved.processes[i].failed_symbolize)
            fprintf(stderr, "preflame: no function names for process %d: %s; addresses are shown\n",
                    l->trace.processes.data[i].pid, strerror((int)l->resolved.processes[i].failed_symbolize));
    return error;
}

static int fail(const char *path, int error)
{
    if (error == -ENODATA)
        fprintf(stderr,
                "preflame: no readable CTF trace (a folder with a file `metadata`) below '%s'; "
                "give the folder that `preflame record -o` wrote\n",
                path);
    else if (error == -ENOTSUP)
        fprintf(stderr, "preflame: Babeltrace 2 has no CTF plugin here; install libbabeltrace2-0\n");
    else
        fprintf(stderr, "preflame: cannot read trace '%s': %s\n", path, strerror(-error));
    return EXIT_FAILED;
}

/* A loss makes every number below a lower bound: the user hears of it in any format. */
static void warn_of_loss(const struct trace *t)
{
    if (t->lost_events || t->lost_packets)
        fprintf(stderr,
                "preflame: the tracer lost %" PRIu64 " events and %" PRIu64
                " packets; times shown are too small\n",
                t->lost_events, t->lost_packets);
}

int load_trace(struct loaded *l, const char *path, const struct load_options *options)
{
    struct reader_calls calls = {on_event, on_lost, on_warning, &l->trace};
    struct reader_result result;
    memory_cap();
    l->trace.wants_moments = options->wants_moments || options->kind >= VIEW_KIND_DERIVED;
    int error = reader_run(path, options->is_careful, &calls, &result);
    l->trace.read_traces = result.read_traces;
    l->trace.skipped_traces = result.skipped_traces;
    l->trace.broken_streams = result.broken_streams;
    /* What was read before the end is worth showing. */
    if (error == -EIO && l->trace.event_count) {
        l->trace.broken_streams++;
        error = 0;
    }
    if (!error)
        error = build(l, options);
    if (error)
        return fail(path, error);
    l->report.names = &l->trace.names;
    l->report.trace = &l->trace;
    l->report.resolved = &l->resolved;
    warn_of_loss(&l->trace);
    return EXIT_DONE;
}
