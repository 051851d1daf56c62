/* The shared, lock-free dictionary of stacks: equal stacks get one number, for ever. */
#ifndef PREFLAME_CAPTURE_STACKS_H
#define PREFLAME_CAPTURE_STACKS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define STACK_FRAMES_MAX 512
#define STACK_WAYS 8        /* nodes of one line */
#define STACK_ROWS 2048     /* lines of a unit; a power of two: its bits of a pc's hash needn't be kept */
#define STACK_LEVELS 5      /* each larger than the one before, used when its lines there are full */
#define STACK_UNITS_LAST 32 /* of the last level; a power of two */
#define STACK_UNITS (1 + 3 + 8 + 16 + STACK_UNITS_LAST)
#define STACK_NODES (STACK_UNITS * STACK_ROWS * STACK_WAYS)

/* The frames of all stacks as one tree: a node is a pc called from its parent, a stack the number of its
 * leaf's node. So stacks share what they have in common from their root on, at eight bytes a frame. 8 MB of
 * address space, and 4 MB for traces, touched level by level. */
struct stack_table {
    _Atomic uint32_t stacks;     /* different ones */
    _Atomic uint32_t used_nodes; /* frames of them */
    _Atomic uint64_t refused;    /* stacks that found no room */
    uint32_t level_limit;        /* fewer may be used than there are; 0 = all. Set at the start */
    _Alignas(64) _Atomic uint64_t nodes[STACK_NODES]; /* 0 = free; written once, but for one flag */
    _Atomic uint32_t sent[STACK_NODES];               /* trace session in which the stack was sent */
};

/* The number of levels that `nodes` nodes make, at least one. */
uint32_t stacks_levels_of(uint64_t nodes);

/* The number of the stack (1 ..), or 0 when there is no room for it (counted). `epoch` is that of the module
 * list: the same pcs mean something else after addresses were reused. Signal-safe, lock-free, reentrant. */
uint32_t stacks_intern(struct stack_table *table, const uint64_t *pcs, uint32_t count, uint32_t epoch);

/* Writes the pcs of a stack, leaf first, to `pcs`, which has room for STACK_FRAMES_MAX, and its epoch to
 * *ret_epoch (may be NULL). How many; 0 for what isn't a number that stacks_intern gave. Signal-safe. */
uint32_t stacks_read(const struct stack_table *table, uint32_t id, uint64_t *pcs, uint32_t *ret_epoch);

#endif
