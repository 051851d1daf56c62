/* Rolling profiles of this process: a `preflame collect` beside it, as PREFLAME_INTERVAL and PREFLAME_PUSH
 * ask. */
#ifndef PREFLAME_BOOT_COLLECTOR_H
#define PREFLAME_BOOT_COLLECTOR_H

#include "boot/door.h"
#include "exporters/http/server.h"

/* `command_path` is the `preflame` command and `env` the environment of helpers, both borrowed; a NULL is one
 * line, if anything is asked for. Boot-only. */
void collector_init(const struct engine_host *host, const char *command_path, const char *const *env);
/* What the server shall start beside it; NULL: nothing. */
const struct http_companion *collector_companion(void);
/* Where the process answers: its socket ("" = none), or else a port of `host_name`, 0 = none either. In the
 * serving thread, before the companion begins. */
void collector_place(const char *socket_path, const char *host_name, uint16_t port);
/* In a forked child: its files are its own. Signal-safe. */
void collector_after_fork_child(void);

#endif
