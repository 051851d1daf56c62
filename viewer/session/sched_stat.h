/* How long each thread ran and stood ready, as /proc/PID/task/TID/schedstat counts. Private to
 * viewer/session.
 */
#ifndef PREFLAME_VIEWER_SESSION_SCHED_STAT_H
#define PREFLAME_VIEWER_SESSION_SCHED_STAT_H

#include "base/map.h"
#include "viewer/session/sched_stream.h"

#include <stdbool.h>
#include <stddef.h>

struct sched_stat_thread;

struct sched_stat {
    pid_t pid;
    struct map rows;                   /* tid -> row */
    struct sched_stat_thread *threads; /* owned */
    size_t count, room;
    bool is_begun;
};

/* With `is_new` everything that the process has done counts, otherwise what it does from the first reading.
 */
void sched_stat_init(struct sched_stat *stat, pid_t pid, bool is_new);
void sched_stat_clear(struct sched_stat *stat);
/* Reads all threads' counts; one event for each that has changed. */
void sched_stat_read(struct sched_stat *stat, struct sched_stream *to);

#endif
