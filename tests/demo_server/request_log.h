/* One line a request on stdout, under one lock. */
#ifndef PREFLAME_DEMO_REQUEST_LOG_H
#define PREFLAME_DEMO_REQUEST_LOG_H

#include <stddef.h>
#include <stdint.h>

/* Prints time, method, path, status, size in bytes and duration in ns. Takes the log's lock. Any thread. */
void request_log_print(const char *method, const char *path, unsigned status, size_t size_bytes,
                       int64_t duration_ns);

#endif
