/* syscalls_counted: between two marks (a write to descriptor -1) makes each interposed system call a known
 * number of times, in one thread. strace and a trace must count the same. */
#include "base/compiler.h"
#include "places.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char buffer[256];

static void mark(void)
{
    ssize_t failed = write(-1, "MARK", 4);
    (void)failed;
}

static void on_files(int file, int rd, int wr)
{
    struct iovec part = {buffer, 16};
    ssize_t ignored = 0;
    for (int i = 0; i < 7; i++) {
        ignored += write(wr, buffer, 16);
        ignored += read(rd, buffer, 16);
    }
    for (int i = 0; i < 5; i++) {
        ignored += writev(wr, &part, 1);
        ignored += readv(rd, &part, 1);
    }
    for (int i = 0; i < 4; i++) {
        ignored += pwrite(file, buffer, 8, 0);
        ignored += pread(file, buffer, 8, 0);
        ignored += pread64(file, buffer, 8, 0);
    }
    for (int i = 0; i < 3; i++) {
        ignored += fsync(file) + fdatasync(file) + flock(file, i == 1 ? LOCK_UN : LOCK_EX);
    }
    ignored += read(-1, buffer, 1);
    (void)ignored;
}

/* What _FORTIFY_SOURCE makes of calls; libc exports them without declaring them for direct use. */
ssize_t __read_chk(int fd, void *to, size_t len, size_t room);
ssize_t __pread_chk(int fd, void *to, size_t len, off_t offset, size_t room);
ssize_t __pread64_chk(int fd, void *to, size_t len, off64_t offset, size_t room);
ssize_t __recv_chk(int fd, void *to, size_t len, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *to, size_t len, size_t room, int flags, struct sockaddr *from,
                       socklen_t *from_len);
int __poll_chk(struct pollfd *items, nfds_t count, int timeout_ms, size_t room);
int __ppoll_chk(struct pollfd *items, nfds_t count, const struct timespec *timeout, const sigset_t *mask,
                size_t room);

static void on_fortified(int file, int one, int other)
{
    const struct timespec no_time = {0, 0};
    struct pollfd item = {file, POLLIN, 0};
    for (int i = 0; i < 2; i++) {
        (void)__read_chk(file, buffer, 4, sizeof buffer);
        (void)__pread_chk(file, buffer, 4, 0, sizeof buffer);
        (void)__pread64_chk(file, buffer, 4, 0, sizeof buffer);
        (void)pwrite64(file, buffer, 4, 0);
        send(one, buffer, 8, 0);
        (void)__recv_chk(other, buffer, 4, sizeof buffer, 0);
        (void)__recvfrom_chk(other, buffer, 4, sizeof buffer, 0, NULL, NULL);
        __poll_chk(&item, 1, 0, sizeof item);
        __ppoll_chk(&item, 1, &no_time, NULL, sizeof item);
    }
}

static void on_sockets(int one, int other)
{
    struct iovec part = {buffer, 4};
    struct msghdr message;
    memset(&message, 0, sizeof message);
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    struct mmsghdr many[1] = {{message, 0}};
    for (int i = 0; i < 6; i++) {
        send(one, buffer, 4, 0);
        recv(other, buffer, 4, 0);
    }
    for (int i = 0; i < 5; i++) {
        sendto(one, buffer, 4, 0, NULL, 0);
        recvfrom(other, buffer, 4, 0, NULL, NULL);
    }
    for (int i = 0; i < 4; i++) {
        sendmsg(one, &message, 0);
        (void)recvmsg(other, &message, 0);
    }
    for (int i = 0; i < 3; i++) {
        sendmmsg(one, many, 1, 0);
        recvmmsg(other, many, 1, 0, NULL);
    }
}

static void on_connections(void)
{
    for (int i = 0; i < 2; i++) {
        unsigned len = 0;
        int listener = place_listener_ready();
        const void *peer = places_peer(&len);
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        (void)connect(fd, peer, len);
        close(accept(listener, NULL, NULL));
        close(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
        close(fd);
        places_release();
    }
    (void)connect(-1, (const struct sockaddr *)buffer, 16);
}

static void on_waits(int ready_fd, int set)
{
    struct pollfd item = {ready_fd, POLLIN, 0};
    struct epoll_event event;
    for (int i = 0; i < 5; i++) {
        poll(&item, 1, 0);
        epoll_wait(set, &event, 1, 0);
    }
    for (int i = 0; i < 3; i++) {
        const struct timespec short_time = {0, 100000};
        struct timeval short_time_us = {0, 100};
        ppoll(NULL, 0, &short_time, NULL);
        select(0, NULL, NULL, NULL, &short_time_us);
        pselect(0, NULL, NULL, NULL, &short_time, NULL);
        epoll_pwait(set, &event, 1, 0, NULL);
        nanosleep(&short_time, NULL);
        clock_nanosleep(CLOCK_MONOTONIC, 0, &short_time, NULL);
        usleep(100);
        sleep(0);
    }
    poll(NULL, 0, -7 * 0);
}

static void on_children(void)
{
    siginfo_t info;
    for (int i = 0; i < 2; i++) {
        wait(NULL); /* there is no child: each fails, and each is a call */
        waitpid(-1, NULL, WNOHANG);
        wait3(NULL, WNOHANG, NULL);
        wait4(-1, NULL, WNOHANG, NULL);
        waitid(P_ALL, 0, &info, WEXITED | WNOHANG);
    }
}

int main(void)
{
    int file = place_file();
    int sockets[2], pipe_ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0 || pipe(pipe_ends) != 0) {
        return 1;
    }
    int ready = dup(place_ready_pipe());
    int set = dup(place_epoll_ready());
    mark();
    on_files(file, pipe_ends[0], pipe_ends[1]);
    on_sockets(sockets[0], sockets[1]);
    on_fortified(file, sockets[0], sockets[1]);
    on_waits(ready, set);
    on_children();
    on_connections();
    mark();
    return 0;
}
