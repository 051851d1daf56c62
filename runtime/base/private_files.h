/* A thread with a descriptor table of its own.
 *
 * Preflame's threads must not hold the program's files open, must survive a program that closes every
 * descriptor, and must not show in its numbers. And while two threads share a table the kernel counts
 * references on every use of a descriptor, which costs a program of one thread some 15 ns a system call. */
#ifndef PREFLAME_BASE_PRIVATE_FILES_H
#define PREFLAME_BASE_PRIVATE_FILES_H

#include <stdbool.h>

/* Gives the calling thread an empty descriptor table with /dev/null at 0, 1 and 2. False when the kernel
 * refuses: the thread then goes on sharing the program's. Only for preflame's own threads,
 * first of all. */
bool private_files_enter(void);

/* A copy, in the calling thread's table, of what the program has at `fd` now; or negative errno: -EBADF, and
 * -EPERM or -ENOSYS where the kernel refuses. The caller closes it. Any thread. */
int private_files_borrow(int fd);

#endif
