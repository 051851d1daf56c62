/* The work of /test: ten short-lived threads. */
#ifndef PREFLAME_DEMO_TEN_THREADS_H
#define PREFLAME_DEMO_TEN_THREADS_H

#include "base/compiler.h"

/* Starts ten threads, each prints one line on stdout, and joins all that started. 0, or the negative errno of
 * the first that could not be started. Any thread. */
int ten_threads_run(void) MUST_USE;

#endif
