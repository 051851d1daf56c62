/* The few DWARF expressions that compilers and linkers write for a CFA (DWARF 4 §2.5): PLT stubs, realigned
 * stacks. */
#ifndef PREFLAME_CAPTURE_EXPRESSION_H
#define PREFLAME_CAPTURE_EXPRESSION_H

#include "capture/unwind.h"

#include <stdbool.h>

/* Loads one word of the stack under walk. False when it isn't readable. */
typedef bool (*expression_load)(const struct unwinder *unwinder, uint64_t sp, uint64_t address,
                                uint64_t *ret_value);

/* Evaluates the block at `address` (ULEB128 length, then operations), of which EXPRESSION_BYTES_MAX bytes can
 * be loaded: a copy that rules_keep_expression made. False on anything unusual. Signal-safe. */
bool expression_value(const struct unwinder *unwinder, uint64_t address,
                      const struct unwind_registers *registers, expression_load load, uint64_t *ret_value);

#endif
