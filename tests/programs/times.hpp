/* The time, and pauses, of programs in C++ that measure themselves. */
#ifndef PREFLAME_TESTS_PROGRAMS_TIMES_HPP
#define PREFLAME_TESTS_PROGRAMS_TIMES_HPP

#include <ctime>

inline long now_ns()
{
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000L + now.tv_nsec;
}

inline void pause_us(long us)
{
    const timespec pause = {0, us * 1000};
    clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, nullptr);
}

#endif
