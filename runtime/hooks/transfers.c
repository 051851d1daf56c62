/* The loops that finish what our signal cut short: each step is one call of the same kind with what is left.
 */
#include "hooks/transfers.h"

#include "base/clock.h"
#include "hooks/reals.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#define ERESTARTSYS 512  /* the kernel's own: what recvmmsg leaves in a socket when a signal cuts it short */
#define MEMORY_DEVICES 1 /* major number of /dev/zero, /dev/urandom and their kin */

static int64_t limit_ns(int fd, short events)
{
    struct timeval limit = {.tv_sec = 0};
    socklen_t size = sizeof(limit);
    int option = events == POLLIN ? SO_RCVTIMEO : SO_SNDTIMEO;
    return getsockopt(fd, SOL_SOCKET, option, &limit, &size) == 0 ? call_timeval_ns(&limit) : 0;
}

bool transfer_again(const struct call *call, int fd, short events)
{
    int64_t limit = limit_ns(fd, events);
    while (limit > 0) {
        int64_t left_ns = call->start_ns + limit - clock_mono_ns();
        struct timespec left = {.tv_sec = left_ns / NS_PER_S, .tv_nsec = left_ns % NS_PER_S};
        struct pollfd item = {.fd = fd, .events = events};
        int ready = left_ns > 0 ? real_ppoll(&item, 1, &left, NULL) : 0;
        if (ready == 0)
            errno = EAGAIN;
        if (ready >= 0 || !call_was_ours(call))
            return ready > 0;
    }
    return true;
}

bool transfer_connect_again(const struct call *call, int fd)
{
    int domain = AF_UNIX;
    socklen_t size = sizeof(domain);
    if (transfer_again(call, fd, POLLOUT))
        return true;
    if (errno == EAGAIN && getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain != AF_UNIX)
        errno = EINPROGRESS;
    return false;
}

bool transfer_messages_again(const struct call *call, int fd, struct timespec *timeout)
{
    if (timeout) {
        int64_t left_ns = call->timeout_ns - (clock_mono_ns() - call->start_ns);
        left_ns = left_ns > 0 ? left_ns : 0;
        *timeout = (struct timespec){.tv_sec = left_ns / NS_PER_S, .tv_nsec = left_ns % NS_PER_S};
    }
    return transfer_again(call, fd, POLLIN);
}

/* Steps on from `done`, which is short of `size`, for as long as our signal is what cut the call and then the
 * last step. `step` and `may_go_on` are expressions in `done`; `is_bounded`: may_go_on does the waiting, so a
 * step that was not cut may be short too. */
#define GO_ON(type, size, is_bounded, may_go_on, step)                                                       \
    do {                                                                                                     \
        int error = errno;                                                                                   \
        bool was_cut = done > 0 && (size_t)done < (size) && call_was_cut(call);                              \
        while (was_cut && (may_go_on)) {                                                                     \
            type more = (step);                                                                              \
            if (more > 0)                                                                                    \
                done += more;                                                                                \
            was_cut = more > 0 ? (size_t)done < (size) && ((is_bounded) || call_was_cut(call))               \
                               : more < 0 && call_was_ours(call);                                            \
        }                                                                                                    \
        errno = error;                                                                                       \
        return done;                                                                                         \
    } while (0)

ssize_t transfer_read(const struct call *call, int fd, void *data, size_t size, ssize_t done)
{
    struct stat status;
    if (done <= 0 || (size_t)done >= size || fstat(fd, &status) != 0 || !S_ISCHR(status.st_mode) ||
        major(status.st_rdev) != MEMORY_DEVICES)
        return done; /* elsewhere a read ends where nothing is there any more */
    GO_ON(ssize_t, size, false, true, real_read(fd, (char *)data + done, size - (size_t)done));
}

ssize_t transfer_write(const struct call *call, int fd, const void *data, size_t size, ssize_t done)
{
    GO_ON(ssize_t, size, false, transfer_again(call, fd, POLLOUT),
          real_write(fd, (const char *)data + done, size - (size_t)done));
}

ssize_t transfer_send(const struct call *call, int fd, const void *data, size_t size, int flags, ssize_t done)
{
    GO_ON(ssize_t, size, false, transfer_again(call, fd, POLLOUT),
          real_send(fd, (const char *)data + done, size - (size_t)done, flags & ~MSG_FASTOPEN));
}

ssize_t transfer_sendfile(const struct call *call, int out, int in, off_t *at, size_t size, ssize_t done)
{
    GO_ON(ssize_t, size, false, transfer_again(call, out, POLLOUT),
          real_sendfile(out, in, at, size - (size_t)done));
}

ssize_t transfer_random(const struct call *call, void *data, size_t size, unsigned flags, ssize_t done)
{
    GO_ON(ssize_t, size, false, true, real_getrandom((char *)data + done, size - (size_t)done, flags));
}

static size_t size_of_parts(const struct iovec *parts, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += parts[i].iov_len;
    return size;
}

/* Where byte `done` lies, which is before the end: within a part, of which `size` bytes are left, or at the
 * beginning of one, and `size` is 0. */
struct place_in_parts {
    char *data;
    size_t size;
    struct iovec *parts;
    size_t count;
};

static struct place_in_parts place_in(struct iovec *parts, size_t count, size_t done)
{
    while (done >= parts->iov_len) {
        done -= parts->iov_len;
        parts++;
        count--;
    }
    return (struct place_in_parts){.data = (char *)parts->iov_base + done,
                                   .size = done ? parts->iov_len - done : 0,
                                   .parts = parts,
                                   .count = count};
}

/* The rest of a part by `one`, then, if that is whole, the parts behind it by `many`, both in terms of `at`.
 */
#define MOVE_FROM(at, one, many)                                                                             \
    do {                                                                                                     \
        ssize_t moved = (at).size ? (one) : 0;                                                               \
        if (moved < (ssize_t)(at).size || ((at).size && (at).count == 1))                                    \
            return moved;                                                                                    \
        (at).parts += (at).size ? 1 : 0;                                                                     \
        (at).count -= (at).size ? 1 : 0;                                                                     \
        ssize_t more = (many);                                                                               \
        return more > 0 ? moved + more : moved ? moved : more;                                               \
    } while (0)

static ssize_t writev_from(int fd, const struct iovec *parts, size_t count, ssize_t done)
{
    struct place_in_parts at = place_in((struct iovec *)(uintptr_t)parts, count, (size_t)done);
    MOVE_FROM(at, real_write(fd, at.data, at.size), real_writev(fd, at.parts, (int)at.count));
}

ssize_t transfer_writev(const struct call *call, int fd, const struct iovec *parts, int count, ssize_t done)
{
    if (done <= 0)
        return done;
    GO_ON(ssize_t, size_of_parts(parts, (size_t)count), false, transfer_again(call, fd, POLLOUT),
          writev_from(fd, parts, (size_t)count, done));
}

static ssize_t sendmsg_from(int fd, const struct msghdr *message, int flags, ssize_t done)
{
    struct place_in_parts at = place_in(message->msg_iov, message->msg_iovlen, (size_t)done);
    flags &= ~MSG_FASTOPEN;
    MOVE_FROM(at, real_send(fd, at.data, at.size, flags),
              real_sendmsg(fd, &(struct msghdr){.msg_iov = at.parts, .msg_iovlen = at.count}, flags));
}

ssize_t transfer_sendmsg(const struct call *call, int fd, const struct msghdr *message, int flags,
                         ssize_t done)
{
    if (done <= 0)
        return done;
    GO_ON(ssize_t, size_of_parts(message->msg_iov, message->msg_iovlen), false,
          transfer_again(call, fd, POLLOUT), sendmsg_from(fd, message, flags, done));
}

/* Sends on in a message that went out in part. Is it whole now? */
static bool finish_message(const struct call *call, int fd, struct mmsghdr *message, int flags)
{
    size_t size = size_of_parts(message->msg_hdr.msg_iov, message->msg_hdr.msg_iovlen);
    if (message->msg_len < size && transfer_again(call, fd, POLLOUT)) {
        ssize_t more = sendmsg_from(fd, &message->msg_hdr, flags, message->msg_len);
        message->msg_len += more > 0 ? (unsigned)more : 0;
    }
    return message->msg_len == size;
}

int transfer_sendmmsg(const struct call *call, int fd, struct mmsghdr *messages, unsigned count, int flags,
                      int done)
{
    int error = errno;
    while (done > 0 && call_was_cut(call)) {
        if (!finish_message(call, fd, &messages[done - 1], flags))
            continue; /* cut again, or not to be helped */
        if (done == (int)count || !transfer_again(call, fd, POLLOUT))
            break;
        int more = real_sendmmsg(fd, messages + done, count - (unsigned)done, flags);
        done += more > 0 ? more : 0;
    }
    errno = error;
    return done;
}

/* Does a receive end short only when a signal, an error or the end comes? */
static bool waits_for_all(int fd, int flags)
{
    int type = 0;
    socklen_t size = sizeof(type);
    return (flags & MSG_WAITALL) && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
           type == SOCK_STREAM;
}

/* With a limit, transfer_again waits, for the time that is left, and a step takes what is there. */
static int flags_within(int64_t limit, int flags)
{
    return limit > 0 ? (flags & ~MSG_WAITALL) | MSG_DONTWAIT : flags;
}

/* What was only looked at is looked at again from its beginning. */
static ssize_t recv_from(int fd, void *data, size_t size, int flags, ssize_t done)
{
    if (!(flags & MSG_PEEK))
        return real_recv(fd, (char *)data + done, size - (size_t)done, flags);
    ssize_t seen = real_recv(fd, data, size, flags);
    return seen > done ? seen - done : seen < 0 ? seen : 0;
}

ssize_t transfer_recv(const struct call *call, int fd, void *data, size_t size, int flags, ssize_t done)
{
    if (!waits_for_all(fd, flags))
        return done;
    int64_t limit = limit_ns(fd, POLLIN);
    GO_ON(ssize_t, size, limit > 0 && !(flags & MSG_PEEK), transfer_again(call, fd, POLLIN),
          recv_from(fd, data, size, flags_within(limit, flags), done));
}

static ssize_t recvmsg_from(int fd, const struct msghdr *message, int flags, ssize_t done)
{
    struct place_in_parts at = place_in(message->msg_iov, message->msg_iovlen, (size_t)done);
    MOVE_FROM(at, real_recv(fd, at.data, at.size, flags),
              real_recvmsg(fd, &(struct msghdr){.msg_iov = at.parts, .msg_iovlen = at.count}, flags));
}

ssize_t transfer_recvmsg(const struct call *call, int fd, struct msghdr *message, int flags, ssize_t done)
{
    /* With control data the next bytes may belong to another sender. */
    if (done <= 0 || (flags & MSG_PEEK) || message->msg_controllen || !waits_for_all(fd, flags))
        return done;
    int64_t limit = limit_ns(fd, POLLIN);
    GO_ON(ssize_t, size_of_parts(message->msg_iov, message->msg_iovlen), limit > 0,
          transfer_again(call, fd, POLLIN), recvmsg_from(fd, message, flags_within(limit, flags), done));
}

/* The signal that cut the call short may lie in the socket as its error. */
static int recvmmsg_from(int fd, struct mmsghdr *messages, unsigned count, int flags,
                         struct timespec *timeout, int done)
{
    int more = real_recvmmsg(fd, messages + done, count - (unsigned)done, flags, timeout);
    return more == -1 && (errno == ERESTARTSYS || errno == EINTR)
               ? real_recvmmsg(fd, messages + done, count - (unsigned)done, flags, timeout)
               : more;
}

int transfer_recvmmsg(const struct call *call, int fd, struct mmsghdr *messages, unsigned count, int flags,
                      struct timespec *timeout, int done)
{
    if (flags & MSG_WAITFORONE)
        return done; /* after the first it takes only what is there */
    GO_ON(int, count, false, transfer_again(call, fd, POLLIN),
          recvmmsg_from(fd, messages, count, flags, timeout, done));
}
