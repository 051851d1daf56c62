/* Every interposed wait for descriptors or for time, and proof that sampling never interrupts one. */
#include "base/clock.h"
#include "places.h"
#include "transcript.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

static long call_poll(int fd)
{
    struct pollfd item = {fd, POLLIN, 0};
    return poll(&item, 1, -1);
}

static long call_ppoll(int fd)
{
    struct pollfd item = {fd, POLLIN, 0};
    return ppoll(&item, 1, NULL, NULL);
}

static long call_select(int fd)
{
    fd_set readers;
    FD_ZERO(&readers);
    FD_SET(fd, &readers);
    return select(fd + 1, &readers, NULL, NULL, NULL);
}

static long call_pselect(int fd)
{
    fd_set readers;
    FD_ZERO(&readers);
    FD_SET(fd, &readers);
    return pselect(fd + 1, &readers, NULL, NULL, NULL, NULL);
}

static long call_epoll_wait(int fd)
{
    struct epoll_event event;
    return epoll_wait(fd, &event, 1, -1);
}

static long call_epoll_pwait(int fd)
{
    struct epoll_event event;
    return epoll_pwait(fd, &event, 1, -1, NULL);
}

static long call_epoll_pwait2(int fd)
{
    struct epoll_event event;
    return epoll_pwait2(fd, &event, 1, NULL, NULL);
}

/* For sleeps a place is a number of milliseconds; -1 asks for a wrong argument. */
static int place_short(void)
{
    return 2;
}

static int place_long(void)
{
    return 30000;
}

static int place_wrong(void)
{
    return -1;
}

static struct timespec milliseconds(int ms)
{
    struct timespec t = {ms / 1000, ms < 0 ? -1 : (ms % 1000) * 1000000L};
    return t;
}

static long with_rest(long result, const struct timespec *rest)
{
    int error = errno;
    if (result == -1 && error == EINTR) {
        transcript_line("time is left: %s", rest->tv_sec > 20 ? "yes" : "no");
    }
    errno = error;
    return result;
}

static long call_nanosleep(int ms)
{
    struct timespec rest = {0, 0};
    struct timespec wanted = milliseconds(ms);
    return with_rest(nanosleep(&wanted, &rest), &rest);
}

static long call_clock_nanosleep(int ms)
{
    struct timespec rest = {0, 0};
    struct timespec wanted = milliseconds(ms);
    int error = clock_nanosleep(CLOCK_MONOTONIC, 0, &wanted, &rest);
    if (error != 0) {
        errno = error;
    }
    return with_rest(error != 0 ? -1 : 0, &rest);
}

static long call_clock_nanosleep_until(int ms)
{
    int64_t until_ns = clock_mono_ns() + ms * INT64_C(1000000);
    struct timespec wanted = {until_ns / NS_PER_S, ms < 0 ? -1 : until_ns % NS_PER_S};
    int error = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wanted, NULL);
    if (error != 0) {
        errno = error;
        return -1;
    }
    return 0;
}

static long call_thrd_sleep(int ms)
{
    struct timespec rest = {0, 0};
    struct timespec wanted = milliseconds(ms);
    int result = thrd_sleep(&wanted, &rest);
    transcript_line("thrd_sleep gave %d", result);
    if (result == -1) {
        errno = EINTR; /* C11 doesn't say so: for the row */
    }
    return with_rest(result, &rest);
}

static long call_usleep(int ms)
{
    return usleep((unsigned)ms * 1000U);
}

static long call_sleep(int ms)
{
    unsigned left = sleep(ms == 2 ? 0 : (unsigned)ms / 1000U);
    return left == 30 ? 29 : left; /* cut within the timer's slack, it is still the whole time */
}

#define BOTH (CALL_IS_INTERRUPTED | CALL_IS_CANCELLED)

static const struct call_row rows[] = {
    {"poll", call_poll, place_ready_pipe, place_closed, place_empty_pipe, places_release, BOTH},
    {"ppoll", call_ppoll, place_ready_pipe, place_closed, place_empty_pipe, places_release, BOTH},
    {"select", call_select, place_ready_pipe, place_closed, place_empty_pipe, places_release, BOTH},
    {"pselect", call_pselect, place_ready_pipe, place_closed, place_empty_pipe, places_release, BOTH},
    {"epoll_wait", call_epoll_wait, place_epoll_ready, place_closed, place_epoll_empty, places_release, BOTH},
    {"epoll_pwait", call_epoll_pwait, place_epoll_ready, place_empty_pipe, place_epoll_empty, places_release,
     BOTH},
    {"epoll_pwait2", call_epoll_pwait2, place_epoll_ready, place_empty_pipe, place_epoll_empty,
     places_release, BOTH},
    {"nanosleep", call_nanosleep, place_short, place_wrong, place_long, NULL, BOTH},
    {"clock_nanosleep", call_clock_nanosleep, place_short, place_wrong, place_long, NULL, BOTH},
    {"clock_nanosleep until", call_clock_nanosleep_until, place_short, place_wrong, place_long, NULL, BOTH},
    {"thrd_sleep", call_thrd_sleep, place_short, place_wrong, place_long, NULL, BOTH},
    {"usleep", call_usleep, place_short, NULL, place_long, NULL, BOTH},
    {"sleep", call_sleep, place_short, NULL, place_long, NULL, BOTH},
};

/* Burns CPU between short waits: with a sampling timer at 1000 Hz some expiries fall due as a wait begins. */
static void count_unasked_interruptions(void)
{
    int interruptions = 0;
    int set = place_epoll_empty();
    for (int round = 0; round < 60; round++) {
        int64_t until_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) + 3000000;
        while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < until_ns) {
        }
        struct epoll_event event;
        interruptions += poll(NULL, 0, 1) == -1;
        interruptions += epoll_wait(set, &event, 1, 1) == -1;
        struct timeval short_time = {0, 500};
        interruptions += select(0, NULL, NULL, NULL, &short_time) == -1;
        interruptions += epoll_pwait2(set, &event, 1, &(struct timespec){0, 500000}, NULL) == -1;
        interruptions += usleep(300) == -1;
    }
    transcript_line("waits interrupted without a signal of ours: %d", interruptions);
    places_release();
}

int main(void)
{
    transcript_begin();
    transcript_rows(rows, ARRAY_SIZE(rows));
    count_unasked_interruptions();
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR2);
    struct pollfd item = {place_ready_pipe(), POLLIN, 0};
    long result = ppoll(&item, 1, &(struct timespec){5, 0}, &mask);
    transcript_line("ppoll with a mask = %ld, POLLIN %s", result,
                    (item.revents & POLLIN) != 0 ? "set" : "missing");
    places_release();
    return 0;
}
