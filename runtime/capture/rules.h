/* The shared, lock-free table pc → unwind rule: what makes a warm stack cost loads only, once for all
 * threads. */
#ifndef PREFLAME_CAPTURE_RULES_H
#define PREFLAME_CAPTURE_RULES_H

#include "capture/cfi.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define RULE_SLOTS 65536 /* a power of two: 1 MB of address space, touched as code is met */

struct rule_slot {
    _Atomic uint64_t pc; /* 0 = free; claimed by compare-and-swap, never changed until the table is emptied */
    _Atomic uint64_t rule; /* packed; 0 = claimed, not yet written */
};

struct rule_table {
    struct rule_slot slots[RULE_SLOTS];
};

/* The packed rule for pc, or 0 when the table doesn't know it. Signal-safe, lock-free. */
uint64_t rules_find(struct rule_table *table, uint64_t pc);
/* Keeps a rule if there is room near its place. Signal-safe, lock-free; equal racing inserts are fine. */
void rules_keep(struct rule_table *table, uint64_t pc, uint64_t packed);
/* Packs a rule into 64 bits; never 0. Expressions keep 47 address bits (all of user space). Offsets
 * beyond 26 bits, or an expression's saved rbp beyond 11 bits of words, become RULE_NONE. What is known of
 * rbx is left out. */
uint64_t rule_pack(const struct unwind_rule *rule);
struct unwind_rule rule_unpack(uint64_t packed);

#endif
