/* Mutexes of both kinds, and semaphores' post. */
#include "each.h"

#include <semaphore.h>
#include <threads.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static mtx_t c11_mutex;
static sem_t semaphore;

static void lock(void)
{
    pthread_mutex_lock(&mutex);
}

static void unlock(void)
{
    pthread_mutex_unlock(&mutex);
}

static void lock_and_unlock(void)
{
    lock();
    unlock();
}

static void c11_lock(void)
{
    mtx_lock(&c11_mutex);
}

static void c11_unlock(void)
{
    mtx_unlock(&c11_mutex);
}

static void c11_lock_and_unlock(void)
{
    c11_lock();
    c11_unlock();
}

static void wait_for_post(void)
{
    sem_wait(&semaphore);
}

static void trylock_of_a_held_mutex(void)
{
    lock();
    int error = pthread_mutex_trylock(&mutex);
    each_expect("pthread_mutex_trylock", "unblock", WAIT_MUTEX, &mutex, -error);
    unlock();
}

void each_mutex_call(void)
{
    struct timespec until = each_far(CLOCK_REALTIME);
    struct timespec until_mono = each_far(CLOCK_MONOTONIC);
    EACH_WAITS("pthread_mutex_lock", WAIT_MUTEX, &mutex, lock, unlock, 0, pthread_mutex_lock(&mutex));
    unlock();
    EACH_WAITS("pthread_mutex_timedlock", WAIT_MUTEX, &mutex, lock, unlock, 0,
               pthread_mutex_timedlock(&mutex, &until));
    unlock();
    EACH_WAITS("pthread_mutex_clocklock", WAIT_MUTEX, &mutex, lock, unlock, 0,
               pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &until_mono));
    unlock();
    trylock_of_a_held_mutex();
    lock();
    each_waiter(lock_and_unlock, 0);
    EACH_WAKES("pthread_mutex_unlock", WAIT_MUTEX, &mutex, 1, pthread_mutex_unlock(&mutex));

    mtx_init(&c11_mutex, mtx_timed);
    EACH_WAITS("mtx_lock", WAIT_MUTEX, &c11_mutex, c11_lock, c11_unlock, 0, mtx_lock(&c11_mutex));
    c11_unlock();
    EACH_WAITS("mtx_timedlock", WAIT_MUTEX, &c11_mutex, c11_lock, c11_unlock, 0,
               mtx_timedlock(&c11_mutex, &until));
    each_waiter(c11_lock_and_unlock, 0);
    EACH_WAKES("mtx_unlock", WAIT_MUTEX, &c11_mutex, 1, mtx_unlock(&c11_mutex));

    sem_init(&semaphore, 0, 0);
    each_waiter(wait_for_post, 0);
    EACH_WAKES("sem_post", WAIT_SEM, &semaphore, 1, sem_post(&semaphore));
}
