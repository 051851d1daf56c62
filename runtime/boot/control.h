/* Who profiles the CPU, and when: one at a time, as in Go; a trace may sample beside. */
#ifndef PREFLAME_BOOT_CONTROL_H
#define PREFLAME_BOOT_CONTROL_H

#include "boot/door.h"
#include "exporters/kinds.h"

#include <stdbool.h>
#include <stdint.h>

/* Boot-only. */
void control_init(const struct engine_host *host);

/* Begins a CPU profile at hz (0 = the option's). 0, -EBUSY when one runs, or negative errno. Any thread but
 * handlers. */
int control_cpu_begin(int hz) MUST_USE;
/* The profile so far as `kind` (CPU or wall), raw (addresses and mappings). With `ends`, sampling stops. 0 or
 * negative errno; -ENOENT when none runs. */
int control_cpu_take(bool ends, const struct profile_kind *kind, struct profile **ret) MUST_USE;
/* Samples in the profile so far. */
uint64_t control_cpu_samples(void);

/* A trace wants samples, or no longer. */
void control_trace_sampling(bool is_wanted);

/* Somebody needs the keeper's ticks beside profiles and traces. */
void control_keep_ticking(bool is_wanted);

/* Sets the keeper to work if there is any: after a trace provider was loaded, and in a forked child. */
void control_resume(void);

/* The keeper's tick: drains, keeps modules and timers current. Returns whether the module list changed. */
bool control_tick(uint64_t number);

/* Forgets the parent's profile. In a forked child, with every lock made anew. */
void control_after_fork_child(void);

/* Lines of counters for /debug/preflame/self, and the same for /metrics. */
void control_self(struct bytes *out);
void control_metrics(struct bytes *out);

#endif
