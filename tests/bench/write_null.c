/* Times write(2) of one byte to /dev/null: the cheapest system call that hooks see. */
#include "base/clock.h"
#include "tests/bench/timing.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int64_t operations = timing_option(argc, argv, "--operations", 1000000);
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        perror("bench-write-null: cannot open /dev/null");
        return 1;
    }
    int64_t start_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    for (int64_t i = 0; i < operations; i++) {
        if (write(fd, "x", 1) != 1) {
            perror("bench-write-null: cannot write to /dev/null");
            return 1;
        }
    }
    timing_print(operations, clock_ns(CLOCK_THREAD_CPUTIME_ID) - start_ns);
    close(fd);
    return 0;
}
