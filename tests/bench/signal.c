/* Times what the kernel spends on a signal: its delivery to an empty handler and the return from it. */
#include "base/clock.h"
#include "tests/bench/timing.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

static void ignore(int number)
{
    (void)number;
}

/* So many calls of tgkill; signal 0 sends nothing. */
static int64_t send(int64_t operations, long number)
{
    long pid = getpid(), tid = syscall(SYS_gettid);
    int64_t start_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    for (int64_t i = 0; i < operations; i++)
        syscall(SYS_tgkill, pid, tid, number);
    return clock_ns(CLOCK_THREAD_CPUTIME_ID) - start_ns;
}

int main(int argc, char **argv)
{
    int64_t operations = timing_option(argc, argv, "--operations", 200000);
    signal(SIGUSR1, ignore);
    timing_print(operations, send(operations, SIGUSR1) - send(operations, 0));
    return 0;
}
