/* How clauses are counted and reported. */
#include "posix.h"

#include "base/clock.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *interface;
static int failures;

void clause(const char *text, bool holds)
{
    failures += !holds;
    dprintf(1, "%s %s: %s\n", holds ? "ok" : "FAIL", interface, text);
}

int posix_main(const struct interface *rows, size_t count)
{
    signal(SIGINT, SIG_DFL); /* a background shell has its children ignore these two */
    signal(SIGQUIT, SIG_DFL);
    alarm(60);
    for (size_t i = 0; i < count; i++) {
        interface = rows[i].name;
        rows[i].try_clauses();
    }
    return failures != 0;
}

static struct timespec of_ns(int64_t ns)
{
    return (struct timespec){.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};
}

struct timespec after_ms(clockid_t clock, int64_t ms)
{
    return of_ns(clock_ns(clock) + ms * 1000000);
}

bool has_passed(struct timespec start, int64_t ms)
{
    int64_t passed = clock_ns(CLOCK_MONOTONIC) - (start.tv_sec * NS_PER_S + start.tv_nsec);
    return passed >= ms * 1000000 && passed < 20 * NS_PER_S;
}

int status_of(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) == -1 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

void nap(void)
{
    struct timespec time = of_ns(1000000);
    nanosleep(&time, NULL);
}
