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

#define EXPRESSION_BYTES_MAX 63
#define EXPRESSION_SLOTS 512 /* a power of two; programs have a dozen different ones */

/* A copy of an expression: what walks evaluate must not go away with the object that it came from. */
struct expression_slot {
    _Atomic uint8_t state;               /* enum in rules.c */
    uint8_t block[EXPRESSION_BYTES_MAX]; /* a ULEB128 length and the expression's bytes */
};

struct rule_table {
    struct rule_slot slots[RULE_SLOTS];
    struct expression_slot expressions[EXPRESSION_SLOTS];
};

/* The packed rule for pc, or 0 when the table doesn't know it. Signal-safe, lock-free. */
uint64_t rules_find(struct rule_table *table, uint64_t pc);
/* Keeps a rule if there is room near its place. Signal-safe, lock-free; equal racing inserts are fine. */
void rules_keep(struct rule_table *table, uint64_t pc, uint64_t packed);
/* The address of our own copy of a block of `size` (at most EXPRESSION_BYTES_MAX) bytes, for ever; 0 when
 * there is no room. Equal blocks share one. Signal-safe, lock-free, reentrant. */
uint64_t rules_keep_expression(struct rule_table *table, const uint8_t *block, uint32_t size);
/* Packs a rule into 64 bits; never 0. Expressions keep 47 address bits (all of user space). Offsets
 * beyond 26 bits, or an expression's saved rbp beyond 11 bits of words, become RULE_NONE. What is known of
 * rbx is left out. */
uint64_t rule_pack(const struct unwind_rule *rule);
struct unwind_rule rule_unpack(uint64_t packed);

#endif
