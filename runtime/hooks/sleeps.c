/* The sleeps: each fails in a way of its own, and the rest that the kernel gives back is what is left, on
 * whatever clock it is. */
#include "base/clock.h"
#include "hooks/call.h"
#include "hooks/reals.h"

/* clock_nanosleep's result; `rest` is written only if a handler of the program's ends the sleep. */
static COLD int slept(clockid_t clock, int flags, const struct timespec *wanted, struct timespec *rest,
                      const struct place *place)
{
    bool is_absolute = flags & TIMER_ABSTIME;
    struct timespec left;
    struct call call;
    int result;
    call_begin(&call, WAIT_SLEEP, 0, WAITS,
               is_absolute ? call_until_ns(clock, wanted) : call_timespec_ns(wanted), place);
    for (;;) {
        call_try();
        result = real_clock_nanosleep(clock, flags, wanted, &left);
        if (result != EINTR || !call_was_cut(&call))
            break;
        if (!is_absolute)
            wanted = &left;
    }
    if (result == EINTR && rest && !is_absolute)
        *rest = left;
    call_end(&call, SYS_clock_nanosleep, -(int64_t)result);
    return result;
}

static COLD int slept_by_clock(clockid_t clock, int flags, const struct timespec *wanted,
                               struct timespec *rest)
{
    return slept(clock, flags, wanted, rest, PLACE_HERE);
}

EXPORT int clock_nanosleep(clockid_t clock, int flags, const struct timespec *wanted, struct timespec *rest)
{
    return LIKELY(!hooks_are_active()) ? real_clock_nanosleep(clock, flags, wanted, rest)
                                       : slept_by_clock(clock, flags, wanted, rest);
}

static int slept_with_errno(const struct timespec *wanted, struct timespec *rest, const struct place *place)
{
    int result = slept(CLOCK_REALTIME, 0, wanted, rest, place);
    if (!result)
        return 0;
    errno = result;
    return -1;
}

static COLD int slept_ns(const struct timespec *wanted, struct timespec *rest)
{
    return slept_with_errno(wanted, rest, PLACE_HERE);
}

EXPORT int nanosleep(const struct timespec *wanted, struct timespec *rest)
{
    return LIKELY(!hooks_are_active()) ? real_nanosleep(wanted, rest) : slept_ns(wanted, rest);
}

static COLD int slept_us(useconds_t wanted_us)
{
    struct timespec wanted = {.tv_sec = wanted_us / 1000000, .tv_nsec = (long)(wanted_us % 1000000) * 1000};
    return slept_with_errno(&wanted, NULL, PLACE_HERE);
}

EXPORT int usleep(useconds_t wanted_us)
{
    return LIKELY(!hooks_are_active()) ? real_usleep(wanted_us) : slept_us(wanted_us);
}

static COLD unsigned slept_s(unsigned wanted_s)
{
    struct timespec wanted = {.tv_sec = wanted_s}, rest;
    return slept_with_errno(&wanted, &rest, PLACE_HERE) ? (unsigned)rest.tv_sec : 0;
}

EXPORT unsigned sleep(unsigned wanted_s)
{
    return LIKELY(!hooks_are_active()) ? real_sleep(wanted_s) : slept_s(wanted_s);
}

/* C11's: 0, -1 after a signal, below that for other failures. */
static COLD int slept_c11(const struct timespec *wanted, struct timespec *rest)
{
    int result = slept(CLOCK_REALTIME, 0, wanted, rest, PLACE_HERE);
    return result == 0 ? 0 : result == EINTR ? -1 : -2;
}

EXPORT int thrd_sleep(const struct timespec *wanted, struct timespec *rest)
{
    return LIKELY(!hooks_are_active()) ? real_thrd_sleep(wanted, rest) : slept_c11(wanted, rest);
}
