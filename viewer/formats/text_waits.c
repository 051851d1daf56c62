/* The text summary of waits: who waited for what, and who ended it. */
#include "viewer/formats/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_FRAMES 5u /* of the longest wait's stack, from the leaf */

static int by_total(const void *left, const void *right)
{
    const struct trace_wait *a = left, *b = right;
    if (a->total_ns != b->total_ns)
        return a->total_ns > b->total_ns ? -1 : 1;
    if (a->object != b->object)
        return a->object < b->object ? -1 : 1;
    return a->reason < b->reason ? -1 : a->reason > b->reason;
}

static void put_thread(struct bytes *out, const struct trace *t, uint32_t thread)
{
    if (thread == TRACE_NONE)
        return;
    const struct trace_thread *about = &t->threads.data[thread];
    bytes_printf(out, "%d ", about->tid);
    text_put(out, trace_thread_name(t, about));
}

static void put_wakers(struct bytes *out, const struct trace *t, const struct trace_wait *wait)
{
    if (!wait->wakers[0].count)
        return;
    bytes_puts(out, "              woken by");
    for (size_t i = 0; i < TRACE_WAKERS && wait->wakers[i].count; i++) {
        bytes_puts(out, i ? ", " : " ");
        put_thread(out, t, wait->wakers[i].thread);
        bytes_printf(out, " (%" PRIu64 " times)", wait->wakers[i].count);
    }
    if (wait->other_wakes)
        bytes_printf(out, ", others (%" PRIu64 " times)", wait->other_wakes);
    bytes_puts(out, "\n");
}

static void put_wait(struct bytes *out, const struct report *report, const struct trace_wait *wait)
{
    struct trace *t = report->trace;
    struct frame frames[TREE_MAX_DEPTH];
    text_put_value(out, 12, wait->total_ns, "nanoseconds");
    bytes_printf(out, " %8" PRIu64, wait->count);
    text_put_value(out, 13, wait->max_ns, "nanoseconds");
    bytes_printf(out, "  %-10s 0x%" PRIx64, wait_reason_name(wait->reason), wait->object);
    if (t->processes.count > 1)
        bytes_printf(out, " of process %d", t->processes.data[wait->process].pid);
    if (wait->open_count)
        bytes_printf(out, " (%" PRIu64 " never returned)", wait->open_count);
    bytes_puts(out, "\n              longest: ");
    put_thread(out, t, wait->max_thread);
    bytes_puts(out, " in ");
    size_t count =
        resolved_stack(report->resolved, t, wait->process, wait->max_stack, frames, TREE_MAX_DEPTH);
    text_put_frames(out, report->names, frames, count, WAIT_FRAMES);
    bytes_puts(out, "\n");
    put_wakers(out, t, wait);
}

int text_put_waits(struct bytes *out, const struct report *report, size_t max_rows)
{
    const struct trace *t = report->trace;
    size_t count = t->waits.count;
    if (!count)
        return 0;
    struct trace_wait *sorted = malloc(count * sizeof(*sorted));
    if (!sorted)
        return -ENOMEM;
    memcpy(sorted, t->waits.data, count * sizeof(*sorted));
    qsort(sorted, count, sizeof(*sorted), by_total);
    bytes_puts(out, "\nWaits\n       total    count          max  reason     object\n");
    for (size_t i = 0; i < count && i < max_rows; i++)
        put_wait(out, report, &sorted[i]);
    if (count > max_rows)
        bytes_printf(out, "  … %zu more waits\n", count - max_rows);
    free(sorted);
    return 0;
}
