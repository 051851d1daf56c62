/* What a page says without script: where it is from, what is missing, and the largest rows of its tables. */
#include "viewer/formats/html_page.h"
#include "viewer/formats/notes.h"
#include "viewer/formats/value.h"
#include "viewer/formats/xml.h"
#include "viewer/model/top.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS "nanoseconds"
#define FACT_BYTES 4096
#define SEPARATOR ", "

static void put_fact(struct bytes *out, const char *name, const char *text)
{
    if (!*text)
        return;
    bytes_printf(out, "<div><dt>%s</dt><dd>", name);
    xml_put(out, text);
    bytes_puts(out, "</dd></div>\n");
}

static void put_count(struct bytes *out, const char *name, uint64_t count)
{
    char text[32];
    snprintf(text, sizeof(text), "%" PRIu64, count);
    put_fact(out, name, text);
}

static void put_time(struct bytes *out, int64_t real_ns)
{
    char text[64];
    time_t seconds = (time_t)(real_ns / 1000000000);
    struct tm utc;
    if (real_ns > 0 && gmtime_r(&seconds, &utc) &&
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &utc))
        put_fact(out, "Recorded", text);
}

static void put_duration(struct bytes *out, int64_t length_ns)
{
    char text[VALUE_TEXT_SIZE];
    if (length_ns > 0)
        put_fact(out, "Duration", value_text(length_ns, NS, text));
}

/* What the numbers are made of. */
static void put_sources(struct bytes *out, const struct trace *t)
{
    uint64_t samples = 0, waits = 0, calls = 0;
    char text[128];
    for (size_t i = 0; i < t->threads.count; i++)
        samples += t->threads.data[i].samples;
    for (size_t i = 0; i < t->waits.count; i++)
        waits += t->waits.data[i].count;
    for (size_t i = 0; i < t->syscalls.count; i++)
        calls += t->syscalls.data[i].count;
    snprintf(text, sizeof(text), "%" PRIu64 " CPU samples, %" PRIu64 " waits, %" PRIu64 " system calls",
             samples, waits, calls);
    put_fact(out, "Made of", text);
}

static void put_trace_facts(struct bytes *out, const struct trace *t)
{
    char text[FACT_BYTES];
    for (size_t i = 0; i < t->processes.count && i < HTML_MAX_ROWS; i++) {
        const struct trace_process *process = &t->processes.data[i];
        snprintf(text, sizeof(text), "%.*s (%d)", FACT_BYTES / 2,
                 process->is_described ? names_text(&t->names, process->cmdline) : "?", process->pid);
        put_fact(out, "Process", text);
    }
    if (t->processes.count > HTML_MAX_ROWS)
        put_count(out, "More processes", t->processes.count - HTML_MAX_ROWS);
    if (t->processes.count && t->processes.data[0].is_described) {
        put_fact(out, "Host", names_text(&t->names, t->processes.data[0].host));
        put_time(out, t->processes.data[0].real_ns);
    }
    put_duration(out, t->event_count ? t->last_ns - t->first_ns : 0);
    put_count(out, "Threads", t->threads.count);
    put_count(out, "Events", t->event_count);
    put_sources(out, t);
}

static void put_profile_facts(struct bytes *out, const struct profile *p)
{
    if (p->mappings.count)
        put_fact(out, "Program", profile_text(p, p->mappings.data[0].file));
    put_time(out, p->time_ns);
    put_duration(out, p->duration_ns);
    put_count(out, "Stacks", p->samples.count);
    for (size_t i = 0; i < p->comments.count && i < HTML_MAX_ROWS; i++)
        put_fact(out, "Comment", profile_text(p, p->comments.data[i]));
}

void html_put_facts(struct bytes *out, const struct report *report)
{
    struct bytes notes CLEANUP(bytes_clear);
    bytes_init(&notes, FACT_BYTES);
    bytes_puts(out, "<h1>");
    xml_put(out, report->title);
    bytes_puts(out, "</h1>\n<dl id=\"facts\">\n");
    if (report->trace)
        put_trace_facts(out, report->trace);
    else
        put_profile_facts(out, report->profile);
    bytes_puts(out, "</dl>\n");
    notes_put(&notes, report, SEPARATOR);
    if (notes.len) {
        bytes_puts(out, "<p id=\"loss\" role=\"alert\"><strong>Not all is here, times and counts are too "
                        "small:</strong>");
        bytes_puts(out, bytes_text(&notes) + strlen(SEPARATOR) - 1);
        bytes_puts(out, "</p>\n");
    }
}

static void put_head(struct bytes *out, const char *caption, const char *const *columns)
{
    bytes_puts(out, "<table><caption>");
    xml_put(out, caption);
    bytes_puts(out, "</caption>\n<tr>");
    for (; *columns; columns++)
        bytes_printf(out, "<th>%s</th>", *columns);
    bytes_puts(out, "</tr>\n");
}

static void put_value(struct bytes *out, int64_t value, const char *unit)
{
    char text[VALUE_TEXT_SIZE];
    bytes_puts(out, "<td>");
    xml_put(out, value_text(value, unit, text));
    bytes_puts(out, "</td>");
}

static void put_text(struct bytes *out, const char *text)
{
    bytes_puts(out, "<td>");
    xml_put(out, text);
    bytes_puts(out, "</td>");
}

static int put_functions(struct bytes *out, const struct report *report, const struct graph *graph)
{
    static const char *const columns[] = {"flat", "with callees", "function", NULL};
    struct top_row *rows;
    size_t count;
    int error = top_functions(&graph->tree, &rows, &count);
    if (error)
        return error;
    put_head(out, graph->title, columns);
    for (size_t i = 0; i < count && i < HTML_MAX_ROWS; i++) {
        bytes_puts(out, "<tr>");
        put_value(out, rows[i].flat, graph->unit);
        put_value(out, rows[i].cumulative, graph->unit);
        put_text(out, names_text(report->names, rows[i].name));
        bytes_puts(out, "</tr>\n");
    }
    bytes_puts(out, "</table>\n");
    free(rows);
    return 0;
}

static void put_threads(struct bytes *out, const struct trace *t)
{
    static const char *const columns[] = {"thread", "name", "on CPU", "waiting", NULL};
    put_head(out, "Threads", columns);
    for (size_t i = 0; i < t->threads.count && i < HTML_MAX_ROWS; i++) {
        bytes_puts(out, "<tr>");
        put_value(out, t->threads.data[i].tid, "id");
        put_text(out, trace_thread_name(t, &t->threads.data[i]));
        put_value(out, t->threads.data[i].run_ns, NS);
        put_value(out, trace_blocked_ns(&t->threads.data[i]), NS);
        bytes_puts(out, "</tr>\n");
    }
    bytes_puts(out, "</table>\n");
}

int html_put_tables(struct bytes *out, const struct report *report)
{
    int error = 0;
    bytes_puts(out, "<p>Without script this page shows no more than the largest rows.</p>\n");
    if (report->trace)
        put_threads(out, report->trace);
    for (size_t i = 0; i < report->graph_count && !error; i++)
        error = put_functions(out, report, &report->graphs[i]);
    return error;
}
