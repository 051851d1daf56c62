/* Mutexes: try first, wait second, so that an uncontended lock costs a try and records nothing. */
#include "hooks/locks.h"

#include "hooks/call.h"
#include "hooks/reals.h"
#include "hooks/waiters.h"

struct waiter_counter waiter_counters[WAITER_COUNTERS];

void locks_wake(unsigned reason, const void *object)
{
    const struct sink *sink = call_sink();
    uint32_t waiters = waiters_count(object);
    if (!sink || !waiters)
        return;
    int error = errno;
    thread_self.guard++;
    uint32_t stack = capture_here();
    capture_send_stack(sink, stack);
    sink->wake((uint8_t)reason, (uintptr_t)object, waiters, stack);
    thread_self.guard--;
    errno = error;
}

/* A try, to learn whether a lock call would wait: EBUSY when it might. Robust mutexes are only looked at:
 * glibc's trylock of one that is not recoverable leaves it locked (its kinds have bit 4 set,
 * bits/struct_mutex.h). */
static int try_to_lock(pthread_mutex_t *mutex, bool *ret_is_done)
{
    const int robust = 16;
    *ret_is_done = !(mutex->__data.__kind & robust);
    if (*ret_is_done)
        return real_pthread_mutex_trylock(mutex);
    return __atomic_load_n(&mutex->__data.__lock, __ATOMIC_RELAXED) ? EBUSY : 0;
}

/* The slow half of every lock call: others are told that we wait, and the wait is recorded. EBUSY from the
 * try means somebody holds the mutex (perhaps the caller: then the real call says EDEADLK, or waits for ever
 * as it would). */
#define WAIT_FOR_LOCK(mutex, timeout, real_call)                                                             \
    if (!call_sink())                                                                                        \
        return real_call;                                                                                    \
    bool is_done;                                                                                            \
    int result = try_to_lock(mutex, &is_done);                                                               \
    if (LIKELY(result != EBUSY))                                                                             \
        return is_done ? result : (real_call);                                                               \
    WAITERS_JOIN(mutex);                                                                                     \
    struct call call;                                                                                        \
    call_begin(&call, WAIT_MUTEX, (uintptr_t)(mutex), WAITS, timeout);                                       \
    result = real_call;                                                                                      \
    call_end(&call, NO_SYSCALL, -(int64_t)result);                                                           \
    return result

static COLD int recorded_lock(pthread_mutex_t *mutex)
{
    WAIT_FOR_LOCK(mutex, -1, real_pthread_mutex_lock(mutex));
}

static COLD int recorded_timedlock(pthread_mutex_t *mutex, const struct timespec *until)
{
    WAIT_FOR_LOCK(mutex, call_until_ns(CLOCK_REALTIME, until), real_pthread_mutex_timedlock(mutex, until));
}

static COLD int recorded_clocklock(pthread_mutex_t *mutex, clockid_t clock, const struct timespec *until)
{
    WAIT_FOR_LOCK(mutex, call_until_ns(clock, until), real_pthread_mutex_clocklock(mutex, clock, until));
}

/* A try that fails is contention too: recorded as a wait of no length. */
static COLD int recorded_trylock(pthread_mutex_t *mutex)
{
    int result = real_pthread_mutex_trylock(mutex);
    if (result == EBUSY) {
        struct call call;
        call_begin(&call, WAIT_MUTEX, (uintptr_t)mutex, WAITS, 0);
        call_end(&call, NO_SYSCALL, -(int64_t)result);
    }
    return result;
}

EXPORT int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    return LIKELY(!hooks_are_traced()) ? real_pthread_mutex_lock(mutex) : recorded_lock(mutex);
}

EXPORT int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
    return LIKELY(!hooks_are_traced()) ? real_pthread_mutex_trylock(mutex) : recorded_trylock(mutex);
}

EXPORT int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *until)
{
    return LIKELY(!hooks_are_traced()) ? real_pthread_mutex_timedlock(mutex, until)
                                       : recorded_timedlock(mutex, until);
}

EXPORT int pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock, const struct timespec *until)
{
    /* A clock that can't be waited on is refused even when the mutex is free. */
    bool is_known = clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC;
    return LIKELY(!hooks_are_traced()) || !is_known ? real_pthread_mutex_clocklock(mutex, clock, until)
                                                    : recorded_clocklock(mutex, clock, until);
}

EXPORT int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    /* Before the unlock: once it is done the mutex may be gone, and the woken thread may come first in the
     * trace. */
    if (UNLIKELY(hooks_are_traced()) && waiters_count(mutex))
        locks_wake(WAIT_MUTEX, mutex);
    return real_pthread_mutex_unlock(mutex);
}
