/* The kernel lists a process' timers with their signals and the value that they carry: enough to make another
 * that the handler can't tell from preflame's own. */
#include "storm.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SAMPLE_SIGNAL 33
#define TICK_NS 200000

/* The value that preflame's timers carry, or 0. By plain system calls: no hook is met. */
static unsigned long find_value(void)
{
    static const char mark[] = "signal: 33/";
    char text[4096];
    int fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/timers", O_RDONLY | O_CLOEXEC, 0);
    long len = syscall(SYS_read, fd, text, sizeof text - 1);
    syscall(SYS_close, fd);
    text[len > 0 ? len : 0] = '\0';
    const char *at = strstr(text, mark);
    return at != NULL ? strtoul(at + sizeof mark - 1, NULL, 16) : 0;
}

void storm_here(void)
{
    if (getenv("STORM") == NULL)
        return;
    struct sigevent event;
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SAMPLE_SIGNAL;
    event.sigev_value.sival_ptr = (void *)find_value();
    event._sigev_un._tid = (int)syscall(SYS_gettid);
    const struct itimerspec ticks = {{0, TICK_NS}, {0, TICK_NS}};
    int timer = 0;
    if (event.sigev_value.sival_ptr == NULL ||
        syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) != 0 ||
        syscall(SYS_timer_settime, timer, 0, &ticks, NULL) != 0) {
        syscall(SYS_exit_group, 4);
    }
}
