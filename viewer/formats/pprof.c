/* A pprof profile: the one that was read, or one made of call trees. */
#include "exporters/profile/profile.h"
#include "viewer/formats/format.h"
#include "viewer/formats/notes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Room for one stack. */
struct stack {
    uint32_t nodes[TREE_MAX_DEPTH + 1];
    uint32_t locations[TREE_MAX_DEPTH + 1];
    struct profile_line lines[TREE_MAX_DEPTH + 1];
    int64_t values[REPORT_MAX_GRAPHS];
};

/* Sample types have no `-`: Pyroscope refuses it. */
static void add_types(struct profile *p, const struct report *report)
{
    for (size_t i = 0; i < report->graph_count; i++) {
        char type[64];
        size_t len = 0;
        for (const char *at = report->graphs[i].key; *at && len + 1 < sizeof(type); at++)
            if (*at != '-')
                type[len++] = *at;
        type[len] = 0;
        profile_add_type(p, type, report->graphs[i].unit);
    }
}

/* One location for each physical function on the path with what is inlined into it; leaf first, as pprof
 * wants it. */
static uint32_t add_locations(struct profile *p, const struct report *report, const struct tree *tree,
                              struct stack *stack, size_t depth)
{
    uint32_t count = 0, lines = 0;
    for (size_t left = depth; left-- > 0;) {
        const struct tree_node *node = &tree->nodes[stack->nodes[left]];
        const char *name = names_text(report->names, node->name);
        stack->lines[lines++] = (struct profile_line){.function = profile_add_function(p, name, name, "", 0)};
        if (node->is_inlined && left)
            continue;
        stack->locations[count++] = profile_add_location(p, PROFILE_NONE, 0, stack->lines, lines);
        lines = 0;
    }
    return count;
}

/* Of a difference, what it grew by. */
static int64_t cost_of(const struct graph *graph, uint32_t node)
{
    return graph->changes ? graph->changes[node].after_self - graph->changes[node].before_self
                          : graph->tree.nodes[node].self;
}

static void add_graph(struct profile *p, const struct report *report, size_t index, struct stack *stack)
{
    const struct tree *tree = &report->graphs[index].tree;
    for (uint32_t node = 0; node < tree->count && !p->error; node++) {
        int64_t cost = cost_of(&report->graphs[index], node);
        if (!cost)
            continue;
        size_t depth = tree_path(tree, node, stack->nodes, TREE_MAX_DEPTH + 1);
        memset(stack->values, 0, sizeof(stack->values));
        stack->values[index] = cost;
        uint32_t count = add_locations(p, report, tree, stack, depth);
        profile_add_sample(p, stack->locations, count, NULL, 0, stack->values);
    }
}

/* What is missing, as a comment: `go tool pprof -comments` shows it. */
static void add_notes(struct profile *p, const struct report *report)
{
    struct bytes notes CLEANUP(bytes_clear);
    bytes_init(&notes, NAME_MAX_BYTES);
    notes_put(&notes, report, "; ");
    if (notes.len)
        profile_add_comment(p, bytes_text(&notes) + sizeof("; ") - 1);
}

static int write_trees(const struct report *report, struct bytes *out)
{
    struct profile *p CLEANUP(profile_freep) = profile_new();
    struct stack *stack = malloc(sizeof(*stack));
    int error = p && stack ? 0 : -ENOMEM;
    if (!error) {
        add_types(p, report);
        for (size_t i = 0; i < report->graph_count; i++)
            add_graph(p, report, i, stack);
        add_notes(p, report);
        error = profile_encode_gzip(p, out);
    }
    free(stack);
    return error;
}

int write_pprof(const struct report *report, const struct format_options *options, struct bytes *out)
{
    (void)options;
    return report->profile ? profile_encode_gzip(report->profile, out) : write_trees(report, out);
}
