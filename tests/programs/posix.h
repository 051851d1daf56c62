/* What the posix_* programs share: clauses of the standard, each of which holds or not. */
#ifndef PREFLAME_TESTS_POSIX_H
#define PREFLAME_TESTS_POSIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* An interface, and the function that tries its clauses. */
struct interface {
    const char *name;
    void (*try_clauses)(void);
};

/* Tries all; returns main's status: 0 when every clause held. Ends the program after 60 s. */
int posix_main(const struct interface *rows, size_t count);
/* Reports one clause of the interface under trial: "ok NAME: TEXT" or "FAIL NAME: TEXT". Main thread, or a
 * child that it forked. */
void clause(const char *text, bool holds);

/* The time of a clock, `ms` from now. */
struct timespec after_ms(clockid_t clock, int64_t ms);
/* True when `ms` have passed on the monotonic clock since `start`, and less than 20 s. */
bool has_passed(struct timespec start, int64_t ms);
/* Waits for a child: its exit status, or 1000 and the signal that ended it. */
int status_of(pid_t pid);
/* Off the CPU for a millisecond. */
void nap(void);

#endif
