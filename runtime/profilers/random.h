/* Random numbers for sampling: one state a thread, in thread_self. */
#ifndef PREFLAME_PROFILERS_RANDOM_H
#define PREFLAME_PROFILERS_RANDOM_H

#include "base/clock.h"
#include "capture/thread.h"

/* xorshift64 (Marsaglia 2003): never 0. Begun by the clock and the thread's place in memory unless
 * thread_self.random was set. Signal-safe. */
static inline uint64_t random_next(void)
{
    uint64_t state = thread_self.random;
    if (!state)
        state = (uint64_t)clock_mono_ns() * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)(uintptr_t)&thread_self;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    thread_self.random = state;
    return state;
}

/* One of 0 … limit - 1, each as likely: the random bits as a fraction of it, without a division. Signal-safe.
 */
static inline uint64_t random_below(uint64_t limit)
{
    __extension__ unsigned __int128 product = (unsigned __int128)random_next() * limit;
    return (uint64_t)(product >> 64);
}

#endif
