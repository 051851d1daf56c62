/* Threads as they come and go. */
#ifndef PREFLAME_HOOKS_THREADS_H
#define PREFLAME_HOOKS_THREADS_H

#include "capture/thread.h"

/* Makes the calling thread, the process' first, known. Boot and forked children. */
void threads_adopt_main(void);
/* In a forked child: the other threads are gone; the caller keeps its slot. Signal-safe. */
void threads_after_fork_child(void);

#endif
