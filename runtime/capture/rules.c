/* The rule table: open addressing over pcs, a short probe, no deletion (emptied whole behind the unload
 * gate). */
#include "capture/rules.h"

#include "base/banned.h"

#define PROBES 8
/* Layout: 0-2 kind + 1, 3 rbp saved, 63 from rbp; 4-8 CFA register, 9-35 CFA offset, 36-62 rbp offset.
 * An expression's: 4-15 rbp offset in words, 16-62 address. */
#define RBP_SAVED UINT64_C(8)
#define FROM_RBP (UINT64_C(1) << 63)
#define EXPRESSION_MASK ((UINT64_C(1) << 47) - 1)
#define OFFSET_BITS 27
#define OFFSET_MASK ((UINT64_C(1) << OFFSET_BITS) - 1)
#define OFFSET_LIMIT (INT32_C(1) << (OFFSET_BITS - 1))

static uint32_t place_of(uint64_t pc)
{
    return (uint32_t)((pc * UINT64_C(0x9e3779b97f4a7c15)) >> 48) & (RULE_SLOTS - 1);
}

uint64_t rules_find(struct rule_table *table, uint64_t pc)
{
    uint32_t at = place_of(pc);
    for (unsigned i = 0; i < PROBES; i++, at = (at + 1) & (RULE_SLOTS - 1)) {
        uint64_t key = atomic_load_explicit(&table->slots[at].pc, memory_order_acquire);
        if (key == pc)
            return atomic_load_explicit(&table->slots[at].rule, memory_order_relaxed);
        if (!key)
            return 0;
    }
    return 0;
}

void rules_keep(struct rule_table *table, uint64_t pc, uint64_t packed)
{
    uint32_t at = place_of(pc);
    for (unsigned i = 0; i < PROBES; i++, at = (at + 1) & (RULE_SLOTS - 1)) {
        uint64_t key = 0;
        if (atomic_compare_exchange_strong_explicit(&table->slots[at].pc, &key, pc, memory_order_acq_rel,
                                                    memory_order_acquire) ||
            key == pc) {
            atomic_store_explicit(&table->slots[at].rule, packed, memory_order_relaxed);
            return;
        }
    }
}

enum { EXPRESSION_FREE, EXPRESSION_WRITING, EXPRESSION_READY };

/* The rest of a shorter block is zero: whole slots are compared. */
static bool is_block(const struct expression_slot *slot, const uint8_t *block, uint32_t size)
{
    for (uint32_t i = 0; i < EXPRESSION_BYTES_MAX; i++) {
        if (slot->block[i] != (i < size ? block[i] : 0))
            return false;
    }
    return true;
}

uint64_t rules_keep_expression(struct rule_table *table, const uint8_t *block, uint32_t size)
{
    uint64_t hash = size;
    for (uint32_t i = 0; i < size; i++)
        hash = (hash ^ block[i]) * UINT64_C(0x100000001b3);
    for (unsigned i = 0; i < PROBES; i++) {
        struct expression_slot *slot = &table->expressions[(hash + i) & (EXPRESSION_SLOTS - 1)];
        uint8_t state = EXPRESSION_FREE;
        if (atomic_compare_exchange_strong_explicit(&slot->state, &state, EXPRESSION_WRITING,
                                                    memory_order_acquire, memory_order_acquire)) {
            for (uint32_t k = 0; k < size; k++)
                slot->block[k] = block[k];
            /* Release: publishes the block. */
            atomic_store_explicit(&slot->state, EXPRESSION_READY, memory_order_release);
        } else if (state != EXPRESSION_READY || !is_block(slot, block, size)) {
            continue;
        }
        return (uint64_t)(uintptr_t)slot->block;
    }
    return 0;
}

static bool fits(int32_t offset)
{
    return offset >= -OFFSET_LIMIT && offset < OFFSET_LIMIT;
}

/* A saved rbp's offset, in words, fits into the 12 bits that an expression's address leaves. */
static bool fits_beside_expression(const struct saved_register *rbp)
{
    return !rbp->is_saved || (rbp->offset % 8 == 0 && rbp->offset / 8 >= -2048 && rbp->offset / 8 < 2048);
}

uint64_t rule_pack(const struct unwind_rule *rule)
{
    const struct saved_register *rbp = &rule->rbp;
    uint64_t packed = (uint64_t)rule->kind + 1;
    if (rule->kind == RULE_EXPR) {
        if (rule->expression > EXPRESSION_MASK || !fits_beside_expression(rbp))
            return (uint64_t)RULE_NONE + 1;
        packed |= rule->expression << 16;
        if (rbp->is_saved)
            packed |= ((uint64_t)(int64_t)(rbp->offset / 8) & 0xfff) << 4;
    } else if (rule->kind == RULE_REG) {
        if (!fits(rule->cfa_offset) || (rbp->is_saved && !fits(rbp->offset)))
            return (uint64_t)RULE_NONE + 1;
        packed |= (uint64_t)(rule->cfa_register & 31) << 4;
        packed |= ((uint64_t)(int64_t)rule->cfa_offset & OFFSET_MASK) << 9;
        if (rbp->is_saved)
            packed |= ((uint64_t)(int64_t)rbp->offset & OFFSET_MASK) << 36;
    }
    if (rbp->is_saved)
        packed |= RBP_SAVED | (rbp->is_from_rbp ? FROM_RBP : 0);
    return packed;
}

struct unwind_rule rule_unpack(uint64_t packed)
{
    struct unwind_rule rule = {.kind = (enum rule_kind)((packed & 7) - 1),
                               .rbp = {.is_saved = packed & RBP_SAVED, .is_from_rbp = packed & FROM_RBP}};
    if (rule.kind == RULE_EXPR) {
        rule.expression = packed >> 16 & EXPRESSION_MASK;
        rule.rbp.offset = (int32_t)((int64_t)(packed << 48) >> 52) * 8;
    } else if (rule.kind == RULE_REG) {
        rule.cfa_register = (packed >> 4) & 31;
        rule.cfa_offset = (int32_t)((int64_t)(packed << 28) >> 37);
        rule.rbp.offset = (int32_t)((int64_t)(packed << 1) >> 37);
    }
    return rule;
}
