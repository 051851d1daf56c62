/* Transfers that our signal alone cut short go on: for the time that a socket's own limit leaves, and with
 * the bytes that are left. For the columns `again` and `rest` of calls.def. */
#ifndef PREFLAME_HOOKS_TRANSFERS_H
#define PREFLAME_HOOKS_TRANSFERS_H

#include "hooks/call.h"

#include <sys/socket.h>
#include <sys/uio.h>

/* May the interrupted call on fd be repeated? At once, unless fd is a socket with a time limit for `events`
 * (POLLIN: SO_RCVTIMEO, POLLOUT: SO_SNDTIMEO): then when it is ready, within the time that is left of it.
 * False, with the errno that the call fails with, when that is over or a handler of the program's ran. */
bool transfer_again(const struct call *call, int fd, short events);
/* The same for connect, which says EINPROGRESS when its time is over, except to another process here. */
bool transfer_connect_again(const struct call *call, int fd);
/* Shortens recvmmsg's timeout, in place as the kernel does, and asks transfer_again. */
bool transfer_messages_again(const struct call *call, int fd, struct timespec *timeout);

/* What each call's result becomes after it moved `done` bytes (messages) and our signal came: more, or `done`
 * itself where nothing was cut. Errno is kept. */
ssize_t transfer_read(const struct call *call, int fd, void *data, size_t size, ssize_t done);
ssize_t transfer_write(const struct call *call, int fd, const void *data, size_t size, ssize_t done);
ssize_t transfer_writev(const struct call *call, int fd, const struct iovec *parts, int count, ssize_t done);
ssize_t transfer_recv(const struct call *call, int fd, void *data, size_t size, int flags, ssize_t done);
ssize_t transfer_recvmsg(const struct call *call, int fd, struct msghdr *message, int flags, ssize_t done);
int transfer_recvmmsg(const struct call *call, int fd, struct mmsghdr *messages, unsigned count, int flags,
                      struct timespec *timeout, int done);
ssize_t transfer_send(const struct call *call, int fd, const void *data, size_t size, int flags,
                      ssize_t done);
ssize_t transfer_sendmsg(const struct call *call, int fd, const struct msghdr *message, int flags,
                         ssize_t done);
int transfer_sendmmsg(const struct call *call, int fd, struct mmsghdr *messages, unsigned count, int flags,
                      int done);
ssize_t transfer_sendfile(const struct call *call, int out, int in, off_t *at, size_t size, ssize_t done);
ssize_t transfer_random(const struct call *call, void *data, size_t size, unsigned flags, ssize_t done);

#endif
