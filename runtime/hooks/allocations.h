/* The allocation calls: malloc and its kin, C++'s operators. */
#ifndef PREFLAME_HOOKS_ALLOCATIONS_H
#define PREFLAME_HOOKS_ALLOCATIONS_H

#include "base/compiler.h"

#include <stdbool.h>

/* Finds the real calls, and takes back the names that the process doesn't have. Boot-only. */
void allocations_resolve(void);

/* From now on allocations are sampled by profilers/heap.h. False, and nothing is changed, when the program's
 * malloc isn't ours. Needs the thread's guard. Boot-only. */
bool allocations_start(void) MUST_USE;

/* The object whose malloc the program calls when that isn't ours: the executable, or another preload before
 * us. Boot-only. */
const char *allocations_bypass(void);

#endif
