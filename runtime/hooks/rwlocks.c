/* Read-write locks, barriers and spin locks. */
#include "hooks/locks.h"
#include "hooks/reals.h"
#include "hooks/single.h"

#include <string.h>

/* What the six lock calls share; see hooks/mutexes.c. */
#define LOCK(try_call, wait_call, real_call)                                                                 \
    if (single_thread())                                                                                     \
        return real_call;                                                                                    \
    int result = try_call;                                                                                   \
    if (LIKELY(result != EBUSY))                                                                             \
        return result;                                                                                       \
    return hooks_watch_locks() ? (wait_call) : (real_call)

#define RWLOCK_CALL(name, try_name, reason, params, args, timeout)                                           \
    static COLD int wait_##name params                                                                       \
    {                                                                                                        \
        LOCK_CALL(reason, lock, true, timeout, real_pthread_rwlock_##name args);                             \
    }                                                                                                        \
    EXPORT int pthread_rwlock_##name params                                                                  \
    {                                                                                                        \
        LOCK(real_pthread_rwlock_##try_name(lock), wait_##name args, real_pthread_rwlock_##name args);       \
    }

RWLOCK_CALL(rdlock, tryrdlock, WAIT_RWLOCK_RD, (pthread_rwlock_t * lock), (lock), -1)
RWLOCK_CALL(wrlock, trywrlock, WAIT_RWLOCK_WR, (pthread_rwlock_t * lock), (lock), -1)

/* A deadline that makes no sense is refused even when the lock is free. */
static bool is_time(const struct timespec *until)
{
    return until->tv_nsec >= 0 && until->tv_nsec < 1000000000;
}

static bool is_clock(clockid_t clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC;
}

#define TIMED_RWLOCK_CALLS(kind, try_name, reason)                                                           \
    static COLD int wait_timed##kind(pthread_rwlock_t *lock, const struct timespec *until)                   \
    {                                                                                                        \
        LOCK_CALL(reason, lock, true, call_until_ns(CLOCK_REALTIME, until),                                  \
                  real_pthread_rwlock_timed##kind(lock, until));                                             \
    }                                                                                                        \
    static COLD int wait_clock##kind(pthread_rwlock_t *lock, clockid_t clock, const struct timespec *until)  \
    {                                                                                                        \
        LOCK_CALL(reason, lock, true, call_until_ns(clock, until),                                           \
                  real_pthread_rwlock_clock##kind(lock, clock, until));                                      \
    }                                                                                                        \
    EXPORT int pthread_rwlock_timed##kind(pthread_rwlock_t *lock, const struct timespec *until)              \
    {                                                                                                        \
        if (!is_time(until))                                                                                 \
            return real_pthread_rwlock_timed##kind(lock, until);                                             \
        LOCK(real_pthread_rwlock_##try_name(lock), wait_timed##kind(lock, until),                            \
             real_pthread_rwlock_timed##kind(lock, until));                                                  \
    }                                                                                                        \
    EXPORT int pthread_rwlock_clock##kind(pthread_rwlock_t *lock, clockid_t clock,                           \
                                          const struct timespec *until)                                      \
    {                                                                                                        \
        if (!is_time(until) || !is_clock(clock))                                                             \
            return real_pthread_rwlock_clock##kind(lock, clock, until);                                      \
        LOCK(real_pthread_rwlock_##try_name(lock), wait_clock##kind(lock, clock, until),                     \
             real_pthread_rwlock_clock##kind(lock, clock, until));                                           \
    }

TIMED_RWLOCK_CALLS(rdlock, tryrdlock, WAIT_RWLOCK_RD)
TIMED_RWLOCK_CALLS(wrlock, trywrlock, WAIT_RWLOCK_WR)

EXPORT int pthread_rwlock_unlock(pthread_rwlock_t *lock)
{
    /* By how it was held: the writer's tid stands in the lock. */
    unsigned reason = lock->__data.__cur_writer ? WAIT_RWLOCK_WR : WAIT_RWLOCK_RD;
    locks_release_waited(reason, lock, true);
    return real_pthread_rwlock_unlock(lock);
}

/* Does the next one to come let the others go? glibc's own words, since 2.25: how many have come in all, the
 * round, and how many make one. Who comes within the same instant isn't seen. */
static bool is_last(const pthread_barrier_t *barrier)
{
    unsigned words[3];
    memcpy(words, barrier, sizeof(words));
    return words[2] && (words[0] + 1) % words[2] == 0;
}

static COLD int wait_barrier(pthread_barrier_t *barrier)
{
    if (is_last(barrier)) {
        locks_release_waited(WAIT_BARRIER, barrier, false);
        return real_pthread_barrier_wait(barrier);
    }
    LOCK_CALL(WAIT_BARRIER, barrier, false, -1, real_pthread_barrier_wait(barrier));
}

EXPORT int pthread_barrier_wait(pthread_barrier_t *barrier)
{
    return LIKELY(!hooks_watch_locks()) ? real_pthread_barrier_wait(barrier) : wait_barrier(barrier);
}

static COLD int wait_spin(pthread_spinlock_t *lock)
{
    LOCK_CALL(WAIT_SPIN, (const void *)(uintptr_t)lock, true, -1, real_pthread_spin_lock(lock));
}

EXPORT int pthread_spin_lock(pthread_spinlock_t *lock)
{
    int result = real_pthread_spin_trylock(lock);
    if (LIKELY(result != EBUSY))
        return result;
    return hooks_watch_locks() ? wait_spin(lock) : real_pthread_spin_lock(lock);
}

EXPORT int pthread_spin_unlock(pthread_spinlock_t *lock)
{
    locks_release_waited(WAIT_SPIN, (const void *)(uintptr_t)lock, true);
    return real_pthread_spin_unlock(lock);
}
