/* Where each box of a flame graph lies: value offsets and depths, no pixels. */
#ifndef PREFLAME_VIEWER_LAYOUT_H
#define PREFLAME_VIEWER_LAYOUT_H

#include "base/compiler.h"
#include "viewer/model/names.h"
#include "viewer/model/tree.h"

#include <stddef.h>
#include <stdint.h>

struct layout_box {
    uint32_t node;  /* of the tree */
    uint32_t depth; /* 0 = the root "all" */
    int64_t start;  /* left edge in the tree's unit; the width is the node's total */
};

struct layout {
    struct layout_box *boxes; /* owned; parents before children, siblings by name */
    size_t count;
    uint32_t max_depth;
    size_t pruned_boxes;  /* nodes without a box */
    int64_t pruned_value; /* width that is therefore shown only as part of a parent */
};

/* Lays out a finished tree with at most `max_boxes` boxes (at least the root). The narrowest go first; a box
 * never stays without its parent. 0 or -ENOMEM. */
int layout_tree(const struct tree *t, const struct names *names, size_t max_boxes,
                struct layout *ret) MUST_USE;
void layout_clear(struct layout *l);

#endif
