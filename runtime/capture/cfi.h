/* One unwind rule, worked out from an object's .eh_frame, which the kernel copies for us: the program may
 * have unmapped it, or cut its file. x86-64 only. Format: DWARF 4 §6.4, LSB Core 5 §10.6 (.eh_frame,
 * .eh_frame_hdr), System V ABI AMD64 §3.6 (register numbers). */
#ifndef PREFLAME_CAPTURE_CFI_H
#define PREFLAME_CAPTURE_CFI_H

#include "capture/modules.h"
#include "capture/scratch.h"

#include <stdbool.h>
#include <stdint.h>

enum rule_kind {
    RULE_NONE,   /* no unwind data for this pc */
    RULE_REG,    /* CFA = register + cfa_offset */
    RULE_EXPR,   /* CFA = DWARF expression at `expression` */
    RULE_SIGNAL, /* the kernel's signal frame: registers lie in a ucontext at rsp */
    RULE_END,    /* the outermost frame */
};

/* Where a frame keeps its caller's value of a register, if it does: at CFA + offset, or at rbp + offset
 * (frames that realign the stack). Otherwise the register is unchanged. */
struct saved_register {
    bool is_saved;
    bool is_from_rbp;
    int32_t offset;
};

/* How to find the caller of a frame stopped at one pc. The return address is at CFA - 8 (the AMD64 ABI). */
struct unwind_rule {
    enum rule_kind kind;
    uint8_t cfa_register; /* DWARF number: 7 = rsp, 6 = rbp */
    int32_t cfa_offset;
    struct saved_register rbp;
    struct saved_register rbx; /* the lazy binder's CFA; rules.h doesn't keep it, few walks want it */
    uint64_t
        expression; /* address of a ULEB128 length and the expression's bytes: the table's, then our copy's */
};

/* The rule for `pc` in `module`. RULE_NONE when the tables say nothing, or nothing that we can follow, or
 * can't be read. Signal-safe; reads only [data_low, data_high) of the module, by three to five system calls;
 * bounded. Call between module_enter and module_leave. Changes errno. */
struct unwind_rule cfi_rule(const struct module *module, uint64_t pc, struct cfi_scratch *scratch);

/* Sets the module's search table from its .eh_frame_hdr: none when there is none that we can follow.
 * Signal-safe. Changes errno. */
void cfi_find_table(struct module *module);

#endif
