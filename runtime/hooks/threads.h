/* Threads as they come and go. */
#ifndef PREFLAME_HOOKS_THREADS_H
#define PREFLAME_HOOKS_THREADS_H

#include "capture/thread.h"

/* Makes the calling thread, the process' first, known. Boot and forked children. */
void threads_adopt_main(void);
/* In a forked child: the other threads are gone; the caller keeps its slot. Signal-safe. */
void threads_after_fork_child(void);
/* Around a fork while a trace provider is loaded: no other thread is in the middle of creating one. Waits for
 * those, a tenth of a second at most. */
void threads_hold_creation(void);
void threads_release_creation(void);
/* The calling thread leaves by the system call `exit`, of which libc sees nothing. If it is the program's
 * last, this ends the process as the kernel would. */
void threads_leave_raw(int status);

#endif
