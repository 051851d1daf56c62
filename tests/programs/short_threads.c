/* Many threads that live a few milliseconds each: `short_threads COUNT AT_ONCE CPU_US`; prints the process'
 * CPU time. */
#include "base/clock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { AT_ONCE_MAX = 256 };

static int64_t wanted_ns;

__attribute__((noinline)) static void live_shortly(void)
{
    do {
        for (volatile int i = 0; i < 10000; i++)
            ;
    } while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < wanted_ns);
}

static void *work(void *argument)
{
    live_shortly();
    return argument;
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 0;
    int at_once = argc > 2 ? atoi(argv[2]) : 0;
    wanted_ns = argc > 3 ? atoll(argv[3]) * 1000 : 0;
    pthread_t threads[AT_ONCE_MAX];
    if (count < 1 || at_once < 1 || at_once > AT_ONCE_MAX) {
        fputs("usage: short_threads COUNT AT_ONCE CPU_US\n", stderr);
        return 2;
    }
    for (int done = 0; done < count; done += at_once) {
        for (int i = 0; i < at_once; i++) {
            if (pthread_create(&threads[i], NULL, work, NULL))
                return 1;
        }
        for (int i = 0; i < at_once; i++)
            pthread_join(threads[i], NULL);
    }
    printf("{\"process_cpu_ns\": %lld}\n", (long long)clock_ns(CLOCK_PROCESS_CPUTIME_ID));
    return 0;
}
