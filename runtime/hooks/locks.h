/* What every lock, condition and semaphore call shares: try first where there is a try, wait second; so what
 * is free costs a try and records nothing. */
#ifndef PREFLAME_HOOKS_LOCKS_H
#define PREFLAME_HOOKS_LOCKS_H

#include "hooks/call.h"
#include "profilers/contention.h"

struct lock_call {
    struct call call;
    struct lock_wait wait;
    bool is_mutex, is_joined;
};

/* Tells and counts that the caller waits for `object` from now on. `is_mutex`: whoever releases it is charged
 * with the wait. Keeps errno. Not signal-safe. */
void lock_call_begin(struct lock_call *call, unsigned reason, const void *object, bool is_mutex,
                     int64_t timeout_ns, const struct place *place);
/* It waited; `result` is an error number or 0. Keeps errno. */
void lock_call_end(struct lock_call *call, int result);
/* For CLEANUP: a wait that was left by cancellation. */
void lock_call_left(struct lock_call *call);

/* Around `real_call`, which waits, in a function of its own (PLACE_HERE): its value is an error number. */
#define LOCK_CALL(reason, object, is_mutex, timeout, real_call)                                              \
    struct lock_call call CLEANUP(lock_call_left);                                                           \
    lock_call_begin(&call, reason, object, is_mutex, timeout, PLACE_HERE);                                   \
    int result = real_call;                                                                                  \
    lock_call_end(&call, result);                                                                            \
    return result

/* The caller is about to release or signal `object`, for which somebody waits: tells and counts that.
 * `stack`: the caller's if taken, or 0. Keeps errno. Not signal-safe. */
void locks_release(unsigned reason, const void *object, bool is_mutex, uint32_t stack);

/* The same, if anybody does. Two loads when nobody does. */
static inline void locks_release_waited(unsigned reason, const void *object, bool is_mutex)
{
    if (UNLIKELY(hooks_watch_locks()) && UNLIKELY(contention_waiting(object)))
        locks_release(reason, object, is_mutex, 0);
}

#endif
