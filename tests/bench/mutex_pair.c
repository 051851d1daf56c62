/* Times an uncontended pthread_mutex_lock and _unlock: --threads=N, each with a mutex of its own; --alone=1:
 * in a program that never starts a thread, where glibc takes mutexes without a locked instruction. */
#include "base/clock.h"
#include "tests/bench/timing.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_THREADS = 64 };

/* One to a cache line pair, so that threads don't slow each other down. */
struct worker {
    _Alignas(128) pthread_mutex_t mutex;
    pthread_t thread;
    int64_t operations;
    int64_t cpu_ns;
};

static struct worker workers[MAX_THREADS];

static void *work(void *argument)
{
    struct worker *w = argument;
    int64_t start_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    for (int64_t i = 0; i < w->operations; i++) {
        pthread_mutex_lock(&w->mutex);
        pthread_mutex_unlock(&w->mutex);
    }
    w->cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - start_ns;
    return NULL;
}

int main(int argc, char **argv)
{
    int64_t threads = timing_option(argc, argv, "--threads", 1);
    int64_t operations = timing_option(argc, argv, "--operations", 10000000);
    if (threads > MAX_THREADS) {
        fprintf(stderr, "bench-mutex-pair: at most %d threads\n", MAX_THREADS);
        return 2;
    }
    int64_t total_ns = 0;
    if (timing_option(argc, argv, "--alone", 2) == 1) {
        workers[0] = (struct worker){.mutex = PTHREAD_MUTEX_INITIALIZER, .operations = operations};
        work(&workers[0]);
        timing_print(operations, workers[0].cpu_ns);
        return 0;
    }
    for (int64_t i = 0; i < threads; i++) {
        pthread_mutex_init(&workers[i].mutex, NULL);
        workers[i].operations = operations;
        /* The main thread waits in join meanwhile: the process has several threads even with --threads=1. */
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i])) {
            fputs("bench-mutex-pair: cannot start a thread\n", stderr);
            exit(1);
        }
    }
    for (int64_t i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        total_ns += workers[i].cpu_ns;
    }
    timing_print(threads * operations, total_ns);
    return 0;
}
