/* The flame graph as one SVG file: complete without script, better with it. */
#include "viewer/formats/format.h"
#include "viewer/formats/notes.h"
#include "viewer/formats/svg_palette.h"
#include "viewer/formats/value.h"
#include "viewer/formats/xml.h"
#include "viewer/model/layout.h"

#include <inttypes.h>
#include <stdbool.h>

#define PAD_PX 12.0
#define ROW_PX 18u     /* from box to box */
#define BOX_PX 17u     /* height of a box: the rest is the gap */
#define HEAD_PX 64u    /* title and notes */
#define HEADING_PX 48u /* above the boxes of each graph */
#define CELL_PX 7.3    /* width of one letter of the 12 px font; flame.js knows it too */
#define MIN_CELLS 3u   /* shorter labels say nothing */

static const unsigned char style[] = {
#include "flame_css.h"
};
static const unsigned char script[] = {
#include "flame_js.h"
};

struct canvas {
    const struct report *report;
    const struct format_options *options;
    struct bytes *out;
    unsigned top_px; /* where the next graph begins */
};

static unsigned rows_px(const struct layout *layout)
{
    return (layout->max_depth + 1) * ROW_PX;
}

/* The lines of a box' title below its name. */
static void put_costs(struct bytes *out, const struct graph *graph, uint32_t index)
{
    const struct tree_node *node = &graph->tree.nodes[index];
    int64_t whole = graph->tree.nodes[TREE_ROOT].total;
    char left[VALUE_TEXT_SIZE], right[VALUE_TEXT_SIZE];
    if (!graph->changes) {
        bytes_printf(out, "\ntotal %s (%.2f %%)\nself %s (%.2f %%)",
                     value_text(node->total, graph->unit, left), percent_of(node->total, whole),
                     value_text(node->self, graph->unit, right), percent_of(node->self, whole));
        return;
    }
    const struct change *change = &graph->changes[index], *all = &graph->changes[TREE_ROOT];
    bytes_printf(out, "\nbefore %s (%.2f %%)\nafter %s (%.2f %%)",
                 value_text(change->before, graph->unit, left), percent_of(change->before, all->before),
                 value_text(change->after, graph->unit, right), percent_of(change->after, all->after));
    bytes_printf(out, "\nchange %s%s\nself %s%s", change->after > change->before ? "+" : "",
                 value_text(change->after - change->before, graph->unit, left),
                 change->after_self > change->before_self ? "+" : "",
                 value_text(change->after_self - change->before_self, graph->unit, right));
}

static const char *class_of(const struct graph *graph, uint32_t node, const char *name, char *ret)
{
    if (!graph->changes)
        return svg_class(name, node == TREE_ROOT, graph->is_waiting, ret);
    return svg_change_class(graph->changes[node].before, graph->changes[node].after, ret);
}

static void put_box(const struct canvas *canvas, const struct graph *graph, const struct layout *layout,
                    const struct layout_box *box)
{
    const struct tree_node *node = &graph->tree.nodes[box->node];
    const char *name = names_text(canvas->report->names, node->name);
    int64_t whole = graph->tree.nodes[TREE_ROOT].total;
    double scale = whole ? (canvas->options->width_px - 2 * PAD_PX) / (double)whole : 0;
    double x = PAD_PX + (double)box->start * scale, width = (double)node->total * scale;
    unsigned row = canvas->options->is_inverted ? box->depth : layout->max_depth - box->depth;
    unsigned y = canvas->top_px + HEADING_PX + row * ROW_PX;
    char class[SVG_CLASS_SIZE];
    bytes_printf(canvas->out,
                 "<g class=\"b %s%s\" data-s=\"%" PRId64 "\" data-t=\"%" PRId64 "\" data-d=\"%u\"><title>",
                 class_of(graph, box->node, name, class), node->is_inlined ? " i" : "", box->start,
                 node->total, box->depth);
    xml_put(canvas->out, name);
    put_costs(canvas->out, graph, box->node);
    bytes_printf(canvas->out, "%s</title>", node->is_inlined ? "\ninlined" : "");
    bytes_printf(canvas->out, "<rect x=\"%.4f\" y=\"%u\" width=\"%.4f\" height=\"%u\"/>", x, y, width,
                 BOX_PX);
    size_t cells = width > 6 ? (size_t)((width - 6) / CELL_PX) : 0;
    if (cells >= MIN_CELLS) {
        bytes_printf(canvas->out, "<text x=\"%.2f\" y=\"%.1f\">", x + 4, y + 12.5);
        xml_put_cells(canvas->out, name, cells);
        bytes_puts(canvas->out, "</text>");
    }
    bytes_puts(canvas->out, "</g>\n");
}

static void put_graph(struct canvas *canvas, const struct graph *graph, const struct layout *layout)
{
    char text[VALUE_TEXT_SIZE];
    int64_t whole = graph->tree.nodes[TREE_ROOT].total;
    bytes_printf(
        canvas->out,
        "<g class=\"graph\">\n<line class=\"rule\" x1=\"0\" x2=\"100%%\" y1=\"%u.5\" y2=\"%u.5\"/>\n",
        canvas->top_px, canvas->top_px);
    bytes_printf(canvas->out, "<text class=\"heading\" x=\"%.0f\" y=\"%u\">", PAD_PX, canvas->top_px + 21);
    xml_put(canvas->out, graph->title);
    if (graph->changes) {
        const struct change *all = &graph->changes[TREE_ROOT];
        bytes_printf(canvas->out, ": %s before, ", value_text(all->before, graph->unit, text));
        bytes_printf(canvas->out, "%s after", value_text(all->after, graph->unit, text));
    } else {
        bytes_printf(canvas->out, ": %s", value_text(whole, graph->unit, text));
    }
    bytes_printf(canvas->out, "</text>\n<text class=\"detail\" x=\"%.0f\" y=\"%u\">", PAD_PX,
                 canvas->top_px + 40);
    if (!whole)
        bytes_puts(canvas->out, "Nothing was recorded.");
    bytes_printf(canvas->out, "</text>\n<text class=\"matched\" x=\"%.0f\" y=\"%u\"></text>\n",
                 canvas->options->width_px - PAD_PX, canvas->top_px + 21);
    for (size_t i = 0; whole && i < layout->count && !canvas->out->error; i++)
        put_box(canvas, graph, layout, &layout->boxes[i]);
    bytes_puts(canvas->out, "</g>\n");
    canvas->top_px += HEADING_PX + rows_px(layout) + 14;
}

static void put_notes(const struct canvas *canvas, const struct layout *layouts)
{
    struct bytes notes;
    bytes_init(&notes, 4096);
    for (size_t i = 0; i < canvas->report->graph_count; i++) {
        const struct graph *graph = &canvas->report->graphs[i];
        if (layouts[i].pruned_boxes)
            bytes_printf(&notes, " · %s: %zu narrowest boxes left out (%.2f %% of the width)", graph->title,
                         layouts[i].pruned_boxes,
                         percent_of(layouts[i].pruned_value, graph->tree.nodes[TREE_ROOT].total));
    }
    notes_put(&notes, canvas->report, " · ");
    bytes_printf(canvas->out, "<text class=\"note\" x=\"%.0f\" y=\"48\">", PAD_PX);
    bool is_comparison = canvas->report->graph_count && canvas->report->graphs[0].changes;
    xml_put(canvas->out, is_comparison
                             ? "Each box is a function, as wide as the larger of its costs before and "
                               "after; orange: it grew, blue: it shrank"
                             : "Each box is a function, as wide as the cost of it and all it called");
    xml_put(canvas->out, bytes_text(&notes));
    bytes_puts(canvas->out, "</text>\n");
    bytes_clear(&notes);
}

static void put_head(const struct canvas *canvas, unsigned height_px, const struct layout *layouts)
{
    unsigned width_px = canvas->options->width_px;
    struct bytes *out = canvas->out;
    bytes_printf(out,
                 "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n"
                 "<svg class=\"preflame\" version=\"1.1\" width=\"%u\" height=\"%u\" viewBox=\"0 0 %u %u\" "
                 "xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"Flame graph of ",
                 width_px, height_px, width_px, height_px);
    xml_put(out, canvas->report->title);
    bytes_puts(out, "\">\n<style>\n");
    bytes_put(out, style, sizeof(style));
    if (canvas->report->graph_count && canvas->report->graphs[0].changes)
        svg_put_change_palette(out);
    else
        svg_put_palette(out, canvas->options->colors);
    bytes_puts(out, "</style>\n<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n");
    bytes_printf(out, "<text class=\"title\" x=\"%.0f\" y=\"28\">", PAD_PX);
    xml_put_cells(out, canvas->report->title, (size_t)((width_px - 2 * PAD_PX) / 10));
    bytes_puts(out, "</text>\n");
    put_notes(canvas, layouts);
}

int write_svg(const struct report *report, const struct format_options *options, struct bytes *out)
{
    struct canvas canvas = {report, options, out, HEAD_PX};
    struct layout layouts[REPORT_MAX_GRAPHS] = {{0}};
    unsigned height_px = HEAD_PX;
    int error = 0;
    for (size_t i = 0; i < report->graph_count && !error; i++) {
        error = layout_tree(&report->graphs[i].tree, report->names, options->max_boxes / report->graph_count,
                            &layouts[i]);
        height_px += HEADING_PX + rows_px(&layouts[i]) + 14;
    }
    if (!error) {
        put_head(&canvas, height_px, layouts);
        for (size_t i = 0; i < report->graph_count; i++)
            put_graph(&canvas, &report->graphs[i], &layouts[i]);
        bytes_puts(out, "<script><![CDATA[\n");
        bytes_put(out, script, sizeof(script));
        bytes_puts(out, "]]></script>\n</svg>\n");
    }
    for (size_t i = 0; i < report->graph_count; i++)
        layout_clear(&layouts[i]);
    return error ? error : out->error;
}
