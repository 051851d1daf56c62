/* Descriptors through which threads of a process wake each other: pipes, eventfds, pairs of sockets. Which
 * one is read from when another is written to, and who waits for that. */
#ifndef PREFLAME_HOOKS_ENDS_H
#define PREFLAME_HOOKS_ENDS_H

#include "base/sink.h"

#include <poll.h>
#include <stdint.h>

/* The caller is about to write to the descriptor: tells whose wait in read, poll or epoll that ends. A load
 * where the program's threads don't read from its other end, a look at every thread's slot where they may.
 * Keeps errno. Not signal-safe. */
void ends_written(const struct sink *sink, uint64_t fd);

/* The caller is about to poll these. Returns what it waits for, as it is told: the array's address. Notes in
 * a trace which descriptors it holds; the array may be anywhere. Keeps errno. Hook-safe. */
uint64_t ends_polled(const struct pollfd *fds, nfds_t count);

#endif
