/* The handler of our signal: one CPU sample a call. */
#ifndef PREFLAME_CAPTURE_SAMPLE_HANDLER_H
#define PREFLAME_CAPTURE_SAMPLE_HANDLER_H

#include <signal.h>

/* glibc's SIGSETXID, which no program can name: glibc takes it out of every set, refuses to send or handle
 * it, and itself sends it only while a process of several threads changes its user. A timer queues one at
 * most. */
#define SAMPLE_SIGNAL 33

/* What to do with a signal of our number that isn't ours: glibc's handler, kept by hooks/. */
typedef void (*sample_foreign_fn)(int signal, siginfo_t *info, void *context);
extern sample_foreign_fn sample_foreign;

/* To be installed with SA_SIGINFO | SA_RESTART and every signal masked; keeps errno; see interruption.h for
 * what it leaves behind. Signal-safe. */
void sample_handler(int signal, siginfo_t *info, void *context);

#endif
