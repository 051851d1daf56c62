/* Condition variables, in both symbol versions: the older one's object holds a pointer to the real one. */
#include "hooks/locks.h"
#include "hooks/reals.h"

/* A condition wait releases the mutex: whoever waits for that is woken by us, now. */
#define WAIT_FOR_CONDITION(condition, mutex, timeout, real_call)                                             \
    locks_release_waited(WAIT_MUTEX, mutex, true);                                                           \
    LOCK_CALL(WAIT_COND, condition, false, timeout, real_call)

#define CONDITION_CALLS(prefix, real)                                                                        \
    int prefix##_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);                                    \
    int prefix##_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until); \
    int prefix##_signal(pthread_cond_t *condition);                                                          \
    int prefix##_broadcast(pthread_cond_t *condition);                                                       \
    static COLD int recorded_##prefix##_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)              \
    {                                                                                                        \
        WAIT_FOR_CONDITION(condition, mutex, -1, real##_wait(condition, mutex));                             \
    }                                                                                                        \
    static COLD int recorded_##prefix##_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex,         \
                                                  const struct timespec *until)                              \
    {                                                                                                        \
        WAIT_FOR_CONDITION(condition, mutex, call_condition_until_ns(until),                                 \
                           real##_timedwait(condition, mutex, until));                                       \
    }                                                                                                        \
    EXPORT int prefix##_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)                              \
    {                                                                                                        \
        return LIKELY(!hooks_watch_locks()) ? real##_wait(condition, mutex)                                  \
                                            : recorded_##prefix##_wait(condition, mutex);                    \
    }                                                                                                        \
    EXPORT int prefix##_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex,                         \
                                  const struct timespec *until)                                              \
    {                                                                                                        \
        return LIKELY(!hooks_watch_locks()) ? real##_timedwait(condition, mutex, until)                      \
                                            : recorded_##prefix##_timedwait(condition, mutex, until);        \
    }                                                                                                        \
    EXPORT int prefix##_signal(pthread_cond_t *condition)                                                    \
    {                                                                                                        \
        locks_release_waited(WAIT_COND, condition, false);                                                   \
        return real##_signal(condition);                                                                     \
    }                                                                                                        \
    EXPORT int prefix##_broadcast(pthread_cond_t *condition)                                                 \
    {                                                                                                        \
        locks_release_waited(WAIT_COND, condition, false);                                                   \
        return real##_broadcast(condition);                                                                  \
    }

CONDITION_CALLS(hook_cond, real_pthread_cond)
CONDITION_CALLS(hook_old_cond, real_old_cond)

/* The names and versions that programs are linked against (exports.map declares the versions). */
__asm__(".symver hook_cond_wait, pthread_cond_wait@@GLIBC_2.3.2");
__asm__(".symver hook_cond_timedwait, pthread_cond_timedwait@@GLIBC_2.3.2");
__asm__(".symver hook_cond_signal, pthread_cond_signal@@GLIBC_2.3.2");
__asm__(".symver hook_cond_broadcast, pthread_cond_broadcast@@GLIBC_2.3.2");
__asm__(".symver hook_old_cond_wait, pthread_cond_wait@GLIBC_2.2.5");
__asm__(".symver hook_old_cond_timedwait, pthread_cond_timedwait@GLIBC_2.2.5");
__asm__(".symver hook_old_cond_signal, pthread_cond_signal@GLIBC_2.2.5");
__asm__(".symver hook_old_cond_broadcast, pthread_cond_broadcast@GLIBC_2.2.5");

static COLD int recorded_clockwait(pthread_cond_t *condition, pthread_mutex_t *mutex, clockid_t clock,
                                   const struct timespec *until)
{
    WAIT_FOR_CONDITION(condition, mutex, call_until_ns(clock, until),
                       real_pthread_cond_clockwait(condition, mutex, clock, until));
}

EXPORT int pthread_cond_clockwait(pthread_cond_t *condition, pthread_mutex_t *mutex, clockid_t clock,
                                  const struct timespec *until)
{
    return LIKELY(!hooks_watch_locks()) ? real_pthread_cond_clockwait(condition, mutex, clock, until)
                                        : recorded_clockwait(condition, mutex, clock, until);
}
