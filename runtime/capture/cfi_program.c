/* Running call frame instructions (DWARF 4 §6.4.2, and GNU's) up to the row of one pc. */
#include "capture/cfi_program.h"

#include <stddef.h>

#include "base/banned.h"

void program_init(struct program *p, uint64_t pc)
{
    p->pc = pc;
    p->row = (struct row){.rule = {.kind = RULE_NONE}};
    p->initial = p->row;
    p->depth = 0;
    p->is_signal = p->is_bad = false;
}

uint64_t cfi_read_encoded(struct cursor *c, uint8_t encoding, uint64_t data_base)
{
    uint64_t base = 0;
    if ((encoding & PE_APPLY) == PE_PCREL)
        base = cursor_address(c);
    else if ((encoding & PE_APPLY) == PE_DATAREL)
        base = data_base;
    else if (encoding & (PE_APPLY | PE_INDIRECT))
        c->is_bad = true;
    switch (encoding & PE_FORMAT) {
    case 0x00:
    case 0x04:
    case 0x0c:
        return base + read_fixed(c, 8);
    case 0x01:
        return base + read_uleb(c);
    case 0x02:
        return base + read_fixed(c, 2);
    case 0x03:
        return base + read_fixed(c, 4);
    case 0x09:
        return base + (uint64_t)read_sleb(c);
    case 0x0a:
        return base + (uint64_t)read_signed(c, 2);
    case 0x0b:
        return base + (uint64_t)read_signed(c, 4);
    default:
        c->is_bad = true;
        return 0;
    }
}

/* An offset counted in units of the CIE's data alignment; what overflows in damaged tables wraps around. */
static int64_t scaled(const struct program *p, uint64_t count)
{
    return (int64_t)(count * (uint64_t)p->data_align);
}

static void define_register(struct program *p, uint64_t reg, int64_t offset)
{
    const struct saved_register saved = {.is_saved = true, .offset = (int32_t)offset};
    if (reg == REG_RBP) {
        p->row.rule.rbp = saved;
        p->row.is_rbp_odd = false;
    } else if (reg == REG_RBX) {
        p->row.rule.rbx = saved;
    } else if (reg == REG_RA) {
        p->row.is_ra_undefined = false;
        p->row.is_ra_odd = offset != -8;
    }
}

static void forget_register(struct program *p, uint64_t reg, bool is_undefined)
{
    if (reg == REG_RBP) {
        p->row.rule.rbp = (struct saved_register){.is_saved = false};
        p->row.is_rbp_odd = false;
    } else if (reg == REG_RBX) {
        p->row.rule.rbx = (struct saved_register){.is_saved = false};
    } else if (reg == REG_RA) {
        p->row.is_ra_undefined = is_undefined;
        p->row.is_ra_odd = !is_undefined;
    }
}

static void restore_register(struct program *p, uint64_t reg)
{
    if (reg == REG_RBP) {
        p->row.rule.rbp = p->initial.rule.rbp;
        p->row.is_rbp_odd = p->initial.is_rbp_odd;
    } else if (reg == REG_RBX) {
        p->row.rule.rbx = p->initial.rule.rbx;
    } else if (reg == REG_RA) {
        p->row.is_ra_undefined = p->initial.is_ra_undefined;
        p->row.is_ra_odd = p->initial.is_ra_odd;
    }
}

static void define_cfa(struct program *p, uint64_t reg, int64_t offset)
{
    p->row.rule.kind = RULE_REG;
    p->row.rule.cfa_register = (uint8_t)reg;
    p->row.rule.cfa_offset = (int32_t)offset;
    if (reg > REG_RA)
        p->is_bad = true;
}

static void skip_block(struct program *p)
{
    cursor_skip(&p->code, read_uleb(&p->code));
}

/* A register saved by an expression. Of those that we follow, one form is understood: the address rbp +
 * offset, by which compilers describe a frame that realigns the stack. */
static void register_by_expression(struct program *p, bool is_address)
{
    struct cursor *c = &p->code;
    uint64_t reg = read_uleb(c), size = read_uleb(c), end = cursor_address(c) + size;
    struct saved_register saved = {.is_saved = true, .is_from_rbp = true};
    bool is_understood = is_address && size > 1 && read_fixed(c, 1) == DW_OP_BREG6;
    if (is_understood) {
        saved.offset = (int32_t)read_sleb(c);
        is_understood = cursor_address(c) == end;
    }
    cursor_go_to(c, end);
    if (reg == REG_RBP && is_understood)
        p->row.rule.rbp = saved;
    else if (reg == REG_RBX && is_understood)
        p->row.rule.rbx = saved;
    if (reg == REG_RBP)
        p->row.is_rbp_odd = !is_understood;
    p->row.is_ra_odd |= reg == REG_RA;
}

static void remember(struct program *p)
{
    if (p->depth < REMEMBER_MAX)
        p->remembered[p->depth] = p->row;
    else
        p->is_bad = true;
    p->depth++;
}

static void recall(struct program *p)
{
    if (p->depth && p->depth <= REMEMBER_MAX)
        p->row = p->remembered[--p->depth];
    else
        p->is_bad = true;
}

/* Moves to the next row. False when it starts behind pc: the row at hand is the answer. */
static bool advance(struct program *p, uint64_t delta)
{
    p->location += delta * p->code_align;
    return p->location <= p->pc;
}

/* One instruction without operand bits (DWARF 4 §6.4.2, and GNU's). False ends the program. */
static bool step_extended(struct program *p, uint8_t op)
{
    struct cursor *c = &p->code;
    uint64_t reg;
    switch (op) {
    case 0x00: /* nop */
        return true;
    case 0x01: /* set_loc */
        p->location = cfi_read_encoded(c, p->pointer_encoding, 0);
        return p->location <= p->pc;
    case 0x02: /* advance_loc1 */
        return advance(p, read_fixed(c, 1));
    case 0x03:
        return advance(p, read_fixed(c, 2));
    case 0x04:
        return advance(p, read_fixed(c, 4));
    case 0x05: /* offset_extended */
        reg = read_uleb(c);
        define_register(p, reg, scaled(p, read_uleb(c)));
        return true;
    case 0x06: /* restore_extended */
        restore_register(p, read_uleb(c));
        return true;
    case 0x07: /* undefined */
        forget_register(p, read_uleb(c), true);
        return true;
    case 0x08: /* same_value */
        forget_register(p, read_uleb(c), false);
        return true;
    case 0x09: /* register */
        reg = read_uleb(c);
        read_uleb(c);
        p->row.is_rbp_odd |= reg == REG_RBP;
        p->row.is_ra_odd |= reg == REG_RA;
        return true;
    case 0x0a:
        remember(p);
        return true;
    case 0x0b:
        recall(p);
        return true;
    case 0x0c: /* def_cfa */
        reg = read_uleb(c);
        define_cfa(p, reg, (int64_t)read_uleb(c));
        return true;
    case 0x0d: /* def_cfa_register */
        define_cfa(p, read_uleb(c), p->row.rule.cfa_offset);
        return true;
    case 0x0e: /* def_cfa_offset */
        p->row.rule.cfa_offset = (int32_t)read_uleb(c);
        return true;
    case 0x0f: /* def_cfa_expression */
        p->row.rule.kind = RULE_EXPR;
        p->row.rule.expression = cursor_address(c);
        skip_block(p);
        return true;
    case 0x10: /* expression */
    case 0x16: /* val_expression */
        register_by_expression(p, op == 0x10);
        return true;
    case 0x11: /* offset_extended_sf */
        reg = read_uleb(c);
        define_register(p, reg, scaled(p, (uint64_t)read_sleb(c)));
        return true;
    case 0x12: /* def_cfa_sf */
        reg = read_uleb(c);
        define_cfa(p, reg, scaled(p, (uint64_t)read_sleb(c)));
        return true;
    case 0x13: /* def_cfa_offset_sf */
        p->row.rule.cfa_offset = (int32_t)(scaled(p, (uint64_t)read_sleb(c)));
        return true;
    case 0x2e: /* GNU_args_size */
        read_uleb(c);
        return true;
    default:
        p->is_bad = true;
        return false;
    }
}

void cfi_run(struct program *p)
{
    while (cursor_left(&p->code) && !p->is_bad && !p->code.is_bad) {
        uint8_t op = (uint8_t)read_fixed(&p->code, 1);
        uint8_t low = op & 0x3f;
        bool goes_on = true;
        if ((op & 0xc0) == 0x40)
            goes_on = advance(p, low);
        else if ((op & 0xc0) == 0x80)
            define_register(p, low, scaled(p, read_uleb(&p->code)));
        else if ((op & 0xc0) == 0xc0)
            restore_register(p, low);
        else
            goes_on = step_extended(p, op);
        if (!goes_on)
            return;
    }
}
