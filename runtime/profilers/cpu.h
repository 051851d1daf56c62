/* The CPU profiler's policy: a timer per thread on the thread's own CPU clock. */
#ifndef PREFLAME_PROFILERS_CPU_H
#define PREFLAME_PROFILERS_CPU_H

#include "base/compiler.h"
#include "capture/state.h"

#define CPU_HZ_MAX 10000

/* Samples at `hz` per CPU-second of each thread from now on, in threads that live and in those to come. With
 * `is_recorded`, samples go to the rings too, not only to the trace. Starting again only changes the
 * settings. 0, or -ENOTSUP when not one thread has a timer. Any thread that isn't in a handler; one caller
 * at a time. */
int cpu_start(int hz, bool is_recorded) MUST_USE;
/* No more samples: deletes all timers. Signals on their way are counted as late. Threads as for
 * cpu_start. */
void cpu_stop(void);
/* Looks for threads whose start nobody saw (/proc/self/task) and arms them, and forgets those that are gone.
 * Threads as for cpu_start. */
void cpu_arm_strangers(void);
/* Arms, or disarms, the calling thread, if sampling runs. Signal-safe. */
void cpu_arm_self(struct thread_slot *slot);
void cpu_disarm_self(struct thread_slot *slot);
/* Records the ticks that are due to the calling thread, which is about to end, but that no signal brought:
 * CPU timers are looked at by the kernel's own ticks (4 ms), so a short life would pass unseen. */
void cpu_settle_self(struct thread_slot *slot);
/* Stops (true) and restarts (false) the calling thread's ticks, around calls that signals must not meet.
 * Whether there was anything to do. Signal-safe. */
bool cpu_quiet_self(bool is_quiet);
/* In a forked child, where no timer exists any more. Signal-safe. */
void cpu_forget_timers(void);

#endif
