/* Running work in a child, for a library that aborts the program when its input is damaged. */
#ifndef PREFLAME_VIEWER_ATTEMPT_H
#define PREFLAME_VIEWER_ATTEMPT_H

#include "base/compiler.h"

#include <stdbool.h>

/* Work that can be done again more carefully; returns an exit status. */
typedef int (*attempt_work)(void *context, bool is_careful);

/* Runs `work(context, false)` in a forked child and returns its exit status; if a signal ended it,
 * `work(context, true)` in another. What a child writes to stderr appears when it has ended, and never if a
 * signal ended it; if that happens twice, one line says so. No child outlives this process. Without one to be
 * had, all runs here. Only from a single-threaded program. */
int attempt(attempt_work work, void *context) MUST_USE;

#endif
