/* What preflame may cost this process, kept: the CPU share by sampling less often, memory by smaller tables.
 */
#ifndef PREFLAME_BOOT_LIMITS_H
#define PREFLAME_BOOT_LIMITS_H

#include "boot/door.h"
#include "pipeline/snapshot.h"
#include "pipeline/totals.h"

/* Boot-only, and again in a forked child. */
void limits_init(const struct engine_host *host);
/* Sets the rows that `totals` may have. */
void limits_bound(struct totals *totals);
/* The rate that may be used when `hz` is asked for. Any thread. */
int limits_hz(int hz);
/* Looks what was spent since the last time, in which `hz` was asked for; some 100 us. Whether limits_hz has
 * changed. One caller at a time, with the pipeline's lock. */
bool limits_look(const struct totals *totals, int hz);
/* Forgets what was spent until now: sampling begins. As limits_look. */
void limits_begin(const struct totals *totals);
/* Says in the profile that sampling was thinned out, if `lowest_hz` is less than was asked for. */
void limits_note(struct snapshot *snapshot, int asked_hz, int lowest_hz);
/* Lines for /debug/preflame/self, and for /metrics. As limits_look. */
void limits_self(const struct totals *totals, struct bytes *out);
void limits_metrics(const struct totals *totals, struct bytes *out);

#endif
