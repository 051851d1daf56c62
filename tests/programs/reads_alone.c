/* A program of one thread that spends its CPU time in read: `reads_alone CPU_MS`. */
#include "base/clock.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    static char data[65536];
    int64_t until_ns = (argc > 1 ? atoll(argv[1]) : 0) * 1000000;
    int fd = open("/dev/zero", O_RDONLY);
    while (clock_ns(CLOCK_PROCESS_CPUTIME_ID) < until_ns) {
        for (int i = 0; i < 100; i++) {
            if (read(fd, data, sizeof(data)) < 0)
                return 1;
        }
    }
    return 0;
}
