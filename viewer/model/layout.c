/* Choosing and placing the boxes of a flame graph. */
#include "viewer/model/layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct order {
    const struct tree *tree;
    const struct names *names;
};

static int by_width(const void *left, const void *right, void *context)
{
    const struct tree *t = ((const struct order *)context)->tree;
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    int64_t width_a = t->nodes[a].total, width_b = t->nodes[b].total;
    if (width_a != width_b)
        return width_a > width_b ? -1 : 1;
    /* A child may be as wide as its parent: the smaller index is the parent and must stay longer. */
    return a < b ? -1 : a > b;
}

static int by_parent_and_name(const void *left, const void *right, void *context)
{
    const struct order *order = context;
    const struct tree_node *a = &order->tree->nodes[((const struct layout_box *)left)->node];
    const struct tree_node *b = &order->tree->nodes[((const struct layout_box *)right)->node];
    if (a->parent != b->parent)
        return a->parent < b->parent ? -1 : 1;
    return strcmp(names_text(order->names, a->name), names_text(order->names, b->name));
}

static void place(const struct tree *t, struct layout *l, uint32_t *box_of)
{
    int64_t next_start = 0;
    uint32_t parent = TREE_ROOT;
    l->boxes[0].start = 0;
    l->boxes[0].depth = 0;
    box_of[TREE_ROOT] = 0;
    for (size_t i = 1; i < l->count; i++) {
        struct layout_box *box = &l->boxes[i];
        const struct tree_node *node = &t->nodes[box->node];
        if (i == 1 || node->parent != parent) {
            parent = node->parent;
            next_start = l->boxes[box_of[parent]].start;
        }
        box->start = next_start;
        box->depth = l->boxes[box_of[parent]].depth + 1;
        next_start += node->total;
        box_of[box->node] = (uint32_t)i;
        if (box->depth > l->max_depth)
            l->max_depth = box->depth;
    }
}

int layout_tree(const struct tree *t, const struct names *names, size_t max_boxes, struct layout *ret)
{
    struct order order = {t, names};
    size_t keep = max_boxes < t->count ? (max_boxes ? max_boxes : 1) : t->count;
    struct layout l = {.count = keep, .pruned_boxes = t->count - keep};
    uint32_t *wide = malloc(t->count * sizeof(*wide));
    l.boxes = calloc(keep, sizeof(*l.boxes));
    if (!wide || !l.boxes) {
        free(wide);
        free(l.boxes);
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < t->count; i++)
        wide[i] = i;
    qsort_r(wide, t->count, sizeof(*wide), by_width, &order);
    for (size_t i = 0; i < keep; i++)
        l.boxes[i].node = wide[i];
    /* Hidden width: every dropped node's own value, seen only inside the nearest kept ancestor. */
    for (size_t i = keep; i < t->count; i++)
        l.pruned_value += t->nodes[wide[i]].self;
    /* Nodes are sorted behind the root: parents have smaller indexes, so their groups come first. */
    qsort_r(l.boxes + 1, keep - 1, sizeof(*l.boxes), by_parent_and_name, &order);
    place(t, &l, wide);
    free(wide);
    *ret = l;
    return 0;
}

void layout_clear(struct layout *l)
{
    free(l->boxes);
    *l = (struct layout){0};
}
