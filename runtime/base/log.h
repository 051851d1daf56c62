/* What preflame says on the program's standard error: whole lines, each beginning `preflame: `. */
#ifndef PREFLAME_BASE_LOG_H
#define PREFLAME_BASE_LOG_H

#include "base/compiler.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Remembers what descriptor 2 is now: if the program puts something else there later, nothing is written.
 * Boot-only. */
void log_init(enum log_level level);
/* Writes one line (a newline is added) by a single write(2), cut at 1 KiB. Keeps errno. Any thread, no
 * allocation. */
void log_line(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

/* The calling thread has a descriptor table of its own (private_files.h): its lines reach the program's
 * standard error another way, or are kept for log_deliver. */
void log_apart(void);

/* Says what threads with a descriptor table of their own (private_files.h) could not: call it after having
 * waited for one, in a thread that shares the program's table. Keeps errno. Signal-safe. */
void log_deliver(void);

typedef void (*log_fn)(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
