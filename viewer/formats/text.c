/* The text summary: its frame, and what every call tree says. */
#include "viewer/formats/text.h"

#include "viewer/formats/notes.h"
#include "viewer/formats/value.h"
#include "viewer/formats/xml.h"
#include "viewer/model/top.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#define STACK_FRAMES 12u /* of the costliest stacks, from the leaf */

void text_put(struct bytes *out, const char *text)
{
    size_t size;
    for (; *text; text += size) {
        uint32_t code = xml_character(text, &size);
        if (code == 0xfffd)
            bytes_puts(out, "\xef\xbf\xbd");
        else if (code == ' ')
            bytes_puts(out, " ");
        else
            bytes_put(out, text, size);
    }
}

void text_put_value(struct bytes *out, int columns, int64_t value, const char *unit)
{
    char text[VALUE_TEXT_SIZE];
    value_text(value, unit, text);
    bytes_printf(out, "%*s", value_width(columns, text), text);
}

void text_put_frames(struct bytes *out, const struct names *names, const struct frame *frames, size_t count,
                     size_t max)
{
    for (size_t i = 0; i < count && i < max; i++) {
        bytes_puts(out, i ? " < " : "");
        text_put(out, names_text(names, frames[count - 1 - i].name));
    }
    if (count > max)
        bytes_puts(out, " < …");
}

static void put_functions(struct bytes *out, const struct report *report, const struct graph *graph,
                          const struct top_row *rows, size_t count, size_t max_rows)
{
    int64_t whole = graph->tree.nodes[TREE_ROOT].total;
    double sum = 0;
    bytes_puts(out, "        flat   flat%    sum%         cum    cum%  name\n");
    for (size_t i = 0; i < count && i < max_rows; i++) {
        sum += percent_of(rows[i].flat, whole);
        text_put_value(out, 12, rows[i].flat, graph->unit);
        bytes_printf(out, " %6.2f%% %6.2f%% ", percent_of(rows[i].flat, whole), sum);
        text_put_value(out, 11, rows[i].cumulative, graph->unit);
        bytes_printf(out, " %6.2f%%  ", percent_of(rows[i].cumulative, whole));
        text_put(out, names_text(report->names, rows[i].name));
        bytes_puts(out, "\n");
    }
    if (count > max_rows)
        bytes_printf(out, "  … %zu more functions\n", count - max_rows);
}

static int put_stacks(struct bytes *out, const struct report *report, const struct graph *graph,
                      size_t max_rows)
{
    uint32_t *nodes, path[TREE_MAX_DEPTH + 1];
    struct frame frames[TREE_MAX_DEPTH + 1];
    size_t count;
    int error = top_stacks(&graph->tree, max_rows, &nodes, &count);
    if (error)
        return error;
    bytes_puts(out, "\n  Costliest stacks, leaf first\n");
    for (size_t i = 0; i < count; i++) {
        size_t depth = tree_path(&graph->tree, nodes[i], path, TREE_MAX_DEPTH + 1);
        for (size_t frame = 0; frame < depth; frame++)
            frames[frame] = (struct frame){.name = graph->tree.nodes[path[frame]].name};
        int64_t cost = graph->tree.nodes[nodes[i]].self;
        text_put_value(out, 12, cost, graph->unit);
        bytes_printf(out, " %6.2f%%  ", percent_of(cost, graph->tree.nodes[TREE_ROOT].total));
        text_put_frames(out, report->names, frames, depth, STACK_FRAMES);
        bytes_puts(out, "\n");
    }
    free(nodes);
    return 0;
}

/* The table of functions and the costliest stacks of one graph. */
static int put_graph(struct bytes *out, const struct report *report, const struct graph *graph,
                     size_t max_rows)
{
    char total[VALUE_TEXT_SIZE];
    bytes_printf(out, "\n%s: %s\n", graph->title,
                 value_text(graph->tree.nodes[TREE_ROOT].total, graph->unit, total));
    if (!graph->tree.nodes[TREE_ROOT].total) {
        bytes_puts(out, "  nothing was recorded\n");
        return 0;
    }
    struct top_row *rows;
    size_t count;
    int error = top_functions(&graph->tree, &rows, &count);
    if (error)
        return error;
    put_functions(out, report, graph, rows, count, max_rows);
    free(rows);
    return put_stacks(out, report, graph, max_rows / 2);
}

int write_text(const struct report *report, const struct format_options *options, struct bytes *out)
{
    int error = 0;
    text_put(out, report->title);
    bytes_puts(out, "\n");
    bool is_comparison = report->graph_count && report->graphs[0].changes;
    if (report->trace)
        error = text_put_trace(out, report, options->max_rows);
    else if (!is_comparison)
        text_put_profile(out, report, options->max_rows);
    struct bytes notes CLEANUP(bytes_clear);
    bytes_init(&notes, 4096);
    notes_put(&notes, report, "\n  ");
    if (notes.len)
        bytes_printf(out, "\nMissing%s\n", bytes_text(&notes));
    for (size_t i = 0; i < report->graph_count && !error; i++)
        error = is_comparison ? text_put_changes(out, report, &report->graphs[i], options->max_rows)
                              : put_graph(out, report, &report->graphs[i], options->max_rows);
    return error ? error : out->error;
}
