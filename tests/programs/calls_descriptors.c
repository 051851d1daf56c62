/* Every interposed call that closes descriptors, also those that the program never opened: a trace provider
 * has some then. */
#include "places.h"
#include "transcript.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define MANY 3000 /* beyond where a provider's descriptors lie */

static long call_close(int fd)
{
    return close(fd);
}

static long call_fclose(int fd)
{
    FILE *stream = fdopen(fd, "r");
    return stream ? fclose(stream) : -2;
}

static long call_fclose_of_closed(int fd)
{
    FILE *stream = fdopen(fd, "r");
    close(fd);
    return stream ? fclose(stream) : -2;
}

static long call_close_range(int fd)
{
    return close_range((unsigned)fd, (unsigned)fd, 0);
}

static long call_dup2(int fd)
{
    return dup2(fd, 77);
}

static long call_dup3(int fd)
{
    return dup3(fd, 78, O_CLOEXEC);
}

static int both[2];

static long call_pipe(int fd)
{
    (void)fd;
    return pipe(both) ? -1 : close(both[0]) + close(both[1]);
}

static long call_pipe2(int fd)
{
    (void)fd;
    return pipe2(both, O_CLOEXEC | O_NONBLOCK) ? -1 : close(both[0]) + close(both[1]);
}

static long call_socketpair(int fd)
{
    (void)fd;
    return socketpair(AF_UNIX, SOCK_STREAM, 0, both) ? -1 : close(both[0]) + close(both[1]);
}

static long call_eventfd(int fd)
{
    (void)fd;
    int made = eventfd(3, EFD_NONBLOCK);
    return made < 0 ? -1 : close(made);
}

static long call_epoll_ctl(int fd)
{
    struct epoll_event event = {.events = EPOLLIN};
    return epoll_ctl(fd, EPOLL_CTL_MOD, 9, &event);
}

static void show_makers(void)
{
    int *volatile nowhere = NULL;
    struct epoll_event event = {.events = EPOLLIN};
    TRANSCRIPT_CALL("pipe", "nowhere", pipe(nowhere));
    TRANSCRIPT_CALL("pipe2", "unknown flag", pipe2(both, 1));
    TRANSCRIPT_CALL("socketpair", "of no such kind", socketpair(AF_INET, SOCK_STREAM, 0, both));
    TRANSCRIPT_CALL("eventfd", "unknown flag", eventfd(0, 2));
    int epoll = epoll_create1(0);
    TRANSCRIPT_CALL("epoll_ctl", "of itself", epoll_ctl(epoll, EPOLL_CTL_ADD, epoll, &event));
    TRANSCRIPT_CALL("epoll_ctl", "of -1", epoll_ctl(epoll, EPOLL_CTL_ADD, -1, &event));
    TRANSCRIPT_CALL("epoll_ctl", "of nothing", epoll_ctl(-1, EPOLL_CTL_ADD, 0, &event));
    close(epoll);
}

static const struct call_row rows[] = {
    {"close", call_close, place_ready_pipe, place_closed, NULL, places_release, CALL_IS_CANCELLED},
    {"fclose", call_fclose, place_ready_pipe, place_closed, NULL, places_release, 0},
    {"fclose of a closed descriptor", call_fclose_of_closed, place_ready_pipe, NULL, NULL, places_release, 0},
    {"close_range", call_close_range, place_ready_pipe, place_closed, NULL, places_release, 0},
    {"dup2", call_dup2, place_ready_pipe, place_closed, NULL, places_release, 0},
    {"pipe", call_pipe, place_ready_pipe, NULL, NULL, places_release, 0},
    {"pipe2", call_pipe2, place_ready_pipe, NULL, NULL, places_release, 0},
    {"socketpair", call_socketpair, place_ready_pipe, NULL, NULL, places_release, 0},
    {"eventfd", call_eventfd, place_ready_pipe, NULL, NULL, places_release, 0},
    {"epoll_ctl", call_epoll_ctl, place_epoll_ready, place_closed, NULL, places_release, 0},
    {"dup3", call_dup3, place_ready_pipe, place_closed, NULL, places_release, 0},
};

static void show_next(const char *after)
{
    int fd = open("/dev/null", O_RDONLY);
    transcript_line("the next descriptor after %s is %d", after, fd);
    close(fd);
}

static long close_one_by_one(int first)
{
    long closed = 0;
    for (int fd = first; fd < MANY; fd++)
        closed += close(fd) == 0;
    return closed;
}

static long copy_over(int from, int first)
{
    long copied = 0;
    for (int fd = first; fd < 512; fd++)
        copied += dup2(from, fd) == fd;
    return copied;
}

int main(void)
{
    transcript_begin();
    show_next("the start");
    show_makers();
    transcript_rows(rows, ARRAY_SIZE(rows));
    transcript_line("closed %ld one by one", close_one_by_one(3));
    show_next("closing one by one");
    transcript_line("copied to %ld numbers", copy_over(1, 3));
    TRANSCRIPT_CALL("close_range", "upside down", close_range(9, 8, 0));
    TRANSCRIPT_CALL("close_range", "unknown flag", close_range(3, UINT_MAX, 1 << 20));
    TRANSCRIPT_CALL("close_range", "on exec", close_range(3, UINT_MAX, CLOSE_RANGE_CLOEXEC));
    transcript_line("flags of 300 are %d", fcntl(300, F_GETFD));
    TRANSCRIPT_CALL("close_range", "middle", close_range(100, 199, 0));
    transcript_line("99, 100, 199, 200: %d %d %d %d", fcntl(99, F_GETFD), fcntl(100, F_GETFD),
                    fcntl(199, F_GETFD), fcntl(200, F_GETFD));
    TRANSCRIPT_CALL("close_range", "unshare", close_range(3, UINT_MAX, CLOSE_RANGE_UNSHARE));
    show_next("close_range");
    transcript_line("copied to %ld numbers", copy_over(1, 3));
    closefrom(3);
    show_next("closefrom");
    transcript_line("still open: %ld", close_one_by_one(3));
    TRANSCRIPT_CALL("close", "-1", close(-1));
    TRANSCRIPT_CALL("dup2", "onto itself", dup2(1, 1));
    TRANSCRIPT_CALL("dup2", "onto -1", dup2(1, -1));
    TRANSCRIPT_CALL("dup2", "of -1 onto a provider's", dup2(-1, 1030));
    TRANSCRIPT_CALL("dup3", "onto itself", dup3(1, 1, 0));
    TRANSCRIPT_CALL("dup3", "unknown flag", dup3(1, 9, 1 << 20));
    return 0;
}
