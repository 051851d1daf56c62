/* The text summary of what the program told of itself: tasks, regions, counters, logs. */
#include "viewer/formats/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NS "nanoseconds"

static int by_total(const void *left, const void *right)
{
    const struct trace_span *a = left, *b = right;
    if (a->total_ns != b->total_ns)
        return a->total_ns > b->total_ns ? -1 : 1;
    return (a->name > b->name) - (a->name < b->name);
}

static void put_spans(struct bytes *out, const struct trace *t, const struct trace_span *sorted,
                      enum trace_span_kind kind, size_t max_rows)
{
    size_t shown = 0;
    for (size_t i = 0; i < t->spans.count && shown < max_rows; i++) {
        if (sorted[i].kind != kind)
            continue;
        if (!shown++)
            bytes_printf(out, "\n%s\n       total    count          max  name\n",
                         kind == TRACE_SPAN_TASK ? "Tasks" : "Regions");
        text_put_value(out, 12, sorted[i].total_ns, NS);
        bytes_printf(out, " %8" PRIu64, sorted[i].count);
        text_put_value(out, 13, sorted[i].max_ns, NS);
        bytes_puts(out, "  ");
        text_put(out, names_text(&t->names, sorted[i].name));
        bytes_puts(out, "\n");
    }
}

static void put_counters(struct bytes *out, const struct trace *t, size_t max_rows)
{
    if (t->counters.count)
        bytes_puts(out, "\nCounters\n        last          min          max    count  name\n");
    for (size_t i = 0; i < t->counters.count && i < max_rows; i++) {
        const struct trace_counter *counter = &t->counters.data[i];
        bytes_printf(out, "%12g %12g %12g %8" PRIu64 "  ", counter->last, counter->min, counter->max,
                     counter->count);
        text_put(out, names_text(&t->names, counter->name));
        bytes_puts(out, "\n");
    }
}

static void put_logs(struct bytes *out, const struct trace *t, size_t max_rows)
{
    if (t->logs.count)
        bytes_puts(out, "\nLogs\n          at         tid  category: message\n");
    for (size_t i = 0; i < t->logs.count && i < max_rows; i++) {
        const struct trace_log *log = &t->logs.data[i];
        text_put_value(out, 12, log->time_ns - t->first_ns, NS);
        bytes_printf(out, "%12d  ", t->threads.data[log->thread].tid);
        text_put(out, names_text(&t->names, log->category));
        bytes_puts(out, ": ");
        text_put(out, names_text(&t->names, log->message));
        bytes_puts(out, "\n");
    }
    if (t->logs.count > max_rows)
        bytes_printf(out, "  … %zu more\n", t->logs.count - max_rows);
}

int text_put_user(struct bytes *out, const struct trace *t, size_t max_rows)
{
    struct trace_span *sorted = calloc(t->spans.count + 1, sizeof(*sorted));
    if (!sorted)
        return -ENOMEM;
    if (t->spans.count)
        memcpy(sorted, t->spans.data, t->spans.count * sizeof(*sorted));
    qsort(sorted, t->spans.count, sizeof(*sorted), by_total);
    put_spans(out, t, sorted, TRACE_SPAN_TASK, max_rows);
    put_spans(out, t, sorted, TRACE_SPAN_REGION, max_rows);
    put_counters(out, t, max_rows);
    put_logs(out, t, max_rows);
    free(sorted);
    return 0;
}
