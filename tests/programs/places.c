/* Makes descriptors in a known state. */
#include "places.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define PLACES_MAX 64

static int open_fds[PLACES_MAX];
static int open_count;
static struct sockaddr_un peer;
static unsigned peer_len;

static int keep(int fd)
{
    if (fd < 0 || open_count == PLACES_MAX) {
        perror("cannot make a descriptor");
        exit(3);
    }
    open_fds[open_count++] = fd;
    return fd;
}

void places_release(void)
{
    while (open_count > 0) {
        close(open_fds[--open_count]);
    }
}

/* Bytes through plain system calls: the hooks are for the calls under test alone. */
static void put(int fd)
{
    if (syscall(SYS_write, fd, "four", 4) != 4) {
        perror("cannot write");
        exit(3);
    }
}

static void fill(int fd)
{
    static const char block[4096];
    int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    while (syscall(SYS_write, fd, block, sizeof block) > 0) {
    }
    while (syscall(SYS_write, fd, block, 1) > 0) {
    }
    fcntl(fd, F_SETFL, flags);
}

static void make_pipe(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC) != 0) {
        perror("pipe2");
        exit(3);
    }
    keep(ends[0]);
    keep(ends[1]);
}

int place_closed(void)
{
    /* A low number: select ignores those beyond the descriptor table. */
    int fd = dup(0);
    close(fd);
    return fd;
}

int place_empty_pipe(void)
{
    int ends[2];
    make_pipe(ends);
    return ends[0];
}

int place_ready_pipe(void)
{
    int ends[2];
    make_pipe(ends);
    put(ends[1]);
    return ends[0];
}

int place_open_pipe(void)
{
    int ends[2];
    make_pipe(ends);
    return ends[1];
}

int place_full_pipe(void)
{
    int fd = place_open_pipe();
    fill(fd);
    return fd;
}

int place_broken_pipe(void)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        perror("pipe2");
        exit(3);
    }
    close(ends[0]);
    return keep(ends[1]);
}

int place_file(void)
{
    char path[] = "/tmp/preflame-place-XXXXXX";
    int fd = keep(mkostemp(path, O_CLOEXEC));
    unlink(path);
    for (int i = 0; i < 4; i++) {
        put(fd);
    }
    lseek(fd, 0, SEEK_SET);
    return fd;
}

int place_file_locked(void)
{
    char path[] = "/tmp/preflame-place-XXXXXX";
    int holder = keep(mkostemp(path, O_CLOEXEC));
    int fd = keep(open(path, O_RDWR | O_CLOEXEC));
    unlink(path);
    syscall(SYS_flock, holder, LOCK_EX);
    return fd;
}

static void make_sockets(int ends[2])
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        perror("socketpair");
        exit(3);
    }
    keep(ends[0]);
    keep(ends[1]);
}

int place_empty_socket(void)
{
    int ends[2];
    make_sockets(ends);
    return ends[0];
}

int place_ready_socket(void)
{
    int ends[2];
    make_sockets(ends);
    put(ends[1]);
    return ends[0];
}

int place_full_socket(void)
{
    int fd = place_empty_socket();
    fill(fd);
    return fd;
}

int place_unconnected(void)
{
    return keep(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int listen_on_abstract_name(int backlog)
{
    int fd = keep(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    struct sockaddr_un any = {.sun_family = AF_UNIX};
    /* Autobind: the kernel picks an unused abstract name. */
    if (bind(fd, (const struct sockaddr *)&any, sizeof any.sun_family) != 0 || listen(fd, backlog) != 0) {
        perror("cannot listen");
        exit(3);
    }
    peer_len = sizeof peer;
    getsockname(fd, (struct sockaddr *)&peer, &peer_len);
    return fd;
}

static void call_peer(void)
{
    int fd = keep(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    syscall(SYS_connect, fd, &peer, peer_len);
}

int place_listener_idle(void)
{
    return listen_on_abstract_name(8);
}

int place_listener_ready(void)
{
    int fd = listen_on_abstract_name(8);
    call_peer();
    return fd;
}

int place_caller_ready(void)
{
    listen_on_abstract_name(8);
    return keep(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

int place_caller_blocked(void)
{
    listen_on_abstract_name(0);
    call_peer(); /* a backlog of 0 holds one */
    return keep(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

const void *places_peer(unsigned *ret_len)
{
    *ret_len = peer_len;
    return &peer;
}

static int watch(int fd)
{
    int set = keep(epoll_create1(EPOLL_CLOEXEC));
    struct epoll_event event = {.events = EPOLLIN};
    epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
    return set;
}

int place_epoll_empty(void)
{
    return watch(place_empty_pipe());
}

int place_epoll_ready(void)
{
    return watch(place_ready_pipe());
}
