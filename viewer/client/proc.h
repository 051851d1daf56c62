/* What /proc says of one process. For the files of this folder only. */
#ifndef PREFLAME_VIEWER_PROC_H
#define PREFLAME_VIEWER_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The pid that a file in /proc is called by, or 0. */
pid_t proc_pid(const char *name);
/* Its name, and that of its executable ("" when it can't be seen). False when there is no such process. */
bool proc_names(pid_t pid, char *name, size_t name_size, char *program, size_t program_size);
/* Since it started; 0 when unknown. */
int64_t proc_uptime_s(pid_t pid);
/* A thread of that name, or 0. */
pid_t proc_thread_named(pid_t pid, const char *name);
/* What `thread` of `pid` listens on: the path by which we reach its Unix socket, and its TCP address. Each is
 * "" when there is none, or it can't be seen. */
void proc_listeners(pid_t pid, pid_t thread, char *path, size_t path_size, char *http, size_t http_size);
/* Has it mapped a file whose path ends so? 0, -ENOENT, or -EACCES when that can't be seen. */
int proc_has_mapped(pid_t pid, const char *ending);

#endif
