/* POSIX' asynchronous I/O: its waits. */
#include "base/clock.h"
#include "hooks/call.h"
#include "hooks/reals.h"
#include "profilers/cpu.h"

#define FRAME_BYTES_PER_ENTRY 40 /* libc's aio_suspend keeps a table of its list on the stack */

static COLD int suspended(const struct aiocb *const list[], int count, const struct timespec *timeout)
{
    struct call call;
    call_begin(&call, WAIT_FILE_IO, 0, WAITS, call_timespec_ns(timeout), PLACE_HERE);
    const uintptr_t table_bytes = count > 0 ? (uintptr_t)count * FRAME_BYTES_PER_ENTRY : 0;
    thread_self.watched_call -= table_bytes;
    int result;
    do {
        result = real_aio_suspend(list, count, timeout);
    } while (result == -1 && errno == EINTR && call_was_cut_within(&call, CALL_FRAMES_BYTES + table_bytes) &&
             call_left_timespec(&call, &timeout));
    call_end(&call, NO_SYSCALL, result == -1 ? -(int64_t)errno : result);
    return result;
}

EXPORT int aio_suspend(const struct aiocb *const list[], int count, const struct timespec *timeout)
{
    return LIKELY(!hooks_are_active()) ? real_aio_suspend(list, count, timeout)
                                       : suspended(list, count, timeout);
}

/* The same function: off64_t is off_t. */
EXPORT int aio_suspend64(const struct aiocb64 *const list[], int count, const struct timespec *timeout)
{
    return aio_suspend((const struct aiocb *const *)list, count, timeout);
}

/* It can't be repeated, and it may last: nobody's setuid may wait until a signal is let through again, so our
 * timer stops instead. */
EXPORT int lio_listio(int mode, struct aiocb *const list[], int count, struct sigevent *event)
{
    bool is_quiet = mode == LIO_WAIT && cpu_quiet_self(true);
    int result = real_lio_listio(mode, list, count, event);
    if (is_quiet)
        cpu_quiet_self(false);
    return result;
}

EXPORT int lio_listio64(int mode, struct aiocb64 *const list[], int count, struct sigevent *event)
{
    return lio_listio(mode, (struct aiocb *const *)list, count, event);
}
