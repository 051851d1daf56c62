/* strangers COUNT CPU_MS: COUNT short threads, one after the other, whose start and end no hook sees, as
 * those that libraries make inside libc; then one ordinary thread that computes. */
#include "base/clock.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef int (*create_fn)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

static uint64_t sink;

static void *wait_a_moment(void *arg)
{
    usleep(20);
    return arg;
}

__attribute__((noinline)) void *burn_last(void *cpu_ns);
void *burn_last(void *cpu_ns)
{
    int64_t end_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) + *(int64_t *)cpu_ns;
    while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < end_ns) {
        for (uint64_t i = 0; i < 20000; i++) {
            sink = sink * 31 + i;
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    void *libc = dlopen("libc.so.6", RTLD_NOW);
    create_fn create = (create_fn)dlsym(libc, "pthread_create");
    int count = argc > 1 ? atoi(argv[1]) : 0;
    int64_t cpu_ns = (argc > 2 ? atoi(argv[2]) : 0) * INT64_C(1000000);
    pthread_t thread;
    for (int i = 0; i < count; i++) {
        if (create(&thread, NULL, wait_a_moment, NULL) != 0) {
            return 1;
        }
        pthread_join(thread, NULL);
    }
    if (pthread_create(&thread, NULL, burn_last, &cpu_ns) != 0) {
        return 1;
    }
    pthread_join(thread, NULL);
    printf("done\n");
    return 0;
}
