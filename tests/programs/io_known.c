/* io_known: calls for I/O that work and calls that wait, and what they took, as JSON: reads of /dev/zero,
 * which cost CPU time, then reads of a pipe that is filled late. */
#include "base/clock.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BYTES ((size_t)32 << 20)
#define WORKING_READS 40
#define WAITING_READS 10
#define LATE_NS 20000000

static int64_t off_cpu_ns, wall_ns; /* of the reads of /dev/zero */

static void work(void)
{
    char *data = malloc(BYTES);
    int zero = open("/dev/zero", O_RDONLY);
    if (!data || zero < 0)
        exit(1);
    for (int i = 0; i < WORKING_READS; i++) {
        int64_t cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID), start_ns = clock_mono_ns();
        if (read(zero, data, BYTES) != (ssize_t)BYTES)
            exit(1);
        int64_t taken_ns = clock_mono_ns() - start_ns;
        wall_ns += taken_ns;
        off_cpu_ns += taken_ns - (clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_ns);
    }
    close(zero);
    free(data);
}

static void *fill_late(void *pipe_end)
{
    for (int i = 0; i < WAITING_READS; i++) {
        nanosleep(&(struct timespec){0, LATE_NS}, NULL);
        if (write(*(int *)pipe_end, "x", 1) != 1)
            exit(1);
    }
    return NULL;
}

static int64_t wait_for_pipe(void)
{
    int ends[2];
    pthread_t thread;
    char byte;
    int64_t waited_ns = 0;
    if (pipe(ends) != 0 || pthread_create(&thread, NULL, fill_late, &ends[1]) != 0)
        exit(1);
    for (int i = 0; i < WAITING_READS; i++) {
        int64_t start_ns = clock_mono_ns();
        if (read(ends[0], &byte, 1) != 1)
            exit(1);
        waited_ns += clock_mono_ns() - start_ns;
    }
    pthread_join(thread, NULL);
    return waited_ns;
}

int main(void)
{
    work();
    int64_t pipe_ns = wait_for_pipe();
    printf("{\"tid\": %d, \"working_ns\": %" PRId64 ", \"off_cpu_ns\": %" PRId64 ", \"pipe_ns\": %" PRId64
           "}\n",
           (int)gettid(), wall_ns, off_cpu_ns, pipe_ns);
    return 0;
}
