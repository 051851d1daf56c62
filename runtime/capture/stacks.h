/* The shared, lock-free dictionary of stacks: equal stacks get one number, for ever. */
#ifndef PREFLAME_CAPTURE_STACKS_H
#define PREFLAME_CAPTURE_STACKS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define STACK_SLOTS 131072            /* a power of two; three quarters may be used */
#define STACK_WORDS (2 * 1024 * 1024) /* 16 MB of address space, touched as stacks are met */

struct stack_entry {
    uint64_t hash;
    uint32_t epoch; /* of the module list: the same pcs mean something else after addresses were reused */
    uint32_t count;
    _Atomic uint32_t sent_session; /* trace session in which the entry was sent */
    uint32_t spare;
    uint64_t pcs[]; /* leaf first */
};

struct stack_table {
    _Atomic uint32_t used_slots;
    _Atomic uint32_t used_words; /* grows past STACK_WORDS when full: never handed out */
    _Atomic uint64_t refused;    /* stacks that found no room */
    uint32_t word_limit;         /* fewer words may be used than there are; 0 = all. Set at the start */
    _Atomic uint32_t slots[STACK_SLOTS]; /* word offset + 1 of the entry, 0 = free */
    uint64_t words[STACK_WORDS];
};

/* The number of the stack (1 ..), or 0 when the table is full (counted). Signal-safe, lock-free, reentrant.
 */
uint32_t stacks_intern(struct stack_table *table, const uint64_t *pcs, uint32_t count, uint32_t epoch);
/* The entry of a number that stacks_intern gave, or NULL. Signal-safe. */
struct stack_entry *stacks_entry(struct stack_table *table, uint32_t id);

#endif
