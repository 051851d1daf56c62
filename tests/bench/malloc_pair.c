/* Times malloc and free: --threads=N, each of which holds --blocks=N of --bytes=N and replaces them in turns.
 */
#include "base/clock.h"
#include "tests/bench/timing.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_THREADS = 64, MAX_BLOCKS = 65536 };

struct worker {
    pthread_t thread;
    int64_t operations;
    int64_t blocks, bytes;
    int64_t cpu_ns;
};

static struct worker workers[MAX_THREADS];

static void *work(void *argument)
{
    struct worker *w = argument;
    void **held = calloc((size_t)w->blocks, sizeof(*held));
    if (!held)
        exit(1);
    int64_t start_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    for (int64_t i = 0, at = 0; i < w->operations; i++) {
        free(held[at]);
        char *block = malloc((size_t)w->bytes);
        if (block)
            *block = 1; /* used, as programs do */
        held[at] = block;
        at = at + 1 == w->blocks ? 0 : at + 1;
    }
    w->cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - start_ns;
    for (int64_t i = 0; i < w->blocks; i++)
        free(held[i]);
    free(held);
    return NULL;
}

int main(int argc, char **argv)
{
    int64_t threads = timing_option(argc, argv, "--threads", 1);
    int64_t blocks = timing_option(argc, argv, "--blocks", 100);
    int64_t bytes = timing_option(argc, argv, "--bytes", 64);
    int64_t operations = timing_option(argc, argv, "--operations", 10000000);
    if (threads > MAX_THREADS || blocks > MAX_BLOCKS) {
        fprintf(stderr, "bench-malloc-pair: at most %d threads and %d blocks\n", MAX_THREADS, MAX_BLOCKS);
        return 2;
    }
    int64_t total_ns = 0;
    for (int64_t i = 0; i < threads; i++) {
        workers[i] = (struct worker){.operations = operations, .blocks = blocks, .bytes = bytes};
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i])) {
            fputs("bench-malloc-pair: cannot start a thread\n", stderr);
            return 1;
        }
    }
    for (int64_t i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        total_ns += workers[i].cpu_ns;
    }
    timing_print(threads * operations, total_ns);
    return 0;
}
