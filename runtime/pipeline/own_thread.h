/* Starting preflame's own threads in the program's process. */
#ifndef PREFLAME_PIPELINE_OWN_THREAD_H
#define PREFLAME_PIPELINE_OWN_THREAD_H

#include "base/compiler.h"

#include <pthread.h>
#include <stddef.h>

/* pthread_create with every signal blocked, since the program's signals are not for it, and a stack of
 * `stack_bytes`. 0 or negative errno. Any thread, with the guard up; not signal-safe. */
int own_thread_start(pthread_t *ret, size_t stack_bytes, void *(*main)(void *), void *argument) MUST_USE;

#endif
