/* sleep and clock_nanosleep: they fail in ways of their own, so no row of the table fits. */
#include "base/clock.h"
#include "hooks/call.h"
#include "hooks/reals.h"

static COLD int recorded_clock_nanosleep(clockid_t clock, int flags, const struct timespec *wanted,
                                         struct timespec *rest)
{
    bool is_absolute = flags & TIMER_ABSTIME;
    struct call call;
    call_begin(&call, WAIT_SLEEP, 0, WAITS,
               is_absolute ? call_until_ns(clock, wanted) : call_timespec_ns(wanted), PLACE_HERE);
    int result;
    for (;;) {
        result = real_clock_nanosleep(clock, flags, wanted, rest);
        int error = errno;
        errno = result;
        bool is_ours = result == EINTR && call_was_ours(&call);
        errno = error;
        if (!is_ours)
            break;
        if (!is_absolute)
            call_left_timespec(&call, &wanted);
    }
    call_end(&call, SYS_clock_nanosleep, -(int64_t)result);
    return result;
}

EXPORT int clock_nanosleep(clockid_t clock, int flags, const struct timespec *wanted, struct timespec *rest)
{
    return LIKELY(!hooks_are_active()) ? real_clock_nanosleep(clock, flags, wanted, rest)
                                       : recorded_clock_nanosleep(clock, flags, wanted, rest);
}

/* sleep rounds what is left down to whole seconds: ask the clock instead when our signal cut it short. */
static COLD unsigned recorded_sleep(unsigned seconds)
{
    struct call call;
    call_begin(&call, WAIT_SLEEP, 0, WAITS, (int64_t)seconds * NS_PER_S, PLACE_HERE);
    unsigned left = real_sleep(seconds);
    int64_t end_ns = call.start_ns + call.timeout_ns;
    while (clock_mono_ns() < end_ns && thread_self.samples_taken != call.samples_taken &&
           thread_self.app_signals == call.app_signals) {
        call.samples_taken = thread_self.samples_taken;
        int64_t left_ns = end_ns - clock_mono_ns();
        if (left_ns <= 0)
            break;
        struct timespec rest = {.tv_sec = left_ns / NS_PER_S, .tv_nsec = left_ns % NS_PER_S};
        left = real_clock_nanosleep(CLOCK_MONOTONIC, 0, &rest, &rest) ? (unsigned)rest.tv_sec : 0;
    }
    call_end(&call, SYS_clock_nanosleep, left);
    return left;
}

EXPORT unsigned sleep(unsigned seconds)
{
    return LIKELY(!hooks_are_active()) ? real_sleep(seconds) : recorded_sleep(seconds);
}
