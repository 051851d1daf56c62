/* Waits for time, and for other threads. */
#include "known_wait.h"

#include <errno.h>
#include <semaphore.h>
#include <sys/select.h>
#include <unistd.h>

static struct timespec from_now(clockid_t clock)
{
    int64_t until_ns = clock_ns(clock) + KNOWN_WAIT_MS * INT64_C(1000000);
    return (struct timespec){until_ns / NS_PER_S, until_ns % NS_PER_S};
}

void known_waits_of_time(void)
{
    const struct timespec length = {0, KNOWN_WAIT_MS * 1000000L};
    KNOWN_MEASURE(WAIT_SLEEP, nanosleep(&length, NULL));
    KNOWN_MEASURE(WAIT_SLEEP, usleep(KNOWN_WAIT_MS * 1000));
    KNOWN_MEASURE(WAIT_SLEEP, clock_nanosleep(CLOCK_MONOTONIC, 0, &length, NULL));
    struct timespec until = from_now(CLOCK_MONOTONIC);
    KNOWN_MEASURE(WAIT_SLEEP, clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL));
    KNOWN_MEASURE(WAIT_SLEEP, sleep(1));
}

struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    sem_t posted;
    int is_open;   /* guarded by mutex */
    int is_locked; /* atomic: the holder has the mutex */
};

static void signal_gate(void *arg)
{
    struct gate *gate = arg;
    pthread_mutex_lock(&gate->mutex);
    gate->is_open = 1;
    pthread_cond_signal(&gate->cond);
    pthread_mutex_unlock(&gate->mutex);
}

static void post_gate(void *arg)
{
    struct gate *gate = arg;
    sem_post(&gate->posted);
}

static void *hold_mutex(void *arg)
{
    struct gate *gate = arg;
    pthread_mutex_lock(&gate->mutex);
    __atomic_store_n(&gate->is_locked, 1, __ATOMIC_RELEASE);
    known_pause();
    pthread_mutex_unlock(&gate->mutex);
    return NULL;
}

static void wait_for_mutex(struct gate *gate, int (*lock)(struct gate *gate))
{
    pthread_t holder;
    gate->is_locked = 0;
    if (pthread_create(&holder, NULL, hold_mutex, gate) != 0) {
        return;
    }
    while (__atomic_load_n(&gate->is_locked, __ATOMIC_ACQUIRE) == 0) {
    }
    KNOWN_MEASURE(WAIT_MUTEX, lock(gate));
    pthread_mutex_unlock(&gate->mutex);
    KNOWN_MEASURE(WAIT_JOIN, pthread_join(holder, NULL));
}

static int plain_lock(struct gate *gate)
{
    return pthread_mutex_lock(&gate->mutex);
}

static int timed_lock(struct gate *gate)
{
    struct timespec until = from_now(CLOCK_REALTIME);
    until.tv_sec += 30;
    return pthread_mutex_timedlock(&gate->mutex, &until);
}

static void wait_for_condition(struct gate *gate)
{
    struct timespec until = from_now(CLOCK_REALTIME);
    pthread_mutex_lock(&gate->mutex);
    int error = 0;
    while (error == 0) { /* until the time is up: nobody signals */
        KNOWN_MEASURE(WAIT_COND, error = pthread_cond_timedwait(&gate->cond, &gate->mutex, &until));
    }
    pthread_mutex_unlock(&gate->mutex);
    struct known_later later;
    known_later_start(&later, signal_gate, gate);
    pthread_mutex_lock(&gate->mutex);
    while (!gate->is_open) {
        KNOWN_MEASURE(WAIT_COND, pthread_cond_wait(&gate->cond, &gate->mutex));
    }
    pthread_mutex_unlock(&gate->mutex);
    known_later_end(&later);
}

static void *pause_only(void *arg)
{
    known_pause();
    return arg;
}

void known_waits_of_threads(void)
{
    struct gate gate = {.mutex = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER};
    sem_init(&gate.posted, 0, 0);
    wait_for_mutex(&gate, plain_lock);
    wait_for_mutex(&gate, timed_lock);
    wait_for_condition(&gate);
    struct timespec until = from_now(CLOCK_REALTIME);
    KNOWN_MEASURE(WAIT_SEM, sem_timedwait(&gate.posted, &until));
    struct known_later later;
    known_later_start(&later, post_gate, &gate);
    KNOWN_MEASURE(WAIT_SEM, sem_wait(&gate.posted));
    known_later_end(&later);
    pthread_t thread;
    if (pthread_create(&thread, NULL, pause_only, NULL) == 0) {
        KNOWN_MEASURE(WAIT_JOIN, pthread_join(thread, NULL));
    }
}
