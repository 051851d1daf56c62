/* Two call trees as one: what each stack cost before, and after. */
#ifndef PREFLAME_VIEWER_COMPARE_H
#define PREFLAME_VIEWER_COMPARE_H

#include "base/compiler.h"
#include "viewer/model/names.h"
#include "viewer/model/report.h"

#include <stdbool.h>

/* Fills `ret` with the union of two finished graphs of the same unit, whose names are in `before_names` and
 * `after_names`; its own come into `names`. A node's width (self and total of its tree) is the larger of its
 * costs, so that what is gone can be seen too. With `is_normalized`, all costs after are scaled to the sum
 * before. `ret->changes` has one row a node; compare_clear frees it and the tree. 0 or -ENOMEM. */
int compare_graphs(const struct graph *before, const struct names *before_names, const struct graph *after,
                   const struct names *after_names, bool is_normalized, struct names *names,
                   struct graph *ret) MUST_USE;
void compare_clear(struct graph *graph);

/* One function, in both. */
struct change_row {
    uint32_t name;
    struct change change;
};

/* One row a name of a compared graph, by how much the function itself changed, then by it and all it called.
 * The caller frees *ret_rows. 0 or -ENOMEM. */
int compare_functions(const struct graph *graph, struct change_row **ret_rows, size_t *ret_count) MUST_USE;

#endif
