/* The traces that the program itself asks for, through include/preflame/preflame.h. */
#ifndef PREFLAME_BOOT_PROGRAM_TRACE_H
#define PREFLAME_BOOT_PROGRAM_TRACE_H

#include "boot/door.h"

/* Boot-only. */
void program_trace_init(const struct engine_host *host);

/* The engine's half of the functions of these names there; each returns what the header says. Any thread of
 * the program, with its guard up; not in handlers. */
int program_trace_start(const char *path);
int program_trace_stop(void);
int program_trace_dump(void);

/* A forked child has started none. */
void program_trace_after_fork_child(void);

#endif
