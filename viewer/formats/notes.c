/* What is missing from a report. */
#include "viewer/formats/notes.h"

#include <inttypes.h>

static void put_count(struct bytes *out, uint64_t count, const char *what, const char *separator)
{
    if (count)
        bytes_printf(out, "%s%" PRIu64 " %s", separator, count, what);
}

static void put_trace(struct bytes *out, const struct trace *t, const char *separator)
{
    uint64_t samples = 0, stacks = 0, truncated = 0;
    for (size_t i = 0; i < t->processes.count; i++) {
        samples += t->processes.data[i].dropped_samples;
        stacks += t->processes.data[i].dropped_stacks;
        truncated += t->processes.data[i].truncated_stacks;
    }
    put_count(out, t->lost_events, "events discarded by the tracer", separator);
    put_count(out, t->lost_packets, "packets lost by the tracer", separator);
    put_count(out, samples, "samples dropped in the program", separator);
    put_count(out, stacks, "stacks dropped in the program", separator);
    put_count(out, truncated, "stacks truncated in the program", separator);
    put_count(out, t->skipped_traces, "trace folders unreadable", separator);
    put_count(out, t->broken_streams, "streams broken off", separator);
    put_count(out, t->refused, "entries beyond the viewer's limits", separator);
}

void notes_put(struct bytes *out, const struct report *report, const char *separator)
{
    if (report->trace)
        put_trace(out, report->trace, separator);
    uint64_t cut = 0, skipped = 0;
    for (size_t i = 0; i < report->graph_count; i++) {
        cut += report->graphs[i].tree.cut_stacks;
        skipped += report->graphs[i].tree.skipped;
    }
    put_count(out, cut, "stacks cut to the viewer's limits", separator);
    put_count(out, skipped, "samples without a positive value", separator);
    put_count(out, report->names->refused, "names beyond the viewer's limits", separator);
}
