/* Folded stacks: `root;caller;leaf value`, one line for each stack, as flame graph tools read them; of a
 * difference `root;caller;leaf before after`, as difffolded.pl writes it. */
#include "viewer/formats/format.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* `;` parts frames and a line end parts stacks: in a name they become `:` and a blank. */
static void put_name(struct bytes *out, const char *name)
{
    while (*name) {
        size_t plain = strcspn(name, ";\n\r");
        bytes_put(out, name, plain);
        name += plain;
        if (*name)
            bytes_puts(out, *name++ == ';' ? ":" : " ");
    }
}

static int write_graph(const struct report *report, const struct graph *graph, struct bytes *out)
{
    const struct tree *tree = &graph->tree;
    uint32_t *path = malloc((TREE_MAX_DEPTH + 1) * sizeof(*path));
    if (!path)
        return -ENOMEM;
    for (uint32_t node = 0; node < tree->count && !out->error; node++) {
        const struct change *change = graph->changes ? &graph->changes[node] : NULL;
        if (!tree->nodes[node].self)
            continue;
        size_t depth = tree_path(tree, node, path, TREE_MAX_DEPTH + 1);
        /* With two graphs in one file the first frame tells them apart. */
        if (report->graph_count > 1)
            bytes_printf(out, "[%s]%s", graph->key, depth ? ";" : "");
        else if (!depth)
            bytes_puts(out, "all");
        for (size_t i = 0; i < depth; i++) {
            if (i)
                bytes_puts(out, ";");
            put_name(out, names_text(report->names, tree->nodes[path[i]].name));
        }
        if (change)
            bytes_printf(out, " %" PRId64 " %" PRId64 "\n", change->before_self, change->after_self);
        else
            bytes_printf(out, " %" PRId64 "\n", tree->nodes[node].self);
    }
    free(path);
    return out->error;
}

int write_folded(const struct report *report, const struct format_options *options, struct bytes *out)
{
    (void)options;
    int error = 0;
    for (size_t i = 0; i < report->graph_count && !error; i++)
        error = write_graph(report, &report->graphs[i], out);
    return error;
}
