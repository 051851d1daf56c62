/* The trace provider: loaded only when asked for, never unloaded. */
#ifndef PREFLAME_BOOT_TRACE_H
#define PREFLAME_BOOT_TRACE_H

#include "boot/door.h"

/* Boot-only. */
void trace_init(const struct engine_host *host);
/* Loads the provider if it isn't, and has hooks report to it. 0, or negative errno after one line. */
int trace_load(void) MUST_USE;
/* The same from a thread of preflame's, which has no descriptor that the program's threads could use: a
 * thread of the program's starts another that loads it, the next time that one waits for something. 0 when it
 * is loaded, -EINPROGRESS: ask again, -ENOENT: it can't be loaded, which the log told, -ENOTSUP: never in
 * this process. */
int trace_ask(void) MUST_USE;
/* In a thread of the program's, outside signal handlers: does what was asked for. */
void trace_settle(void);
/* The keeper's part: starts and stops sampling with the sessions, sends what changed. */
void trace_tick(bool modules_changed);
void trace_before_fork(void);
void trace_after_fork_parent(void);
void trace_after_fork_child(void);
/* In a child whose provider was not told of the fork: no traces there. Signal-safe. */
void trace_forget(void);

#endif
