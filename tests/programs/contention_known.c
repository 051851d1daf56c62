/* contention_known THREADS ROUNDS HOLD_US: threads that fight for one mutex, held long in one function and
 * short in another, then hand a semaphore and a condition to and fro. Prints how long they waited, measured
 * by themselves, as JSON. */
#include "known_wait.h"

#include <inttypes.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static atomic_int_fast64_t mutex_wait_ns;
static int rounds;
static int64_t hold_ns;

static void pause_ns(int64_t ns)
{
    const struct timespec pause = {ns / 1000000000, ns % 1000000000};
    syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &pause, NULL);
}

static void take(void)
{
    int64_t start_ns = clock_mono_ns();
    pthread_mutex_lock(&mutex);
    atomic_fetch_add(&mutex_wait_ns, clock_mono_ns() - start_ns);
}

/* Never a tail call: the function must be on the stack when it unlocks. */
static volatile int not_a_tail;

static __attribute__((noinline)) void hold_long(void)
{
    take();
    pause_ns(hold_ns * 10);
    pthread_mutex_unlock(&mutex);
    not_a_tail++;
}

static __attribute__((noinline)) void hold_short(void)
{
    take();
    pause_ns(hold_ns);
    pthread_mutex_unlock(&mutex);
    not_a_tail++;
}

static void *fight(void *arg)
{
    for (int i = 0; i < rounds; i++)
        arg ? hold_long() : hold_short();
    return NULL;
}

static sem_t sem;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t opened = PTHREAD_COND_INITIALIZER;
static bool is_open;

static __attribute__((noinline)) void post_later(void)
{
    pause_ns((int64_t)KNOWN_WAIT_MS * 1000000);
    sem_post(&sem);
    not_a_tail++;
}

static __attribute__((noinline)) void open_later(void)
{
    pause_ns((int64_t)KNOWN_WAIT_MS * 1000000);
    pthread_mutex_lock(&gate);
    is_open = true;
    pthread_cond_signal(&opened);
    pthread_mutex_unlock(&gate);
    not_a_tail++;
}

static void *wake(void *arg)
{
    post_later();
    open_later();
    return arg;
}

static __attribute__((noinline)) int64_t wait_for_post(void)
{
    int64_t start_ns = clock_mono_ns();
    sem_wait(&sem);
    return clock_mono_ns() - start_ns;
}

static __attribute__((noinline)) int64_t wait_for_open(void)
{
    pthread_mutex_lock(&gate);
    int64_t start_ns = clock_mono_ns();
    while (!is_open)
        pthread_cond_wait(&opened, &gate);
    int64_t end_ns = clock_mono_ns();
    pthread_mutex_unlock(&gate);
    return end_ns - start_ns;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: contention_known THREADS ROUNDS HOLD_US\n");
        return 2;
    }
    int count = atoi(argv[1]);
    rounds = atoi(argv[2]);
    hold_ns = atoll(argv[3]) * 1000;
    pthread_t threads[64], waker;
    if (count < 1 || count > 64)
        return 2;
    for (int i = 0; i < count; i++)
        pthread_create(&threads[i], NULL, fight, i % 2 ? &mutex : NULL);
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    sem_init(&sem, 0, 0);
    pthread_create(&waker, NULL, wake, NULL);
    int64_t sem_ns = wait_for_post(), cond_ns = wait_for_open();
    pthread_join(waker, NULL);
    printf("{\"mutex_ns\": %" PRIdFAST64 ", \"sem_ns\": %" PRId64 ", \"cond_ns\": %" PRId64 "}\n",
           atomic_load(&mutex_wait_ns), sem_ns, cond_ns);
    return 0;
}
