/* Flat views of a call tree. */
#include "viewer/model/top.h"

#include <errno.h>
#include <stdlib.h>

static int by_cost(const void *left, const void *right)
{
    const struct top_row *a = left, *b = right;
    if (a->flat != b->flat)
        return a->flat > b->flat ? -1 : 1;
    if (a->cumulative != b->cumulative)
        return a->cumulative > b->cumulative ? -1 : 1;
    return a->name < b->name ? -1 : a->name > b->name;
}

int top_functions(const struct tree *t, struct top_row **ret_rows, size_t *ret_count)
{
    uint32_t names = 0;
    for (size_t i = 0; i < t->count; i++)
        names = t->nodes[i].name >= names ? t->nodes[i].name + 1 : names;
    struct top_row *rows = calloc(names ? names : 1, sizeof(*rows));
    if (!rows)
        return -ENOMEM;
    for (uint32_t i = 1; i < t->count; i++) {
        const struct tree_node *node = &t->nodes[i];
        rows[node->name].name = node->name;
        rows[node->name].flat += node->self;
        if (!tree_is_recursive(t, i))
            rows[node->name].cumulative += node->total;
    }
    size_t count = 0;
    for (size_t i = 0; i < names; i++)
        if (rows[i].cumulative)
            rows[count++] = rows[i];
    qsort(rows, count, sizeof(*rows), by_cost);
    *ret_rows = rows;
    *ret_count = count;
    return 0;
}

static int by_self(const void *left, const void *right, void *tree)
{
    const struct tree *t = tree;
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    if (t->nodes[a].self != t->nodes[b].self)
        return t->nodes[a].self > t->nodes[b].self ? -1 : 1;
    return a < b ? -1 : a > b;
}

int top_stacks(const struct tree *t, size_t max, uint32_t **ret_nodes, size_t *ret_count)
{
    uint32_t *nodes = malloc((t->count ? t->count : 1) * sizeof(*nodes));
    if (!nodes)
        return -ENOMEM;
    size_t count = 0;
    for (uint32_t i = 1; i < t->count; i++)
        if (t->nodes[i].self)
            nodes[count++] = i;
    struct tree sorted = *t; /* qsort_r wants a pointer it may write through; it gets a copy of the head */
    qsort_r(nodes, count, sizeof(*nodes), by_self, &sorted);
    *ret_nodes = nodes;
    *ret_count = count < max ? count : max;
    return 0;
}
