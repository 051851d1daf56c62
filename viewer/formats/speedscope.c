/* Speedscope's own file format: https://github.com/jlfwong/speedscope/wiki/Importing-from-custom-sources. */
#include "viewer/formats/format.h"
#include "viewer/formats/json.h"
#include "viewer/formats/notes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Frames are shared by all profiles of the file and known by their place. */
struct frame_table {
    uint32_t *index_of; /* owned; name -> place + 1, 0 = not used */
    size_t room;
};

static int frame_table_init(struct frame_table *table, const struct report *report)
{
    table->room = report->names->count + 1;
    table->index_of = calloc(table->room, sizeof(*table->index_of));
    return table->index_of ? 0 : -ENOMEM;
}

static void put_frames(struct bytes *out, const struct report *report, struct frame_table *table)
{
    uint32_t count = 0;
    for (size_t i = 0; i < report->graph_count; i++) {
        const struct tree *tree = &report->graphs[i].tree;
        for (size_t node = 1; node < tree->count; node++) {
            uint32_t name = tree->nodes[node].name;
            if (name >= table->room || table->index_of[name])
                continue;
            bytes_puts(out, count ? ",\n{\"name\":" : "{\"name\":");
            json_put(out, names_text(report->names, name));
            bytes_puts(out, "}");
            table->index_of[name] = ++count;
        }
    }
}

static const char *unit_of(const struct graph *graph)
{
    bool is_known = strcmp(graph->unit, "nanoseconds") == 0 || strcmp(graph->unit, "bytes") == 0;
    return is_known ? graph->unit : "none";
}

/* One sample for each node with a cost of its own. */
static int put_samples(struct bytes *out, const struct tree *tree, const struct frame_table *table)
{
    uint32_t *path = malloc((TREE_MAX_DEPTH + 1) * sizeof(*path));
    if (!path)
        return -ENOMEM;
    bool is_first = true;
    for (uint32_t node = 0; node < tree->count && !out->error; node++) {
        if (tree->nodes[node].self <= 0)
            continue;
        size_t depth = tree_path(tree, node, path, TREE_MAX_DEPTH + 1);
        bytes_puts(out, is_first ? "[" : ",\n[");
        for (size_t i = 0; i < depth; i++)
            bytes_printf(out, i ? ",%u" : "%u", table->index_of[tree->nodes[path[i]].name] - 1);
        bytes_puts(out, "]");
        is_first = false;
    }
    free(path);
    return 0;
}

static void put_weights(struct bytes *out, const struct tree *tree)
{
    bool is_first = true;
    for (uint32_t node = 0; node < tree->count; node++) {
        if (tree->nodes[node].self <= 0)
            continue;
        bytes_printf(out, is_first ? "%" PRId64 : ",%" PRId64, tree->nodes[node].self);
        is_first = false;
    }
}

static int put_profile(struct bytes *out, const struct graph *graph, const struct frame_table *table)
{
    bytes_puts(out, "{\"type\":\"sampled\",\"name\":");
    json_put(out, graph->title);
    bytes_printf(out, ",\"unit\":\"%s\",\"startValue\":0,\"endValue\":%" PRId64 ",\n\"samples\":[",
                 unit_of(graph), graph->tree.nodes[TREE_ROOT].total);
    int error = put_samples(out, &graph->tree, table);
    bytes_puts(out, "],\n\"weights\":[");
    put_weights(out, &graph->tree);
    bytes_puts(out, "]}");
    return error;
}

/* The file's name is what speedscope shows always: what is missing stands there. */
static void put_title(struct bytes *out, const struct report *report)
{
    struct bytes title CLEANUP(bytes_clear);
    bytes_init(&title, NAME_MAX_BYTES);
    bytes_puts(&title, report->title);
    notes_put(&title, report, " · ");
    json_put(out, bytes_text(&title));
}

int write_speedscope(const struct report *report, const struct format_options *options, struct bytes *out)
{
    (void)options;
    struct frame_table table;
    int error = frame_table_init(&table, report);
    if (error)
        return error;
    bytes_puts(out, "{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\n"
                    "\"exporter\":\"preflame " PREFLAME_VERSION "\",\"name\":");
    put_title(out, report);
    bytes_puts(out, ",\n\"shared\":{\"frames\":[");
    put_frames(out, report, &table);
    bytes_puts(out, "]},\n\"profiles\":[");
    for (size_t i = 0; i < report->graph_count && !error; i++) {
        bytes_puts(out, i ? ",\n" : "");
        error = put_profile(out, &report->graphs[i], &table);
    }
    bytes_puts(out, "]}\n");
    free(table.index_of);
    return error ? error : out->error;
}
