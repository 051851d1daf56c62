/* The call tree. */
#include "viewer/model/tree.h"

#include <errno.h>
#include <stdlib.h>

static size_t slot_of(const struct tree *t, uint32_t parent, uint32_t name)
{
    uint64_t key = ((uint64_t)parent << 32 | name) * UINT64_C(0x9e3779b97f4a7c15);
    size_t mask = t->index_room - 1;
    size_t at = (size_t)(key >> 20) & mask;
    while (t->index[at] && (t->nodes[t->index[at]].parent != parent || t->nodes[t->index[at]].name != name))
        at = (at + 1) & mask;
    return at;
}

static int grow(struct tree *t)
{
    size_t room = t->room ? t->room * 2 : 256;
    struct tree_node *nodes = realloc(t->nodes, room * sizeof(*nodes));
    if (!nodes)
        return -ENOMEM;
    t->nodes = nodes;
    t->room = room;
    /* Twice as many slots as nodes keep the probes short. */
    uint32_t *index = calloc(room * 2, sizeof(*index));
    if (!index)
        return -ENOMEM;
    free(t->index);
    t->index = index;
    t->index_room = room * 2;
    for (uint32_t node = 1; node < t->count; node++)
        t->index[slot_of(t, t->nodes[node].parent, t->nodes[node].name)] = node;
    return 0;
}

void tree_init(struct tree *t, struct names *names, size_t max_nodes)
{
    *t = (struct tree){.max_nodes = max_nodes, .deep_name = names_add(names, "[stack too deep]")};
    t->error = grow(t);
    if (!t->error)
        t->nodes[t->count++] = (struct tree_node){.name = names_add(names, "all")};
}

void tree_clear(struct tree *t)
{
    free(t->nodes);
    free(t->index);
    *t = (struct tree){0};
}

uint32_t tree_child(struct tree *t, uint32_t parent, struct frame frame)
{
    size_t slot = slot_of(t, parent, frame.name);
    if (t->index[slot]) {
        t->nodes[t->index[slot]].is_inlined &= frame.is_inlined;
        return t->index[slot];
    }
    if (t->count >= t->max_nodes)
        return parent;
    if (t->count == t->room) {
        t->error = grow(t);
        if (t->error)
            return parent;
        slot = slot_of(t, parent, frame.name);
    }
    t->nodes[t->count] =
        (struct tree_node){.name = frame.name, .parent = parent, .is_inlined = frame.is_inlined};
    t->index[slot] = (uint32_t)t->count;
    return (uint32_t)t->count++;
}

uint32_t tree_leaf(struct tree *t, const struct frame *frames, size_t count, bool *ret_is_cut)
{
    uint32_t node = TREE_ROOT;
    bool is_cut = false;
    for (size_t depth = 0; depth < count && !is_cut && !t->error; depth++) {
        is_cut = depth + 1 == TREE_MAX_DEPTH && count > TREE_MAX_DEPTH;
        const struct frame *frame = &frames[t->is_reversed ? count - 1 - depth : depth];
        uint32_t child = tree_child(t, node, is_cut ? (struct frame){.name = t->deep_name} : *frame);
        is_cut |= child == node;
        node = child;
    }
    *ret_is_cut = is_cut;
    return node;
}

void tree_add(struct tree *t, const struct frame *frames, size_t count, int64_t value)
{
    if (t->error)
        return;
    /* Until tree_finish the root's total is the running sum; while it fits, no sum of parts can overflow. */
    int64_t sum;
    if (value <= 0 || __builtin_add_overflow(t->nodes[TREE_ROOT].total, value, &sum)) {
        t->skipped++;
        return;
    }
    t->nodes[TREE_ROOT].total = sum;
    bool is_cut;
    uint32_t node = tree_leaf(t, frames, count, &is_cut);
    t->cut_stacks += is_cut;
    t->nodes[node].self += value;
}

int tree_finish(struct tree *t)
{
    if (t->error)
        return t->error;
    for (size_t i = 0; i < t->count; i++)
        t->nodes[i].total = t->nodes[i].self;
    for (size_t i = t->count - 1; i > 0; i--)
        t->nodes[t->nodes[i].parent].total += t->nodes[i].total;
    return 0;
}

size_t tree_path(const struct tree *t, uint32_t node, uint32_t *nodes, size_t max)
{
    size_t depth = 0;
    for (uint32_t at = node; at != TREE_ROOT; at = t->nodes[at].parent)
        depth++;
    size_t left = depth;
    for (uint32_t at = node; at != TREE_ROOT; at = t->nodes[at].parent)
        if (--left < max)
            nodes[left] = at;
    return depth < max ? depth : max;
}

bool tree_is_recursive(const struct tree *t, uint32_t node)
{
    for (uint32_t at = t->nodes[node].parent; at != TREE_ROOT; at = t->nodes[at].parent)
        if (t->nodes[at].name == t->nodes[node].name)
            return true;
    return false;
}
