/* What each_lock's parts share: other threads at the right moment, and the list of what a trace must say. */
#ifndef PREFLAME_TESTS_EACH_H
#define PREFLAME_TESTS_EACH_H

#include "base/wait.h"

#include <pthread.h>
#include <stdint.h>
#include <time.h>

typedef void (*each_fn)(void);

/* How long the main thread waits at least. */
#define EACH_WAIT_MS 25

/* Notes an event that the main thread must show next. `value`: a wait's result, or a wake's waiters. */
void each_expect(const char *call, const char *event, enum wait_reason reason, const void *object,
                 long value);
void each_print(void);

/* Runs `before` at once, and returns then; runs `after` once the main thread has slept, or if `is_spinning`
 * has been about to spin, for EACH_WAIT_MS. Both in another thread; each may be NULL. */
void each_other(each_fn before, each_fn after, int is_spinning);
/* Runs `wait` in another thread, and returns when it sleeps there; or, if `is_spinning`, some time after it
 * began. */
void each_waiter(each_fn wait, int is_spinning);
/* Until the threads of the two are done. */
void each_end(void);

/* A deadline that isn't met. */
struct timespec each_far(clockid_t clock);

/* The parts. */
void each_mutex_call(void);
void each_rwlock_call(void);
void each_condition_call(void);
void each_old_condition_call(void);
void each_thread_call(void);

/* A wait of the main thread for `object`: makes the other thread, waits, notes what the trace must say. */
#define EACH_WAITS(name, reason, object, before, after, is_spinning, expression)                             \
    do {                                                                                                     \
        each_other(before, after, is_spinning);                                                              \
        long each_result_ = (long)(expression);                                                              \
        each_expect(name, "unblock", reason, object, -each_result_);                                         \
        each_end();                                                                                          \
    } while (0)

/* A release of `object`, for which `waiters` threads wait, by the main thread. */
#define EACH_WAKES(name, reason, object, waiters, expression)                                                \
    do {                                                                                                     \
        (void)(expression);                                                                                  \
        each_expect(name, "wake", reason, object, waiters);                                                  \
        each_end();                                                                                          \
    } while (0)

#endif
