/* full_tables: more label sets, counted events, stacks and threads at once than the smallest tables hold,
 * then waits for standard input's end. */
#include "preflame/preflame.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define LABELS 5000
#define STACK_BITS 12
#define THREADS 150

/* Long enough to be counted. */
static void wait_a_moment(void)
{
    struct timespec pause = {.tv_nsec = 60000};
    nanosleep(&pause, NULL);
    __asm__ volatile("");
}

static void by_ones(unsigned pattern, int bits);

/* A stack for each pattern: by_zeros and by_ones call each other as its bits say. */
static __attribute__((noinline)) void by_zeros(unsigned pattern, int bits)
{
    if (bits == 0) {
        wait_a_moment();
    } else if (pattern & 1) {
        by_ones(pattern >> 1, bits - 1);
    } else {
        by_zeros(pattern >> 1, bits - 1);
    }
    __asm__ volatile("");
}

static __attribute__((noinline)) void by_ones(unsigned pattern, int bits)
{
    by_zeros(pattern, bits);
    __asm__ volatile("");
}

static void *wait_for_end(void *ends)
{
    char byte;
    return read(*(int *)ends, &byte, 1) == 0 ? ends : NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    int ends[2], ended = 0;
    char text[32], byte;
    for (int i = 0; i < LABELS; i++) {
        snprintf(text, sizeof(text), "%d", i);
        preflame_label_set("number", text);
        wait_a_moment();
    }
    preflame_label_unset("number");
    for (unsigned pattern = 0; pattern < 1U << STACK_BITS; pattern++) {
        by_zeros(pattern, STACK_BITS);
    }
    if (pipe(ends) != 0) {
        return 1;
    }
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, wait_for_end, ends) != 0) {
            return 1;
        }
    }
    puts("full");
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    close(ends[1]);
    for (int i = 0; i < THREADS; i++) {
        void *result = NULL;
        ended += pthread_join(threads[i], &result) == 0 && result == ends;
    }
    printf("%d threads ended\n", ended);
    return 0;
}
