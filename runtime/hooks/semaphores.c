/* Semaphores. */
#include "hooks/locks.h"
#include "hooks/reals.h"

/* Waits, again when our signal alone interrupted it: deadlines are absolute. */
#define SEM_WAIT(sem, timeout, real_call)                                                                    \
    struct lock_call call CLEANUP(lock_call_left);                                                           \
    lock_call_begin(&call, WAIT_SEM, sem, false, timeout, PLACE_HERE);                                       \
    int result;                                                                                              \
    do {                                                                                                     \
        result = real_call;                                                                                  \
    } while (UNLIKELY(result == -1) && call_was_ours(&call.call));                                           \
    lock_call_end(&call, result == -1 ? errno : 0);                                                          \
    return result

static COLD int wait_sem(sem_t *sem)
{
    SEM_WAIT(sem, -1, real_sem_wait(sem));
}

static COLD int wait_sem_until(sem_t *sem, const struct timespec *until)
{
    SEM_WAIT(sem, call_until_ns(CLOCK_REALTIME, until), real_sem_timedwait(sem, until));
}

static COLD int wait_sem_clock(sem_t *sem, clockid_t clock, const struct timespec *until)
{
    SEM_WAIT(sem, call_until_ns(clock, until), real_sem_clockwait(sem, clock, until));
}

/* A wait that needs none: these calls are cancellation points even then, so the try is only a look. */
static inline bool is_free(sem_t *sem)
{
    int value = 0;
    return sem_getvalue(sem, &value) == 0 && value > 0;
}

EXPORT int sem_wait(sem_t *sem)
{
    return LIKELY(!hooks_are_active()) || is_free(sem) ? real_sem_wait(sem) : wait_sem(sem);
}

EXPORT int sem_timedwait(sem_t *sem, const struct timespec *until)
{
    return LIKELY(!hooks_are_active()) || is_free(sem) ? real_sem_timedwait(sem, until)
                                                       : wait_sem_until(sem, until);
}

EXPORT int sem_clockwait(sem_t *sem, clockid_t clock, const struct timespec *until)
{
    return LIKELY(!hooks_are_active()) || is_free(sem) ? real_sem_clockwait(sem, clock, until)
                                                       : wait_sem_clock(sem, clock, until);
}

/* Async-signal-safe in libc, so a handler may be in here: then nothing is told. */
EXPORT int sem_post(sem_t *sem)
{
    locks_release_waited(WAIT_SEM, sem, false);
    return real_sem_post(sem);
}
