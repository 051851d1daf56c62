/* Read-write locks, spin locks and barriers. */
#include "each.h"

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t spin;
static pthread_barrier_t barrier;

static void read_lock(void)
{
    pthread_rwlock_rdlock(&rwlock);
}

static void write_lock(void)
{
    pthread_rwlock_wrlock(&rwlock);
}

static void unlock(void)
{
    pthread_rwlock_unlock(&rwlock);
}

static void write_lock_and_unlock(void)
{
    write_lock();
    unlock();
}

static void lock_spin(void)
{
    pthread_spin_lock(&spin);
}

static void unlock_spin(void)
{
    pthread_spin_unlock(&spin);
}

static void lock_and_unlock_spin(void)
{
    lock_spin();
    unlock_spin();
}

static void arrive(void)
{
    pthread_barrier_wait(&barrier);
}

#define READS(name, expression)                                                                              \
    EACH_WAITS(name, WAIT_RWLOCK_RD, &rwlock, write_lock, unlock, 0, expression);                            \
    unlock()
#define WRITES(name, expression)                                                                             \
    EACH_WAITS(name, WAIT_RWLOCK_WR, &rwlock, read_lock, unlock, 0, expression);                             \
    unlock()

void each_rwlock_call(void)
{
    struct timespec until = each_far(CLOCK_REALTIME);
    struct timespec until_mono = each_far(CLOCK_MONOTONIC);
    READS("pthread_rwlock_rdlock", pthread_rwlock_rdlock(&rwlock));
    READS("pthread_rwlock_timedrdlock", pthread_rwlock_timedrdlock(&rwlock, &until));
    READS("pthread_rwlock_clockrdlock", pthread_rwlock_clockrdlock(&rwlock, CLOCK_MONOTONIC, &until_mono));
    WRITES("pthread_rwlock_wrlock", pthread_rwlock_wrlock(&rwlock));
    WRITES("pthread_rwlock_timedwrlock", pthread_rwlock_timedwrlock(&rwlock, &until));
    WRITES("pthread_rwlock_clockwrlock", pthread_rwlock_clockwrlock(&rwlock, CLOCK_MONOTONIC, &until_mono));
    read_lock();
    each_waiter(write_lock_and_unlock, 0);
    EACH_WAKES("pthread_rwlock_unlock of a reader", WAIT_RWLOCK_RD, &rwlock, 1,
               pthread_rwlock_unlock(&rwlock));
    write_lock();
    each_waiter(write_lock_and_unlock, 0);
    EACH_WAKES("pthread_rwlock_unlock of a writer", WAIT_RWLOCK_WR, &rwlock, 1,
               pthread_rwlock_unlock(&rwlock));

    pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
    EACH_WAITS("pthread_spin_lock", WAIT_SPIN, (const void *)&spin, lock_spin, unlock_spin, 1,
               pthread_spin_lock(&spin));
    each_waiter(lock_and_unlock_spin, 1);
    EACH_WAKES("pthread_spin_unlock", WAIT_SPIN, (const void *)&spin, 1, pthread_spin_unlock(&spin));

    pthread_barrier_init(&barrier, NULL, 2);
    EACH_WAITS("pthread_barrier_wait", WAIT_BARRIER, &barrier, NULL, arrive, 0,
               pthread_barrier_wait(&barrier));
    each_waiter(arrive, 0);
    EACH_WAKES("pthread_barrier_wait of the last", WAIT_BARRIER, &barrier, 1, pthread_barrier_wait(&barrier));
}
