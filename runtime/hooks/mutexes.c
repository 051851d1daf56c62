/* Mutexes. */
#include "hooks/locks.h"
#include "hooks/reals.h"
#include "hooks/single.h"

/* glibc's trylock of a robust mutex that is not recoverable leaves it locked: robust ones (bit 4 of the kind,
 * bits/struct_mutex.h) are only looked at. */
static inline bool is_robust(const pthread_mutex_t *mutex)
{
    return mutex->__data.__kind & 16;
}

static inline unsigned lock_word(const pthread_mutex_t *mutex)
{
    return (unsigned)__atomic_load_n(&mutex->__data.__lock, __ATOMIC_RELAXED);
}

/* What the three lock calls share: whether anybody watches is asked only when there is something to see.
 * EBUSY from the try means that somebody holds the mutex, perhaps the caller: then the real call says
 * EDEADLK, or waits for ever, as it would. */
#define LOCK(mutex, wait_call, real_call)                                                                    \
    if (single_thread()) /* nobody to wait for, and glibc then locks without atomics */                      \
        return real_call;                                                                                    \
    if (UNLIKELY(is_robust(mutex)))                                                                          \
        return lock_word(mutex) && hooks_watch_locks() ? (wait_call) : (real_call);                          \
    int result = real_pthread_mutex_trylock(mutex);                                                          \
    if (LIKELY(result != EBUSY))                                                                             \
        return result;                                                                                       \
    return hooks_watch_locks() ? (wait_call) : (real_call)

static COLD int wait_lock(pthread_mutex_t *mutex)
{
    LOCK_CALL(WAIT_MUTEX, mutex, true, -1, real_pthread_mutex_lock(mutex));
}

static COLD int wait_timedlock(pthread_mutex_t *mutex, const struct timespec *until)
{
    LOCK_CALL(WAIT_MUTEX, mutex, true, call_until_ns(CLOCK_REALTIME, until),
              real_pthread_mutex_timedlock(mutex, until));
}

static COLD int wait_clocklock(pthread_mutex_t *mutex, clockid_t clock, const struct timespec *until)
{
    LOCK_CALL(WAIT_MUTEX, mutex, true, call_until_ns(clock, until),
              real_pthread_mutex_clocklock(mutex, clock, until));
}

EXPORT int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    LOCK(mutex, wait_lock(mutex), real_pthread_mutex_lock(mutex));
}

/* A try that fails is contention too: told as a wait of no length. */
static COLD int told_trylock(pthread_mutex_t *mutex)
{
    int result = real_pthread_mutex_trylock(mutex);
    if (result == EBUSY) {
        struct call call;
        call_begin(&call, WAIT_MUTEX, (uintptr_t)mutex, LOCK, 0, PLACE_HERE);
        call_end(&call, NO_SYSCALL, -(int64_t)result);
    }
    return result;
}

EXPORT int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
    return LIKELY(!hooks_are_traced()) ? real_pthread_mutex_trylock(mutex) : told_trylock(mutex);
}

EXPORT int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *until)
{
    LOCK(mutex, wait_timedlock(mutex, until), real_pthread_mutex_timedlock(mutex, until));
}

EXPORT int pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock, const struct timespec *until)
{
    /* A clock that can't be waited on is refused even when the mutex is free. */
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
        return real_pthread_mutex_clocklock(mutex, clock, until);
    LOCK(mutex, wait_clocklock(mutex, clock, until), real_pthread_mutex_clocklock(mutex, clock, until));
}

static COLD int unlock_waited(pthread_mutex_t *mutex)
{
    locks_release_waited(WAIT_MUTEX, mutex, true);
    return real_pthread_mutex_unlock(mutex);
}

EXPORT int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    /* Told before the unlock: once it is done the mutex may be gone, and the woken thread may come first in
     * the trace. A lock word above 1 says that somebody waits in libc, or that it is one of those that hold a
     * tid. */
    return LIKELY(lock_word(mutex) <= 1) ? real_pthread_mutex_unlock(mutex) : unlock_waited(mutex);
}
