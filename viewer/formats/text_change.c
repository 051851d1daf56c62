/* The text summary of a difference: functions by how much they changed. */
#include "viewer/formats/text.h"

#include "viewer/formats/value.h"
#include "viewer/model/compare.h"

#include <stdio.h>
#include <stdlib.h>

/* With its sign, for what grew too. */
static void put_change(struct bytes *out, int columns, int64_t before, int64_t after, const char *unit)
{
    char number[VALUE_TEXT_SIZE], text[VALUE_TEXT_SIZE + 1];
    value_text(after - before, unit, number);
    snprintf(text, sizeof(text), "%s%s", after > before ? "+" : "", number);
    bytes_printf(out, "%*s", value_width(columns, text), text);
}

static void put_row(struct bytes *out, const struct report *report, const struct graph *graph,
                    const struct change_row *row)
{
    const struct change *change = &row->change, *all = &graph->changes[TREE_ROOT];
    put_change(out, 12, change->before_self, change->after_self, graph->unit);
    text_put_value(out, 12, change->before_self, graph->unit);
    bytes_printf(out, " %6.2f%%", percent_of(change->before_self, all->before));
    text_put_value(out, 12, change->after_self, graph->unit);
    bytes_printf(out, " %6.2f%%", percent_of(change->after_self, all->after));
    put_change(out, 13, change->before, change->after, graph->unit);
    bytes_puts(out, "  ");
    text_put(out, names_text(report->names, row->name));
    bytes_puts(out, "\n");
}

int text_put_changes(struct bytes *out, const struct report *report, const struct graph *graph,
                     size_t max_rows)
{
    const struct change *all = &graph->changes[TREE_ROOT];
    char before[VALUE_TEXT_SIZE], after[VALUE_TEXT_SIZE];
    bytes_printf(out, "\n%s: %s before, %s after", graph->title, value_text(all->before, graph->unit, before),
                 value_text(all->after, graph->unit, after));
    if (all->before)
        bytes_printf(out, " (%+.2f%%)", percent_of(all->after, all->before) - 100);
    bytes_puts(out, "\n");
    struct change_row *rows;
    size_t count;
    int error = compare_functions(graph, &rows, &count);
    if (error)
        return error;
    bytes_puts(out, "      change      before   share       after   share   cum change  name\n");
    for (size_t i = 0; i < count && i < max_rows; i++)
        put_row(out, report, graph, &rows[i]);
    if (count > max_rows)
        bytes_printf(out, "  … %zu more functions\n", count - max_rows);
    free(rows);
    return 0;
}
