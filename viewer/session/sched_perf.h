/* The kernel's own records of who runs: perf's switch records, one buffer a CPU. Private to viewer/session.
 */
#ifndef PREFLAME_VIEWER_SESSION_SCHED_PERF_H
#define PREFLAME_VIEWER_SESSION_SCHED_PERF_H

#include "base/compiler.h"
#include "viewer/session/sched_stream.h"

#include <stddef.h>

#define SCHED_MAX_CPUS 256

struct sched_perf {
    int *fds; /* owned; one a thread and CPU, the buffers' first */
    size_t fd_count;
    void *rings[SCHED_MAX_CPUS]; /* owned; NULL: that CPU isn't there */
    int cpu_count;
    size_t ring_bytes; /* without the page before it */
};

/* Opens the records of every thread of a process, and of all that they will start. 0, or negative errno:
 * -EACCES or -EPERM where it is forbidden, -EMFILE for too many threads; nothing stays open then. */
int sched_perf_open(struct sched_perf *perf, pid_t pid) MUST_USE;
void sched_perf_close(struct sched_perf *perf);
/* Moves what has come on a CPU into its stream. */
void sched_perf_drain(struct sched_perf *perf, int cpu, struct sched_stream *to);

#endif
