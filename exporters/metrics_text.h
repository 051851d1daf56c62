/* Prometheus' text format, 0.0.4: numbers of this process for whoever scrapes it. */
#ifndef PREFLAME_EXPORTERS_METRICS_TEXT_H
#define PREFLAME_EXPORTERS_METRICS_TEXT_H

#include "base/bytes.h"

#include <stdint.h>

/* Begins a family: `type` is "counter" (then `name` ends in _total) or "gauge"; `help` is one line. */
void metrics_begin(struct bytes *out, const char *name, const char *type, const char *help);
/* One sample of it, with a label unless `key` is NULL. */
void metrics_number(struct bytes *out, const char *name, const char *key, const char *value, uint64_t number);
/* A sample in seconds, exactly, whatever the program's locale. */
void metrics_seconds(struct bytes *out, const char *name, int64_t ns);

#endif
