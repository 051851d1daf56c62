/* Forks. */
#ifndef PREFLAME_HOOKS_FORKS_H
#define PREFLAME_HOOKS_FORKS_H

#include <stdbool.h>

/* Has hooks_host told of every fork from now on. Boot only, with the guard up. */
void forks_watch(void);

/* A copy of the process that was made behind our back begins a life of its own here, lightly. One load
 * when this is no such copy. Signal-safe. */
void forks_meet_copy(void);

/* The process ends now, unless it is another that runs here. */
void forks_finish(void);

/* Makes a copy of the process by the given system call, whose child goes on on its parent's stack. The result
 * as libc's syscall() has it. */
long forks_copy_raw(long number, const long *arguments);

/* This thread is about to make a child that shares its memory. `kin`: enum kin. Signal-safe. */
void forks_expect_kin(int kin);

/* Does a signal handler run in this thread? Walks the stack: some microseconds. Hook-safe. */
bool forks_are_in_handler(void);

#endif
