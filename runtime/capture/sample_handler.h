/* The handler of our signal: one CPU sample a call. */
#ifndef PREFLAME_CAPTURE_SAMPLE_HANDLER_H
#define PREFLAME_CAPTURE_SAMPLE_HANDLER_H

#include <signal.h>

/* A standard signal (they don't queue without bound) that Linux on x86 raises for nothing and that programs
 * and other profilers leave alone. */
#define SAMPLE_SIGNAL SIGSTKFLT

/* What to do with a signal of our number that isn't ours: the program's own handler, kept by hooks/. */
typedef void (*sample_foreign_fn)(int signal, siginfo_t *info, void *context);
extern sample_foreign_fn sample_foreign;

/* To be installed with SA_SIGINFO | SA_RESTART and every signal masked; keeps errno. Signal-safe. */
void sample_handler(int signal, siginfo_t *info, void *context);

#endif
