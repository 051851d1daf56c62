/* The door to the unwinder: registers of a stopped frame in, program counters out. */
#ifndef PREFLAME_CAPTURE_UNWIND_H
#define PREFLAME_CAPTURE_UNWIND_H

#include "base/marker.h"
#include "capture/modules.h"
#include "capture/rules.h"

#include <stdint.h>

/* The registers that a walk follows. */
struct unwind_registers {
    uint64_t pc, sp, bp;
    uint64_t rest[17]; /* by DWARF number, for the first frame's unusual CFA registers; 0 when unknown */
};

struct unwinder {
    const struct module_state *modules;
    struct rule_table *rules;
    uint64_t own_low, own_high; /* preflame's own code: its frames are left out */
    uint64_t stack_low,
        stack_high; /* bounds of the stack walked; high 0 = unknown, loads go through the kernel */
    struct walk_scratch *scratch; /* not owned; one walk at a time */
};

/* Walks from `registers` outwards: writes at most `max` pcs to `pcs`, leaf first: the exact pc of the leaf,
 * return addresses minus 1 for its callers. A walk that ends before the outermost frame ends with a marker.
 * Returns how many. Signal-safe; no lock, no allocation. Call between module_enter and module_leave. Changes
 * errno. */
uint32_t unwind(const struct unwinder *unwinder, const struct unwind_registers *registers, uint64_t *pcs,
                uint32_t max);

#endif
