/* The system call futex, as programs make it by libc's syscall(): locks of their own making, Rust's, absl's
 * and those of C++'s atomics wait and wake by it. Which is a lock and which a condition, only they know. */
#include "hooks/locks.h"
#include "hooks/reals.h"

#include <linux/futex.h>

/* What a waiting operation does with its time. */
enum futex_time { NOT_WAITING, RELATIVE, ABSOLUTE_MONOTONIC, ABSOLUTE_REALTIME };

static enum futex_time time_of(long operation)
{
    switch (operation & FUTEX_CMD_MASK) {
    case FUTEX_WAIT:
        return RELATIVE;
    case FUTEX_WAIT_BITSET:
    case FUTEX_WAIT_REQUEUE_PI:
    case FUTEX_LOCK_PI2:
        return operation & FUTEX_CLOCK_REALTIME ? ABSOLUTE_REALTIME : ABSOLUTE_MONOTONIC;
    case FUTEX_LOCK_PI:
        return ABSOLUTE_REALTIME;
    default:
        return NOT_WAITING;
    }
}

static int64_t timeout_of(enum futex_time time, const struct timespec *timeout)
{
    return time == RELATIVE
               ? call_timespec_ns(timeout)
               : call_until_ns(time == ABSOLUTE_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC, timeout);
}

/* Waits, again when our signal alone interrupted it. */
static COLD long wait_futex(long word, long operation, long value, long timeout, long second, long third)
{
    enum futex_time time = time_of(operation);
    const struct timespec *until = (const struct timespec *)timeout;
    struct lock_call call CLEANUP(lock_call_left);
    lock_call_begin(&call, WAIT_FUTEX, (const void *)word, true, timeout_of(time, until), PLACE_HERE);
    long result;
    do {
        result = real_syscall(SYS_futex, word, operation, value, until, second, third);
    } while (UNLIKELY(result == -1) && call_was_ours(&call.call) &&
             (time != RELATIVE || call_left_timespec(&call.call, &until)));
    lock_call_end(&call, result == -1 ? errno : 0);
    return result;
}

static void release(long operation, long word, long second)
{
    switch (operation & FUTEX_CMD_MASK) {
    case FUTEX_WAKE_OP:
        locks_release_waited(WAIT_FUTEX, (const void *)second, true);
        __attribute__((fallthrough));
    case FUTEX_WAKE:
    case FUTEX_WAKE_BITSET:
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE:
    case FUTEX_CMP_REQUEUE_PI:
    case FUTEX_UNLOCK_PI:
        locks_release_waited(WAIT_FUTEX, (const void *)word, true);
        break;
    default:
        break;
    }
}

/* syscall() jumps here, with its own arguments. */
__attribute__((used, visibility("hidden"))) long raw_futex(long number, long word, long operation, long value,
                                                           long timeout, long second, long third);
long raw_futex(long number, long word, long operation, long value, long timeout, long second, long third)
{
    if (hooks_are_active() && word && time_of(operation) != NOT_WAITING)
        return wait_futex(word, operation, value, timeout, second, third);
    release(operation, word, second);
    return real_syscall(number, word, operation, value, timeout, second, third);
}
