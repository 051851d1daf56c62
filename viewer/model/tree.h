/* A call tree: who called whom, and what it cost. Nothing here recurses, so no input can exhaust the C stack.
 */
#ifndef PREFLAME_VIEWER_TREE_H
#define PREFLAME_VIEWER_TREE_H

#include "base/compiler.h"
#include "viewer/model/names.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TREE_ROOT 0u
#define TREE_MAX_DEPTH 1024 /* frames of one stack; what lies nearer to the leaf becomes one frame */
#define TREE_MAX_NODES                                                                                       \
    (1u << 22) /* nodes of one tree; stacks that need more end at the last node that exists */

struct frame {
    uint32_t name;   /* of a struct names */
    bool is_inlined; /* the compiler put it into its caller */
};

struct tree_node {
    uint32_t name;
    uint32_t parent; /* always a smaller index than the node's own: passes over the array need no recursion */
    bool is_inlined; /* in every stack that came through here */
    int64_t self, total; /* in the tree's unit; total is right after tree_finish */
};

struct tree {
    struct tree_node *nodes; /* owned; nodes[TREE_ROOT] is "all" */
    size_t count, room;
    uint32_t *index; /* owned hash table of (parent, name) → node, 0 = free */
    size_t index_room;
    size_t max_nodes;
    bool is_reversed;    /* set after tree_init: stacks are added from the leaf, which becomes root's child */
    uint32_t deep_name;  /* what stands for frames beyond TREE_MAX_DEPTH */
    uint64_t cut_stacks; /* stacks shortened by one of the two limits */
    uint64_t skipped;    /* stacks without a width: a value of zero or less, or a sum past 2^63 */
    int error;           /* 0 or -ENOMEM; sticky */
};

/* Starts a tree with a root named "all". `names` gets the two names the tree itself needs. */
void tree_init(struct tree *t, struct names *names, size_t max_nodes);
void tree_clear(struct tree *t);
/* Adds `value` to the stack `frames`, root first. Values <= 0 only count as skipped. */
void tree_add(struct tree *t, const struct frame *frames, size_t count, int64_t value);
/* The child of `parent` with that frame, made if missing; `parent` itself when the tree is full or the memory
 * ended. */
uint32_t tree_child(struct tree *t, uint32_t parent, struct frame frame);
/* The node at the end of the stack `frames`, root first, made if missing. *ret_is_cut: one of the limits
 * shortened it. */
uint32_t tree_leaf(struct tree *t, const struct frame *frames, size_t count, bool *ret_is_cut);
/* Sums totals. Call once, after the last tree_add. 0 or the first failure. */
int tree_finish(struct tree *t) MUST_USE;
/* The path to `node`, root's child first; returns its length, at most `max` (the part nearest to the root).
 */
size_t tree_path(const struct tree *t, uint32_t node, uint32_t *nodes, size_t max);
/* Has one of the node's callers the same name? */
bool tree_is_recursive(const struct tree *t, uint32_t node);

#endif
