/* The text summary of a trace: processes, threads, events, system calls. */
#include "viewer/formats/text.h"

#include "base/syscall_names.h"
#include "viewer/formats/value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NS "nanoseconds"

static void put_processes(struct bytes *out, const struct trace *t)
{
    char text[VALUE_TEXT_SIZE];
    int64_t length_ns = t->event_count ? t->last_ns - t->first_ns : 0;
    bytes_printf(out, "Duration: %s\n", value_text(length_ns, NS, text));
    for (size_t i = 0; i < t->processes.count; i++) {
        const struct trace_process *process = &t->processes.data[i];
        bytes_printf(out, "Process %d: ", process->pid);
        if (process->is_described)
            text_put(out, names_text(&t->names, process->cmdline));
        else
            bytes_puts(out, "? (the trace holds no process event)");
        bytes_puts(out, "\n");
    }
}

static void put_events(struct bytes *out, const struct trace *t, size_t max_rows)
{
    bytes_printf(out, "Events: %" PRIu64 "\n", t->event_count);
    for (size_t i = 0; i < t->event_counts.count; i++) {
        bytes_printf(out, "%12" PRIu64 "  ", t->event_counts.data[i].count);
        text_put(out, names_text(&t->names, t->event_counts.data[i].name));
        bytes_puts(out, "\n");
    }
    bytes_printf(out, "Lost: %" PRIu64 " events, %" PRIu64 " packets\n", t->lost_events, t->lost_packets);
    for (size_t i = 0; i < t->losses.count && i < max_rows; i++) {
        const struct trace_loss *loss = &t->losses.data[i];
        bytes_printf(out, "  %" PRIu64 " events, %" PRIu64 " packets", loss->events, loss->packets);
        if (loss->until_ns && t->event_count) {
            text_put_value(out, 14, loss->since_ns - t->first_ns, NS);
            bytes_puts(out, " to");
            text_put_value(out, 12, loss->until_ns - t->first_ns, NS);
        }
        bytes_puts(out, "\n");
    }
    if (t->losses.count > max_rows)
        bytes_printf(out, "  … %zu more losses\n", t->losses.count - max_rows);
}

static int by_time(const void *left, const void *right)
{
    const struct trace_thread *a = *(const struct trace_thread *const *)left;
    const struct trace_thread *b = *(const struct trace_thread *const *)right;
    if (a->run_ns != b->run_ns)
        return a->run_ns > b->run_ns ? -1 : 1;
    int64_t blocked_a = trace_blocked_ns(a), blocked_b = trace_blocked_ns(b);
    if (blocked_a != blocked_b)
        return blocked_a > blocked_b ? -1 : 1;
    return a < b ? -1 : a > b;
}

static void put_reasons(struct bytes *out, const struct trace_thread *thread)
{
    char text[VALUE_TEXT_SIZE];
    const char *before = "  ";
    for (unsigned reason = 0; reason < TRACE_REASONS; reason++) {
        if (!thread->blocked_ns[reason])
            continue;
        bytes_printf(out, "%s%s %s", before, wait_reason_name(reason),
                     value_text(thread->blocked_ns[reason], NS, text));
        before = ", ";
    }
}

static int put_threads(struct bytes *out, const struct trace *t, size_t max_rows)
{
    const struct trace_thread **sorted =
        calloc(t->threads.count ? t->threads.count : 1, sizeof(const void *));
    if (!sorted)
        return -ENOMEM;
    for (size_t i = 0; i < t->threads.count; i++)
        sorted[i] = &t->threads.data[i];
    qsort(sorted, t->threads.count, sizeof(const void *), by_time);
    bytes_puts(out, "\nThreads\n         tid  name                     run      blocked  by reason\n");
    for (size_t i = 0; i < t->threads.count && i < max_rows; i++) {
        struct bytes name;
        bytes_init(&name, 4 * NAME_MAX_BYTES);
        text_put(&name, trace_thread_name(t, sorted[i]));
        bytes_printf(out, "%12d  %-*s ", sorted[i]->tid, value_width(16, bytes_text(&name)),
                     bytes_text(&name));
        bytes_clear(&name);
        text_put_value(out, 11, sorted[i]->run_ns, NS);
        text_put_value(out, 13, trace_blocked_ns(sorted[i]), NS);
        put_reasons(out, sorted[i]);
        bytes_puts(out, "\n");
    }
    if (t->threads.count > max_rows)
        bytes_printf(out, "  … %zu more threads\n", t->threads.count - max_rows);
    free(sorted);
    return 0;
}

static int by_total(const void *left, const void *right)
{
    const struct trace_syscall *a = left, *b = right;
    if (a->total_ns != b->total_ns)
        return a->total_ns > b->total_ns ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

static int put_syscalls(struct bytes *out, const struct trace *t, size_t max_rows)
{
    size_t count = t->syscalls.count;
    if (!count)
        return 0;
    struct trace_syscall *sorted = malloc(count * sizeof(*sorted));
    if (!sorted)
        return -ENOMEM;
    memcpy(sorted, t->syscalls.data, count * sizeof(*sorted));
    qsort(sorted, count, sizeof(*sorted), by_total);
    bytes_puts(out, "\nSystem calls\n       total    count          max   failed  name\n");
    for (size_t i = 0; i < count && i < max_rows; i++) {
        char number[16];
        text_put_value(out, 12, sorted[i].total_ns, NS);
        bytes_printf(out, " %8" PRIu64, sorted[i].count);
        text_put_value(out, 13, sorted[i].max_ns, NS);
        bytes_printf(out, " %8" PRIu64 "  %s\n", sorted[i].failures,
                     syscall_name(sorted[i].number, number, sizeof(number)));
    }
    free(sorted);
    return 0;
}

int text_put_trace(struct bytes *out, const struct report *report, size_t max_rows)
{
    put_processes(out, report->trace);
    put_events(out, report->trace, max_rows);
    int error = put_threads(out, report->trace, max_rows);
    if (!error)
        error = text_put_sched(out, report->trace, max_rows);
    if (!error)
        error = text_put_waits(out, report, max_rows);
    if (!error)
        error = put_syscalls(out, report->trace, max_rows);
    return error ? error : text_put_user(out, report->trace, max_rows);
}
