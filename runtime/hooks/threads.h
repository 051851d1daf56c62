/* Threads as they come and go. What has no other note is called in the thread itself. */
#ifndef PREFLAME_HOOKS_THREADS_H
#define PREFLAME_HOOKS_THREADS_H

#include "capture/thread.h"

/* Makes the calling thread, the process' first, known. Boot and forked children. */
void threads_adopt_main(void);
/* In a forked child: the other threads are gone; the caller keeps its slot. Signal-safe. */
void threads_after_fork_child(void);
/* The calling thread leaves by the system call `exit`, of which libc sees nothing. If it is the program's
 * last, this ends the process as the kernel would. */
void threads_leave_raw(int status);

/* What only the hooks of creation need. */

/* The calling thread has begun, in the slot that its creator took for it: it becomes known and sampled. */
void thread_began(struct thread_slot *slot);
/* Runs when the thread returns, calls pthread_exit or is cancelled. Whatever it does later (destructors of
 * its thread-specific data) is not recorded. The argument is its slot. */
void thread_ended(void *slot);
/* So many threads of the program more (or fewer, where one wasn't made after all). Any thread. */
void thread_expected(int32_t threads);

#endif
