/* Running work in a child, for a library that aborts the program when its input is damaged. */
#ifndef PREFLAME_VIEWER_ATTEMPT_H
#define PREFLAME_VIEWER_ATTEMPT_H

#include "base/compiler.h"

#include <stdbool.h>

/* Runs `work(context)` in a forked child and returns the exit status that it returned. What it writes to
 * stderr appears when it has ended; if the child aborted, nothing appears and *ret_is_aborted is set. Without
 * a child to be had, runs it here. Only from a single-threaded program. */
int attempt(int (*work)(void *context), void *context, bool *ret_is_aborted) MUST_USE;

#endif
