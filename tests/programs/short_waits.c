/* short_waits CALLS POLLS: so many calls that wait for nothing, then so many waits of an event loop, each
 * shorter than a millisecond. Prints what it measured of them as JSON. */
#include "base/clock.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static __attribute__((noinline)) int64_t write_often(int fd, long calls)
{
    int64_t start_ns = clock_mono_ns();
    for (long i = 0; i < calls; i++) {
        if (write(fd, "x", 1) != 1)
            exit(1);
    }
    return clock_mono_ns() - start_ns;
}

static __attribute__((noinline)) int64_t poll_often(long polls)
{
    const struct timespec pause = {0, 200000};
    int64_t waited_ns = 0;
    for (long i = 0; i < polls; i++) {
        int64_t start_ns = clock_mono_ns();
        if (ppoll(NULL, 0, &pause, NULL) != 0)
            exit(1);
        waited_ns += clock_mono_ns() - start_ns;
    }
    return waited_ns;
}

int main(int argc, char **argv)
{
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (argc != 3 || fd < 0)
        return 2;
    int64_t calls_ns = write_often(fd, atol(argv[1])), polls_ns = poll_often(atol(argv[2]));
    printf("{\"calls_ns\": %" PRId64 ", \"polls_ns\": %" PRId64 "}\n", calls_ns, polls_ns);
    return 0;
}
