/* The three clocks of the project, in nanoseconds. All trace times are CLOCK_MONOTONIC, as LTTng-UST's are.
 */
#ifndef PREFLAME_BASE_CLOCK_H
#define PREFLAME_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds in a second, signed, as timespec arithmetic wants it. */
#define NS_PER_S INT64_C(1000000000)

/* Time of `clock` in ns. clock_gettime is async-signal-safe (POSIX.1-2008). Signal-safe. Any thread. */
static inline int64_t clock_ns(clockid_t clock)
{
    struct timespec now = {0, 0};
    clock_gettime(clock, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* CLOCK_MONOTONIC in ns. Signal-safe. Any thread. */
static inline int64_t clock_mono_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

/* CLOCK_REALTIME in ns since the epoch. Signal-safe. Any thread. */
static inline int64_t clock_real_ns(void)
{
    return clock_ns(CLOCK_REALTIME);
}

/* The CPU clock of the thread `tid`, of any process' (linux/posix-timers.h: the id inverted, per-thread bit,
 * scheduled time). Signal-safe. Any thread. */
static inline clockid_t clock_of_thread(int32_t tid)
{
    return (clockid_t)(((~(unsigned)tid) << 3) | 6);
}

#endif
