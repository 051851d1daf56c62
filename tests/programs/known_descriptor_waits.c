/* Waits for descriptors, sockets, children and file locks. */
#include "known_wait.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int checked(int fd)
{
    if (fd < 0) {
        perror("sleep_known");
        exit(1);
    }
    return fd;
}

static void write_one(void *arg)
{
    syscall(SYS_write, *(int *)arg, "x", 1);
}

static void connect_to(void *arg)
{
    struct sockaddr_in address;
    socklen_t len = sizeof address;
    getsockname(*(int *)arg, (struct sockaddr *)&address, &len);
    int fd = checked(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    syscall(SYS_connect, fd, &address, len);
    close(fd);
}

static void accept_one(void *arg)
{
    close((int)syscall(SYS_accept4, *(int *)arg, NULL, NULL, SOCK_CLOEXEC));
}

static void waits_with_timeout(int quiet_fd)
{
    struct pollfd item = {quiet_fd, POLLIN, 0};
    const struct timespec length = {0, KNOWN_WAIT_MS * 1000000L};
    struct timeval length_us = {0, KNOWN_WAIT_MS * 1000L};
    fd_set readers;
    FD_ZERO(&readers);
    FD_SET(quiet_fd, &readers);
    KNOWN_MEASURE(WAIT_POLL, poll(&item, 1, KNOWN_WAIT_MS));
    KNOWN_MEASURE(WAIT_POLL, ppoll(&item, 1, &length, NULL));
    KNOWN_MEASURE(WAIT_POLL, select(quiet_fd + 1, &readers, NULL, NULL, &length_us));
    FD_SET(quiet_fd, &readers);
    KNOWN_MEASURE(WAIT_POLL, pselect(quiet_fd + 1, &readers, NULL, NULL, &length, NULL));
    int set = checked(epoll_create1(EPOLL_CLOEXEC));
    struct epoll_event event = {.events = EPOLLIN};
    epoll_ctl(set, EPOLL_CTL_ADD, quiet_fd, &event);
    KNOWN_MEASURE(WAIT_POLL, epoll_wait(set, &event, 1, KNOWN_WAIT_MS));
    KNOWN_MEASURE(WAIT_POLL, epoll_pwait(set, &event, 1, KNOWN_WAIT_MS, NULL));
    close(set);
}

static void waits_for_data(int pipe_ends[2])
{
    struct known_later later;
    char byte;
    known_later_start(&later, write_one, &pipe_ends[1]);
    KNOWN_MEASURE(WAIT_PIPE, read(pipe_ends[0], &byte, 1));
    known_later_end(&later);
    int sockets[2];
    checked(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets));
    known_later_start(&later, write_one, &sockets[1]);
    KNOWN_MEASURE(WAIT_NET_READ, recv(sockets[0], &byte, 1, 0));
    known_later_end(&later);
    known_later_start(&later, write_one, &sockets[1]);
    KNOWN_MEASURE(WAIT_NET_READ, read(sockets[0], &byte, 1));
    known_later_end(&later);
    close(sockets[0]);
    close(sockets[1]);
}

static void wait_to_accept(void)
{
    struct known_later later;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listener = checked(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    checked(bind(listener, (const struct sockaddr *)&address, sizeof address));
    checked(listen(listener, 4));
    known_later_start(&later, connect_to, &listener);
    int fd = -1;
    KNOWN_MEASURE(WAIT_ACCEPT, fd = accept(listener, NULL, NULL));
    known_later_end(&later);
    close(checked(fd));
    close(listener);
}

/* A unix socket's connect waits while the listener's backlog is full. */
static void wait_to_connect(void)
{
    struct known_later later;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t len = sizeof address;
    int listener = checked(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    checked(bind(listener, (const struct sockaddr *)&address, sizeof address.sun_family));
    checked(listen(listener, 0));
    checked(getsockname(listener, (struct sockaddr *)&address, &len));
    int first = checked(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    checked((int)syscall(SYS_connect, first, &address, len));
    int second = checked(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    known_later_start(&later, accept_one, &listener);
    KNOWN_MEASURE(WAIT_CONNECT, connect(second, (const struct sockaddr *)&address, len));
    known_later_end(&later);
    close(first);
    close(second);
    close(listener);
}

void known_waits_of_descriptors(void)
{
    int pipe_ends[2];
    checked(pipe2(pipe_ends, O_CLOEXEC));
    waits_with_timeout(pipe_ends[0]);
    waits_for_data(pipe_ends);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    wait_to_accept();
    wait_to_connect();
}

static void unlock_file(void *arg)
{
    syscall(SYS_flock, *(int *)arg, LOCK_UN);
}

/* Only from the main thread: children are waited for one by one. */
void known_waits_of_processes(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        known_pause();
        _exit(0);
    }
    KNOWN_MEASURE(WAIT_WAIT_CHILD, waitpid(pid, NULL, 0));
    char path[] = "/tmp/preflame-known-XXXXXX";
    int holder = checked(mkostemp(path, O_CLOEXEC));
    int fd = checked(open(path, O_RDWR | O_CLOEXEC));
    unlink(path);
    syscall(SYS_flock, holder, LOCK_EX);
    struct known_later later;
    known_later_start(&later, unlock_file, &holder);
    KNOWN_MEASURE(WAIT_FLOCK, flock(fd, LOCK_EX));
    known_later_end(&later);
    close(fd);
    close(holder);
}
