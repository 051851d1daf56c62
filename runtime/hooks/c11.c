/* C11's mutexes and conditions: libc's call each other's insides, so POSIX hooks don't see them. */
#include "hooks/locks.h"
#include "hooks/reals.h"
#include "hooks/single.h"

/* As LOCK_CALL, for calls whose value is a thrd_*. */
#define C11_CALL(reason, object, is_mutex, timeout, real_call)                                               \
    struct lock_call call CLEANUP(lock_call_left);                                                           \
    lock_call_begin(&call, reason, object, is_mutex, timeout, PLACE_HERE);                                   \
    int result = real_call;                                                                                  \
    lock_call_end(&call, result == thrd_timedout ? ETIMEDOUT : result == thrd_success ? 0 : EINVAL);         \
    return result

static COLD int wait_mtx(mtx_t *mutex)
{
    C11_CALL(WAIT_MUTEX, mutex, true, -1, real_mtx_lock(mutex));
}

static COLD int wait_mtx_until(mtx_t *mutex, const struct timespec *until)
{
    C11_CALL(WAIT_MUTEX, mutex, true, call_until_ns(CLOCK_REALTIME, until), real_mtx_timedlock(mutex, until));
}

EXPORT int mtx_lock(mtx_t *mutex)
{
    if (single_thread())
        return real_mtx_lock(mutex);
    int result = real_mtx_trylock(mutex);
    if (LIKELY(result != thrd_busy))
        return result;
    return hooks_watch_locks() ? wait_mtx(mutex) : real_mtx_lock(mutex);
}

EXPORT int mtx_timedlock(mtx_t *mutex, const struct timespec *until)
{
    if (single_thread())
        return real_mtx_timedlock(mutex, until);
    int result = real_mtx_trylock(mutex);
    if (LIKELY(result != thrd_busy))
        return result;
    return hooks_watch_locks() ? wait_mtx_until(mutex, until) : real_mtx_timedlock(mutex, until);
}

EXPORT int mtx_unlock(mtx_t *mutex)
{
    locks_release_waited(WAIT_MUTEX, mutex, true);
    return real_mtx_unlock(mutex);
}

static COLD int wait_cnd(cnd_t *condition, mtx_t *mutex)
{
    locks_release_waited(WAIT_MUTEX, mutex, true);
    C11_CALL(WAIT_COND, condition, false, -1, real_cnd_wait(condition, mutex));
}

static COLD int wait_cnd_until(cnd_t *condition, mtx_t *mutex, const struct timespec *until)
{
    locks_release_waited(WAIT_MUTEX, mutex, true);
    C11_CALL(WAIT_COND, condition, false, call_until_ns(CLOCK_REALTIME, until),
             real_cnd_timedwait(condition, mutex, until));
}

EXPORT int cnd_wait(cnd_t *condition, mtx_t *mutex)
{
    return LIKELY(!hooks_watch_locks()) ? real_cnd_wait(condition, mutex) : wait_cnd(condition, mutex);
}

EXPORT int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *until)
{
    return LIKELY(!hooks_watch_locks()) ? real_cnd_timedwait(condition, mutex, until)
                                        : wait_cnd_until(condition, mutex, until);
}

EXPORT int cnd_signal(cnd_t *condition)
{
    locks_release_waited(WAIT_COND, condition, false);
    return real_cnd_signal(condition);
}

EXPORT int cnd_broadcast(cnd_t *condition)
{
    locks_release_waited(WAIT_COND, condition, false);
    return real_cnd_broadcast(condition);
}
