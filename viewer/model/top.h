/* Flat views of a call tree: cost per function, and the stacks that cost most. */
#ifndef PREFLAME_VIEWER_TOP_H
#define PREFLAME_VIEWER_TOP_H

#include "base/compiler.h"
#include "viewer/model/tree.h"

#include <stddef.h>
#include <stdint.h>

struct top_row {
    uint32_t name;
    int64_t flat;       /* in the function itself */
    int64_t cumulative; /* in it and all it called; a recursive function counts once */
};

/* One row per name of a finished tree (without the root), by flat then cumulative cost. The caller frees
 * *ret_rows. 0 or -ENOMEM. */
int top_functions(const struct tree *t, struct top_row **ret_rows, size_t *ret_count) MUST_USE;
/* The nodes with the largest self cost, largest first, at most `max`. The caller frees *ret_nodes. 0 or
 * -ENOMEM. */
int top_stacks(const struct tree *t, size_t max, uint32_t **ret_nodes, size_t *ret_count) MUST_USE;

#endif
