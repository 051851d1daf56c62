/* The stack dictionary: an append-only tree in a set-associative hash table of its nodes. A node is one word,
 * so that a compare-and-swap publishes it whole, and it never moves: its place is its number. A child lies in
 * the first level whose line for it isn't full, hence is looked for no further than to the first free way. */
#include "capture/stacks.h"

#include "base/compiler.h"

#include <stddef.h>

#include "base/banned.h"

/* A node: its parent's number (0: this is the root of an epoch's stacks, and its pc the epoch), the high bits
 * of its pc's hash, flags. The low bits of the hash follow from the row. */
#define PARENT_BITS 20
#define PC_BITS 48
#define ROW_BITS 11
#define PARENT_MASK ((1U << PARENT_BITS) - 1)
#define PC_MASK ((UINT64_C(1) << PC_BITS) - 1)
#define HIGH_MASK (PC_MASK >> ROW_BITS)
#define NODE_USED (UINT64_C(1) << 63)
#define NODE_IS_STACK (UINT64_C(1) << 62) /* some stack ends here */
#define LAST_CHOICES 8                    /* lines for a child, so that most of the last level gets used */

/* Odd, and its inverse modulo 2^48. */
#define SPREAD UINT64_C(0x51afd7ed558d)
#define UNSPREAD UINT64_C(0xad0a24c8f545)

_Static_assert(STACK_ROWS == 1 << ROW_BITS, "a row is as many bits of the hash");
_Static_assert(STACK_NODES < 1 << PARENT_BITS, "a number fits");
_Static_assert(((SPREAD * UNSPREAD) & PC_MASK) == 1, "a pc can be had back from its hash");

/* The larger a level, the more lines are tried there for a child: the next level's pages should stay
 * untouched until this one is nearly full. */
static const struct {
    uint32_t first, count; /* units */
    uint32_t choices;
} levels[STACK_LEVELS] = {{0, 1, 1}, {1, 3, 1}, {4, 8, 2}, {12, 16, 4}, {28, STACK_UNITS_LAST, LAST_CHOICES}};

/* What a child is looked for by. */
struct child {
    uint64_t key; /* the node's word, NODE_IS_STACK set */
    uint32_t row, way;
};

static uint64_t hash_of_pc(uint64_t pc)
{
    uint64_t hash = pc * SPREAD & PC_MASK;
    return hash ^ hash >> PC_BITS / 2;
}

static uint64_t pc_of_hash(uint64_t hash)
{
    hash ^= hash >> PC_BITS / 2;
    uint64_t pc = hash * UNSPREAD & PC_MASK;
    return (uint64_t)((int64_t)(pc << (64 - PC_BITS)) >> (64 - PC_BITS)); /* canonical addresses */
}

static uint32_t row_of_parent(uint32_t parent)
{
    return parent * 0x9e3779b1U >> (32 - ROW_BITS);
}

static struct child child_of(uint32_t parent, uint64_t pc)
{
    uint64_t hash = hash_of_pc(pc);
    return (struct child){.key = NODE_USED | NODE_IS_STACK | hash >> ROW_BITS << PARENT_BITS | parent,
                          .row = ((uint32_t)hash & (STACK_ROWS - 1)) ^ row_of_parent(parent),
                          .way = (uint32_t)(hash >> ROW_BITS) & (STACK_WAYS - 1)};
}

static bool is_child(uint64_t node, const struct child *child)
{
    return (node | NODE_IS_STACK) == child->key;
}

/* Adds the child to a free way. Its node, another thread's that was quicker, or 0 when there is no room. */
static COLD uint64_t add(struct stack_table *table, _Atomic uint64_t *way, const struct child *child)
{
    uint64_t node = 0, fresh = child->key & ~NODE_IS_STACK;
    /* Release: who finds the node finds its parents. */
    if (!atomic_compare_exchange_strong_explicit(way, &node, fresh, memory_order_acq_rel,
                                                 memory_order_acquire))
        return node;
    atomic_fetch_add_explicit(&table->used_nodes, 1, memory_order_relaxed);
    return fresh;
}

/* The child's number if it is in this line or finds room there, or 0. */
static uint32_t in_line(struct stack_table *table, uint32_t line, const struct child *child)
{
    for (uint32_t i = 0; i < STACK_WAYS; i++) {
        uint32_t at = line * STACK_WAYS + ((child->way + i) & (STACK_WAYS - 1));
        uint64_t node = atomic_load_explicit(&table->nodes[at], memory_order_acquire);
        if (!node)
            node = add(table, &table->nodes[at], child);
        if (is_child(node, child))
            return at + 1;
    }
    return 0;
}

/* The child's number, or 0 when there is no room for it. */
static uint32_t find(struct stack_table *table, const struct child *child)
{
    uint32_t limit = table->level_limit ? table->level_limit : STACK_LEVELS;
    uint32_t column = (uint32_t)(child->key * UINT64_C(0xff51afd7ed558ccd) >> 32);
    for (uint32_t level = 0; level < limit; level++) {
        uint32_t units = levels[level].count,
                 choices = level + 1 == limit ? LAST_CHOICES : levels[level].choices;
        uint32_t unit = (uint32_t)((uint64_t)column * units >> 32);
        for (uint32_t i = 0; i < choices && i < units; i++) {
            uint32_t number = in_line(table, (levels[level].first + unit) * STACK_ROWS + child->row, child);
            if (number)
                return number;
            unit = unit + 1 < units ? unit + 1 : 0;
        }
    }
    return 0;
}

uint32_t stacks_levels_of(uint64_t nodes)
{
    uint32_t count = 1;
    while (count < STACK_LEVELS &&
           (uint64_t)(levels[count].first + levels[count].count) * STACK_ROWS * STACK_WAYS <= nodes)
        count++;
    return count;
}

static void mark(struct stack_table *table, uint32_t id)
{
    _Atomic uint64_t *node = &table->nodes[id - 1];
    if (!(atomic_load_explicit(node, memory_order_relaxed) & NODE_IS_STACK) &&
        !(atomic_fetch_or_explicit(node, NODE_IS_STACK, memory_order_acq_rel) & NODE_IS_STACK))
        atomic_fetch_add_explicit(&table->stacks, 1, memory_order_relaxed);
}

uint32_t stacks_intern(struct stack_table *table, const uint64_t *pcs, uint32_t count, uint32_t epoch)
{
    uint64_t pc = epoch;
    uint32_t id = 0;
    for (uint32_t i = count;; pc = pcs[--i]) {
        struct child child = child_of(id, pc);
        /* Most are in their first place. */
        uint32_t at = child.row * STACK_WAYS + child.way;
        if (LIKELY(is_child(atomic_load_explicit(&table->nodes[at], memory_order_acquire), &child)))
            id = at + 1;
        else
            id = find(table, &child);
        if (UNLIKELY(!id)) {
            atomic_fetch_add_explicit(&table->refused, 1, memory_order_relaxed);
            return 0;
        }
        if (i == 0)
            break;
    }
    mark(table, id);
    return id;
}

uint32_t stacks_read(const struct stack_table *table, uint32_t id, uint64_t *pcs, uint32_t *ret_epoch)
{
    uint32_t count = 0;
    if (!id || id > STACK_NODES)
        return 0;
    uint64_t node = atomic_load_explicit(&table->nodes[id - 1], memory_order_acquire);
    if (!(node & NODE_IS_STACK))
        return 0;
    for (;;) {
        uint32_t parent = (uint32_t)node & PARENT_MASK, row = (id - 1) / STACK_WAYS & (STACK_ROWS - 1);
        uint64_t pc =
            pc_of_hash((node >> PARENT_BITS & HIGH_MASK) << ROW_BITS | (row ^ row_of_parent(parent)));
        if (!parent) {
            if (ret_epoch)
                *ret_epoch = (uint32_t)pc;
            return count;
        }
        if (count < STACK_FRAMES_MAX)
            pcs[count++] = pc;
        id = parent;
        node = atomic_load_explicit(&table->nodes[id - 1], memory_order_acquire);
    }
}
