/* The text summary of scheduling: how long each thread ran, and stood ready to. */
#include "viewer/formats/text.h"

#include "viewer/formats/value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NS "nanoseconds"

/* Switches tell exactly, counts only what was at their last reading. */
static int64_t run_ns(const struct trace_sched *sched)
{
    return sched->run_ns ? sched->run_ns : sched->counted_run_ns;
}

static int by_run(const void *left, const void *right)
{
    const struct trace_sched *a = left, *b = right;
    if (run_ns(a) != run_ns(b))
        return run_ns(a) > run_ns(b) ? -1 : 1;
    return (a->tid > b->tid) - (a->tid < b->tid);
}

static void put_row(struct bytes *out, const struct trace *t, const struct trace_sched *sched)
{
    struct bytes name CLEANUP(bytes_clear);
    bytes_init(&name, 4 * NAME_MAX_BYTES);
    text_put(&name, trace_thread_name(t, &t->threads.data[sched->thread]));
    bytes_printf(out, "%12d  %-*s ", (int)sched->tid, value_width(16, bytes_text(&name)), bytes_text(&name));
    text_put_value(out, 11, run_ns(sched), NS);
    text_put_value(out, 13, sched->counted_ready_ns, NS);
    if (sched->run_ns) {
        text_put_value(out, 13, sched->preempted_ns, NS);
        bytes_printf(out, " %10" PRIu64 " %10" PRIu64, sched->preempted, sched->blocked);
    }
    bytes_puts(out, "\n");
}

static void put_head(struct bytes *out, const struct trace *t)
{
    bool is_perf = strcmp(names_text(&t->names, t->sched_source), "perf") == 0;
    bytes_puts(out, is_perf ? "\nScheduling (by perf's switch records)\n"
                            : "\nScheduling (by schedstat; no switch records: ");
    if (!is_perf) {
        text_put(out, names_text(&t->names, t->sched_problem));
        bytes_puts(out, ")\n");
    }
    bytes_puts(out, "         tid  name                     run    run queue");
    bytes_puts(out, is_perf ? "    preempted      times    blocked\n" : "\n");
    if (t->sched_lost)
        bytes_printf(out, "  %" PRIu64 " switches lost\n", t->sched_lost);
}

int text_put_sched(struct bytes *out, const struct trace *t, size_t max_rows)
{
    struct trace_sched *sorted = t->has_sched ? calloc(t->scheds.count + 1, sizeof(*sorted)) : NULL;
    if (!sorted)
        return t->has_sched ? -ENOMEM : 0;
    size_t shown = 0, more = 0;
    if (t->scheds.count)
        memcpy(sorted, t->scheds.data, t->scheds.count * sizeof(*sorted));
    qsort(sorted, t->scheds.count, sizeof(*sorted), by_run);
    put_head(out, t);
    for (size_t i = 0; i < t->scheds.count; i++) {
        if (sorted[i].thread == TRACE_NONE)
            continue;
        if (shown++ < max_rows)
            put_row(out, t, &sorted[i]);
        else
            more++;
    }
    if (more)
        bytes_printf(out, "  … %zu more threads\n", more);
    free(sorted);
    return 0;
}
