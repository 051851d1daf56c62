/* Times pthread_create and pthread_join of a thread that does nothing, as CPU time of the whole process. */
#include "base/clock.h"
#include "tests/bench/timing.h"

#include <pthread.h>
#include <stdio.h>

static void *do_nothing(void *argument)
{
    return argument;
}

int main(int argc, char **argv)
{
    int64_t operations = timing_option(argc, argv, "--operations", 20000);
    int64_t start_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    for (int64_t i = 0; i < operations; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, do_nothing, NULL) || pthread_join(thread, NULL)) {
            fputs("bench-thread-create: cannot start a thread\n", stderr);
            return 1;
        }
    }
    timing_print(operations, clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start_ns);
    return 0;
}
