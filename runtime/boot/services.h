/* The HTTP endpoints of this process, in a thread of their own. */
#ifndef PREFLAME_BOOT_SERVICES_H
#define PREFLAME_BOOT_SERVICES_H

#include "boot/door.h"
#include "exporters/helper.h"

/* Boot-only. */
void services_init(const struct engine_host *host);
/* Opens the socket (and, unless `is_child`, the TCP port) that the options ask for, and serves. What can't be
 * opened is one line; the process goes on. */
void services_start(bool is_child);
/* What would be seen across an exec ends. Any thread but handlers. */
void services_before_exec(void);
/* Ends the thread, waiting a second at most, and removes the socket. */
void services_stop(void);
/* In a forked child: drops the parent's server. Signal-safe. */
void services_after_fork_child(void);
/* Removes the socket file of this process. Signal-safe. */
void services_unlink(void);

/* The command that adds names to a raw profile, or NULL when it isn't installed beside us. */
const struct helper_command *services_symbolizer(void);

#endif
