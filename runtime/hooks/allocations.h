/* The allocation calls: malloc and its kin, C++'s operators. */
#ifndef PREFLAME_HOOKS_ALLOCATIONS_H
#define PREFLAME_HOOKS_ALLOCATIONS_H

#include <stdbool.h>

/* Finds the real calls, and takes back the names that the process doesn't have. Boot-only. */
void allocations_resolve(void);

/* From now on allocations are sampled by profilers/heap.h: only where the program's are ours
 * (allocations_bypass). Boot-only. */
void allocations_start(void);

/* The object whose malloc the program calls when that isn't ours, or NULL: the executable's own, or another
 * preload's before us. Boot-only. */
const char *allocations_bypass(void);

#endif
