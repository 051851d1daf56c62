/* The instrumented processes of this machine, as far as this user may look. */
#ifndef PREFLAME_VIEWER_PROCESSES_H
#define PREFLAME_VIEWER_PROCESSES_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROCESS_SOCKET_BYTES 160 /* the path may lie below /proc/PID/root */

struct process {
    pid_t pid;
    char name[64];                          /* as ps shows it */
    char program[64];                       /* the executable's name without its folder; "" when unknown */
    char socket_path[PROCESS_SOCKET_BYTES]; /* of its Unix socket; "" = none */
    char http[64];                          /* "127.0.0.1:6060", "[::1]:6060"; "" = none */
    int64_t uptime_s;
};

struct processes {
    struct process *data; /* owned; by pid */
    size_t count;
};

/* Finds all that run under the preload. 0, -ENOMEM, or the error of reading /proc. */
int processes_find(struct processes *ret) MUST_USE;
void processes_clear(struct processes *p);
/* One process, by pid: 0; -ESRCH when there is none; -ENOENT when it isn't instrumented; -EACCES when that
 * can't be seen. */
int process_look(pid_t pid, struct process *ret) MUST_USE;
/* Does it go by that name: ps' or its executable's? */
bool process_is_called(const struct process *process, const char *name);
/* Does any process of this machine, instrumented or not, go by that name? */
bool process_exists(const char *name);

#endif
