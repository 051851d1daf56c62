/* What the signal room needs around it, made the way boot makes it: tables, the module list, this thread's
 * slot. */
#ifndef PREFLAME_TESTS_CAPTURE_FIXTURE_H
#define PREFLAME_TESTS_CAPTURE_FIXTURE_H

#include "capture/capture.h"
#include "capture/state.h"
#include "capture/unwind.h"

#include <stddef.h>
#include <ucontext.h>

/* Maps `size` zeroed bytes that cost memory only where they are touched; ends the program on failure. */
void *fixture_map(size_t size);
/* Makes the tables of `capture` and reads the loader's list. Once a program. */
void fixture_open(void);
/* Gives the calling thread a slot with its stack's bounds. */
struct thread_slot *fixture_enter_thread(void);
/* Takes the slot away again. */
void fixture_leave_thread(void);
/* The bounds of the calling thread's stack. */
void fixture_stack_bounds(uint64_t *ret_low, uint64_t *ret_high);
/* The module that holds a function of this program or of a library; fails the test if there is none. */
const struct module *fixture_module_of(const void *address);
/* The registers of an interrupted context. Signal-safe. */
struct unwind_registers fixture_registers(const ucontext_t *context);
/* An unwinder over the tables of `capture`, with the given stack bounds. All share one scratch: one walk at a
 * time in the program. Signal-safe. */
struct unwinder fixture_unwinder(uint64_t stack_low, uint64_t stack_high);

#endif
