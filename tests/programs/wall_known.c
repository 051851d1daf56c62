/* wall_known ROUNDS: one thread that computes, sleeps and waits in turns, each in a function of its own, and
 * one that waits all the time. Prints each function's time, measured by itself, as JSON. */
#include "known_wait.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static volatile unsigned long turns;
static int pipe_ends[2];

/* By the thread's CPU clock: on a loaded machine it runs for a part of the time only. */
static __attribute__((noinline)) int64_t compute(void)
{
    int64_t start_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID), end_ns;
    do {
        for (int i = 0; i < 10000; i++)
            turns++;
        end_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    } while (end_ns - start_ns < 20000000);
    return end_ns - start_ns;
}

static __attribute__((noinline)) int64_t sleep_a_while(void)
{
    int64_t start_ns = clock_mono_ns();
    usleep(30000);
    return clock_mono_ns() - start_ns;
}

static __attribute__((noinline)) int64_t poll_a_while(void)
{
    int64_t start_ns = clock_mono_ns();
    poll(NULL, 0, 10);
    return clock_mono_ns() - start_ns;
}

static __attribute__((noinline)) void read_for_ever(void)
{
    char byte;
    if (read(pipe_ends[0], &byte, 1) == 1)
        turns++;
}

static void *wait_for_ever(void *arg)
{
    read_for_ever();
    return arg;
}

int main(int argc, char **argv)
{
    if (argc != 2 || pipe(pipe_ends))
        return 2;
    int rounds = atoi(argv[1]);
    pthread_t waiter;
    pthread_create(&waiter, NULL, wait_for_ever, NULL);
    int64_t start_ns = clock_mono_ns(), compute_ns = 0, sleep_ns = 0, poll_ns = 0;
    for (int i = 0; i < rounds; i++) {
        compute_ns += compute();
        sleep_ns += sleep_a_while();
        poll_ns += poll_a_while();
    }
    printf("{\"compute\": %" PRId64 ", \"sleep_a_while\": %" PRId64 ", \"poll_a_while\": %" PRId64
           ", \"read_for_ever\": %" PRId64 "}\n",
           compute_ns, sleep_ns, poll_ns, clock_mono_ns() - start_ns);
    return 0;
}
