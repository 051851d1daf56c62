/* The sleeps: each fails in a way of its own. */
#include "base/clock.h"
#include "hooks/call.h"
#include "hooks/reals.h"

#include <linux/futex.h>

/* A trace that is asked for comes within so long; LTTng looks for its daemon so often meanwhile. */
#define ASKED_RECENTLY_S 15
#define LISTENER_PAUSE_NS 20000000

/* A relative sleep goes on to a point of time: what the kernel says is left grows by the timer's slack with
 * every interruption. Relative to CLOCK_REALTIME means that setting it changes nothing. */
static clockid_t clock_of_end(clockid_t clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_TAI ? CLOCK_MONOTONIC : clock;
}

static struct timespec timespec_of(int64_t ns)
{
    return (struct timespec){.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};
}

/* Sleeps on until `end_ns`; EINTR, with the rest, only from a handler of the program's. */
static int sleep_on(const struct call *call, clockid_t clock, int64_t end_ns, struct timespec *rest)
{
    const struct timespec end = timespec_of(end_ns);
    int result;
    do {
        result = real_clock_nanosleep(clock, TIMER_ABSTIME, &end, NULL);
    } while (result == EINTR && call_was_cut(call));
    int64_t left_ns = end_ns - clock_ns(clock);
    if (result != EINTR || left_ns <= 0)
        return 0;
    if (rest)
        *rest = timespec_of(left_ns);
    return EINTR;
}

/* clock_nanosleep's result. */
static COLD int slept(clockid_t clock, int flags, const struct timespec *wanted, struct timespec *rest,
                      const struct place *place)
{
    bool is_absolute = flags & TIMER_ABSTIME;
    int64_t wanted_ns = is_absolute ? call_until_ns(clock, wanted) : call_timespec_ns(wanted);
    clockid_t end_clock = clock_of_end(clock);
    struct timespec left;
    struct call call;
    call_begin(&call, WAIT_SLEEP, 0, WAITS, wanted_ns, place);
    int64_t end_ns = end_clock == CLOCK_MONOTONIC || is_absolute ? call.start_ns : clock_ns(end_clock);
    end_ns = wanted_ns > INT64_MAX - end_ns ? INT64_MAX : end_ns + wanted_ns;
    int result;
    bool was_cut;
    do {
        result = real_clock_nanosleep(clock, flags, wanted, &left);
        was_cut = result == EINTR && call_was_cut(&call);
    } while (was_cut && is_absolute);
    if (was_cut)
        result = sleep_on(&call, end_clock, end_ns, rest);
    else if (result == EINTR && rest && !is_absolute)
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

static bool was_asked_recently(uint32_t asked_s)
{
    return asked_s && clock_mono_ns() / NS_PER_S - asked_s <= ASKED_RECENTLY_S;
}

/* LTTng's listener, whose session daemon has gone for the second time, lets five seconds pass before it looks
 * for another one: too long for who asks for a trace now. Not a cancellation point: nobody joins it. */
static unsigned listener_slept(unsigned wanted_s)
{
    int64_t end_ns = clock_mono_ns() + wanted_s * NS_PER_S;
    for (;;) {
        uint32_t asked_s = atomic_load_explicit(&capture.trace_asked_s, memory_order_relaxed);
        bool is_hurried = was_asked_recently(asked_s);
        int64_t left_ns = is_hurried ? LISTENER_PAUSE_NS : end_ns - clock_mono_ns();
        if (left_ns <= 0)
            return 0;
        const struct timespec left = timespec_of(left_ns);
        if (is_hurried) {
            real_nanosleep(&left, NULL);
            return 0;
        }
        real_syscall(SYS_futex, &capture.trace_asked_s, FUTEX_WAIT_PRIVATE, asked_s, &left, NULL, 0);
    }
}

static COLD unsigned slept_s(unsigned wanted_s)
{
    if (thread_self.is_internal && atomic_load_explicit(&capture.sink, memory_order_relaxed))
        return listener_slept(wanted_s);
    struct timespec wanted = {.tv_sec = wanted_s}, rest = {.tv_sec = 0};
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
