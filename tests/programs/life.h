/* What the files of `life` share. */
#ifndef PREFLAME_TESTS_LIFE_H
#define PREFLAME_TESTS_LIFE_H

#include <stdint.h>
#include <sys/types.h>

/* Burn CPU time of the calling thread, under names of their own. */
__attribute__((noinline)) void burn_parent(int64_t cpu_ns);
__attribute__((noinline)) void burn_child(int64_t cpu_ns);
/* Prints a line at once. */
void say(const char *text);
/* Waits for a child: its exit status, or 128 and the signal's number. */
int wait_for(pid_t pid);
/* Closes all descriptors from 3 on, in each way there is. */
void close_everything(void);

/* One a way; the status is the program's. */
int way_fork(int64_t cpu_ns, char **argv);
int way_raw_fork(int64_t cpu_ns, char **argv);
int way_light_fork(int64_t cpu_ns, char **argv);
int way_fork_accepts(int64_t cpu_ns, char **argv);
int way_light_fork_accepts(int64_t cpu_ns, char **argv);
int way_light_fork_reads(int64_t cpu_ns, char **argv);
int way_clone(int64_t cpu_ns, char **argv);
int way_daemon(int64_t cpu_ns, char **argv);
int way_fork_dlopen(int64_t cpu_ns, char **argv);
int way_fork_dlmopen(int64_t cpu_ns, char **argv);
int way_spawn(int64_t cpu_ns, char **argv);
int way_exec(int64_t cpu_ns, char **argv);
int way_exec_child(int64_t cpu_ns, char **argv);
int way_exec_fails(int64_t cpu_ns, char **argv);
int way_return(int64_t cpu_ns, char **argv);
int way_exit(int64_t cpu_ns, char **argv);
int way_exit_at_once(int64_t cpu_ns, char **argv);
int way_exit_at_once_c99(int64_t cpu_ns, char **argv);
int way_quick_exit(int64_t cpu_ns, char **argv);
int way_signal(int64_t cpu_ns, char **argv);
int way_abort(int64_t cpu_ns, char **argv);
int way_abort_caught(int64_t cpu_ns, char **argv);
int way_main_cancelled(int64_t cpu_ns, char **argv);
int way_raw_exit(int64_t cpu_ns, char **argv);
int way_raw_exit_of_all(int64_t cpu_ns, char **argv);
int way_main_exits_thread(int64_t cpu_ns, char **argv);

#endif
