/* The union of two call trees. */
#include "viewer/model/compare.h"

#include <errno.h>
#include <stdlib.h>

/* Each node of `from` → its twin in `to`, made if missing. Owned by the caller; NULL without memory. */
static uint32_t *add_nodes(const struct tree *from, const struct names *from_names, struct tree *to,
                           struct names *names)
{
    uint32_t *twins = calloc(from->count ? from->count : 1, sizeof(*twins));
    for (uint32_t i = 1; twins && i < from->count; i++) {
        const struct tree_node *node = &from->nodes[i];
        struct frame frame = {.name = names_add(names, names_text(from_names, node->name)),
                              .is_inlined = node->is_inlined};
        twins[i] = tree_child(to, twins[node->parent], frame);
    }
    return twins;
}

static void sum_totals(struct change *changes, const struct tree *t)
{
    for (size_t i = 0; i < t->count; i++) {
        changes[i].before = changes[i].before_self;
        changes[i].after = changes[i].after_self;
    }
    for (size_t i = t->count - 1; i > 0; i--) {
        changes[t->nodes[i].parent].before += changes[i].before;
        changes[t->nodes[i].parent].after += changes[i].after;
    }
}

/* The larger cost of each node as its width; two sums that fit may not fit together: then half as wide. */
static int widen(struct tree *t, const struct change *changes)
{
    int64_t sum;
    bool is_huge = __builtin_add_overflow(changes[TREE_ROOT].before, changes[TREE_ROOT].after, &sum);
    for (size_t i = 0; i < t->count; i++) {
        int64_t before = changes[i].before_self, after = changes[i].after_self;
        t->nodes[i].self = (before > after ? before : after) / (is_huge ? 2 : 1);
    }
    return tree_finish(t);
}

static int64_t scaled(int64_t value, int64_t by, int64_t of)
{
    return of ? (int64_t)((long double)value * (long double)by / (long double)of + 0.5L) : value;
}

int compare_graphs(const struct graph *before, const struct names *before_names, const struct graph *after,
                   const struct names *after_names, bool is_normalized, struct names *names,
                   struct graph *ret)
{
    const struct tree *old = &before->tree, *new = &after->tree;
    int64_t old_sum = old->nodes[TREE_ROOT].total, new_sum = new->nodes[TREE_ROOT].total;
    bool is_scaled = is_normalized && old_sum && new_sum;
    *ret = *after;
    ret->changes = NULL;
    tree_init(&ret->tree, names, TREE_MAX_NODES);
    uint32_t *old_twins = add_nodes(old, before_names, &ret->tree, names);
    uint32_t *new_twins = add_nodes(new, after_names, &ret->tree, names);
    struct change *changes = calloc(ret->tree.count ? ret->tree.count : 1, sizeof(*changes));
    int error = old_twins && new_twins && changes ? ret->tree.error : -ENOMEM;
    for (size_t i = 0; !error && i < old->count; i++)
        changes[old_twins[i]].before_self += old->nodes[i].self;
    for (size_t i = 0; !error && i < new->count; i++)
        changes[new_twins[i]].after_self +=
            is_scaled ? scaled(new->nodes[i].self, old_sum, new_sum) : new->nodes[i].self;
    free(old_twins);
    free(new_twins);
    ret->changes = changes;
    if (!error) {
        sum_totals(changes, &ret->tree);
        error = widen(&ret->tree, changes);
    }
    if (error)
        compare_clear(ret);
    return error;
}

void compare_clear(struct graph *graph)
{
    free(graph->changes);
    graph->changes = NULL;
    tree_clear(&graph->tree);
}

static uint64_t distance(int64_t a, int64_t b)
{
    return a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
}

static int by_change(const void *left, const void *right)
{
    const struct change_row *a = left, *b = right;
    uint64_t self_a = distance(a->change.before_self, a->change.after_self);
    uint64_t self_b = distance(b->change.before_self, b->change.after_self);
    if (self_a != self_b)
        return self_a > self_b ? -1 : 1;
    uint64_t all_a = distance(a->change.before, a->change.after);
    uint64_t all_b = distance(b->change.before, b->change.after);
    if (all_a != all_b)
        return all_a > all_b ? -1 : 1;
    return a->name < b->name ? -1 : a->name > b->name;
}

int compare_functions(const struct graph *graph, struct change_row **ret_rows, size_t *ret_count)
{
    const struct tree *t = &graph->tree;
    uint32_t names = 0;
    for (size_t i = 0; i < t->count; i++)
        names = t->nodes[i].name >= names ? t->nodes[i].name + 1 : names;
    struct change_row *rows = calloc(names ? names : 1, sizeof(*rows));
    if (!rows)
        return -ENOMEM;
    for (uint32_t i = 1; i < t->count; i++) {
        struct change_row *row = &rows[t->nodes[i].name];
        row->name = t->nodes[i].name;
        row->change.before_self += graph->changes[i].before_self;
        row->change.after_self += graph->changes[i].after_self;
        if (!tree_is_recursive(t, i)) {
            row->change.before += graph->changes[i].before;
            row->change.after += graph->changes[i].after;
        }
    }
    size_t count = 0;
    for (size_t i = 0; i < names; i++)
        if (rows[i].change.before || rows[i].change.after)
            rows[count++] = rows[i];
    qsort(rows, count, sizeof(*rows), by_change);
    *ret_rows = rows;
    *ret_count = count;
    return 0;
}
