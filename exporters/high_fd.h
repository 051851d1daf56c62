/* Descriptors out of the program's way: it must get the same small numbers from open() as without us. */
#ifndef PREFLAME_EXPORTERS_HIGH_FD_H
#define PREFLAME_EXPORTERS_HIGH_FD_H

#include "base/compiler.h"

#include <stddef.h>

#define HIGH_FD_FLOOR 1000 /* numbers from here on are ours, where RLIMIT_NOFILE allows it */

/* Moves `fd` to a number of at least HIGH_FD_FLOOR (or as high as the limit leaves room for), close-on-exec,
 * and closes the old number. Takes ownership of `fd`, returns the new owner's number: `fd` itself, made
 * close-on-exec, when no higher one is free. A negative `fd` is returned as it is, so that calls can be
 * nested. Any thread. */
int high_fd(int fd) MUST_USE;

/* Calls `make(arg)` while every number below HIGH_FD_FLOOR is taken, so that descriptors which a library
 * opens inside it land above. The new ones are listed in ret_fds, at most `max`; the return value counts
 * them. Another thread that opens a file in these few hundred microseconds gets a high number too: meant for
 * start-up. When the limit leaves no room, `make` is called all the same and 0 returned. */
size_t high_fd_while_low_taken(void (*make)(void *arg), void *arg, int *ret_fds, size_t max);

#endif
