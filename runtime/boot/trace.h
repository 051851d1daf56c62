/* The trace provider: loaded only when asked for, never unloaded. */
#ifndef PREFLAME_BOOT_TRACE_H
#define PREFLAME_BOOT_TRACE_H

#include "boot/door.h"

/* Boot-only. */
void trace_init(const struct engine_host *host);
/* Loads the provider if it isn't, and has hooks report to it. 0, or negative errno after one line. */
int trace_load(void) MUST_USE;
/* The keeper's part: starts and stops sampling with the sessions, sends what changed. */
void trace_tick(bool modules_changed);
void trace_before_fork(void);
void trace_after_fork_parent(void);
void trace_after_fork_child(void);
/* In a child whose provider was not told of the fork: no traces there. Signal-safe. */
void trace_forget(void);

#endif
