/* burn_split THREADS CPU_SECONDS: burns CPU in three functions, 50:30:20 by each thread's own CPU clock, and
 * prints the truth as JSON. */
#include "base/clock.h"
#include "base/compiler.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define THREADS_MAX 64

struct split {
    pthread_t thread;
    int64_t budget_ns;
    int64_t half_ns;
    int64_t third_ns;
    int64_t fifth_ns;
    uint64_t seed;
    uint64_t result; /* keeps the work alive */
};

/* A few microseconds of arithmetic, so that reading the clock is a small part of the whole. */
static inline __attribute__((always_inline)) uint64_t work(uint64_t value)
{
    for (int i = 0; i < 20000; i++) {
        value = value * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        value ^= value >> 29;
    }
    return value;
}

#define BURN_FUNCTION(name)                                                                                  \
    __attribute__((noinline)) void name(uint64_t *value, int64_t *spent_ns, int64_t slice_ns);               \
    void name(uint64_t *value, int64_t *spent_ns, int64_t slice_ns)                                          \
    {                                                                                                        \
        int64_t start_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);                                                \
        int64_t now_ns = start_ns;                                                                           \
        while (now_ns - start_ns < slice_ns) {                                                               \
            *value = work(*value);                                                                           \
            now_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);                                                      \
        }                                                                                                    \
        *spent_ns += now_ns - start_ns;                                                                      \
    }

BURN_FUNCTION(burn_half)
BURN_FUNCTION(burn_third)
BURN_FUNCTION(burn_fifth)

/* Slices of random length: a fixed cycle could run in step with the sampling clock. */
static int64_t next_cycle_ns(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return 20000000 + (int64_t)(*seed % 60000000);
}

static void *burn(void *arg)
{
    struct split *s = arg;
    while (s->half_ns + s->third_ns + s->fifth_ns < s->budget_ns) {
        int64_t cycle_ns = next_cycle_ns(&s->seed);
        int64_t left_ns = s->budget_ns - s->half_ns - s->third_ns - s->fifth_ns;
        if (cycle_ns > left_ns) {
            cycle_ns = left_ns;
        }
        burn_half(&s->result, &s->half_ns, cycle_ns / 2);
        burn_third(&s->result, &s->third_ns, cycle_ns * 3 / 10);
        burn_fifth(&s->result, &s->fifth_ns, cycle_ns / 5);
    }
    return NULL;
}

static void print_truth(const struct split *splits, int threads)
{
    int64_t half_ns = 0, third_ns = 0, fifth_ns = 0;
    for (int i = 0; i < threads; i++) {
        half_ns += splits[i].half_ns;
        third_ns += splits[i].third_ns;
        fifth_ns += splits[i].fifth_ns;
    }
    printf("{\"burn_half\": %" PRId64 ", \"burn_third\": %" PRId64 ", \"burn_fifth\": %" PRId64
           ", \"process_cpu_ns\": %" PRId64 "}\n",
           half_ns, third_ns, fifth_ns, clock_ns(CLOCK_PROCESS_CPUTIME_ID));
}

int main(int argc, char **argv)
{
    static struct split splits[THREADS_MAX];
    int threads = argc > 1 ? atoi(argv[1]) : 1;
    double cpu_seconds = argc > 2 ? atof(argv[2]) : 1;
    if (threads < 1 || threads > THREADS_MAX || cpu_seconds <= 0) {
        fprintf(stderr, "usage: burn_split THREADS CPU_SECONDS\n");
        return 2;
    }
    for (int i = 0; i < threads; i++) {
        splits[i].budget_ns = (int64_t)(cpu_seconds * 1e9 / threads);
        splits[i].seed = UINT64_C(88172645463325252) + (uint64_t)i * UINT64_C(7919);
    }
    for (int i = 1; i < threads; i++) {
        if (pthread_create(&splits[i].thread, NULL, burn, &splits[i]) != 0) {
            perror("pthread_create");
            return 1;
        }
    }
    burn(&splits[0]);
    for (int i = 1; i < threads; i++) {
        pthread_join(splits[i].thread, NULL);
    }
    print_truth(splits, threads);
    return 0;
}
