/* many_stacks THREADS STACKS: every thread allocates from its share of STACKS different stacks, 26 to 30
 * frames deep, that branch as call trees do, then waits. Says "ready", and ends with its input. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define NOINLINE static __attribute__((noinline))
#define DIGITS 9 /* base 4: more than 200000 ways down */
#define SMALL_STACK_BYTES 65536

static pthread_barrier_t all_there;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t end = PTHREAD_COND_INITIALIZER;
static int is_over;
static unsigned threads, stacks;

typedef void (*step)(unsigned number, int digits);

NOINLINE void down(unsigned number, int digits);

/* Where the stacks end: here is the only allocation. */
NOINLINE void leaf(void)
{
    void *volatile block = malloc(100);
    free(block);
}

#define STEP(digit)                                                                                          \
    NOINLINE void step_##digit(unsigned number, int digits)                                                  \
    {                                                                                                        \
        down(number, digits - 1);                                                                            \
        __asm__ volatile("# " #digit); /* no two are the same, and none ends in a jump */                    \
    }
STEP(0)
STEP(1)
STEP(2)
STEP(3)

NOINLINE void down(unsigned number, int digits)
{
    static const step steps[] = {step_0, step_1, step_2, step_3};
    if (digits)
        steps[number >> 2 * (digits - 1) & 3](number, digits);
    else
        leaf();
    __asm__ volatile("");
}

static void *work(void *argument)
{
    unsigned first = (unsigned)(size_t)argument * (stacks / threads);
    for (unsigned number = first; number < first + stacks / threads; number++)
        down(number, DIGITS);
    pthread_barrier_wait(&all_there);
    pthread_mutex_lock(&lock);
    while (!is_over)
        pthread_cond_wait(&end, &lock);
    pthread_mutex_unlock(&lock);
    return NULL;
}

int main(int argc, char **argv)
{
    threads = argc > 1 ? (unsigned)atoi(argv[1]) : 1000;
    stacks = argc > 2 ? (unsigned)atoi(argv[2]) : 100000;
    pthread_t *all = calloc(threads, sizeof(*all));
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, SMALL_STACK_BYTES);
    pthread_barrier_init(&all_there, NULL, threads + 1);
    for (size_t i = 0; i < threads; i++) {
        if (pthread_create(&all[i], &attributes, work, (void *)i))
            return 1;
    }
    pthread_barrier_wait(&all_there);
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF)
        ;
    pthread_mutex_lock(&lock);
    is_over = 1;
    pthread_cond_broadcast(&end);
    pthread_mutex_unlock(&lock);
    for (size_t i = 0; i < threads; i++)
        pthread_join(all[i], NULL);
    return 0;
}
