/* What sleep_known's parts share: waits that measure themselves, summed by reason. */
#ifndef PREFLAME_TESTS_KNOWN_WAIT_H
#define PREFLAME_TESTS_KNOWN_WAIT_H

#include "base/clock.h"
#include "base/wait.h"

#include <pthread.h>
#include <stdint.h>

/* How long each single wait is meant to last. */
#define KNOWN_WAIT_MS 60

/* Adds a wait that lasted from `start_ns` (CLOCK_MONOTONIC) until now. Any thread. */
void known_wait_add(enum wait_reason reason, int64_t start_ns);
/* Prints all sums as one JSON object: reason → {"ns", "count"}. */
void known_wait_print(void);

/* Sleeps KNOWN_WAIT_MS by a plain system call: a wait of the other side that no hook may count. */
void known_pause(void);
/* Runs `release(arg)` in another thread after a known_pause; known_later_end waits for it without a hooked
 * call. */
struct known_later {
    pthread_t thread;
    void (*release)(void *);
    void *arg;
    int is_done; /* atomic */
};
void known_later_start(struct known_later *later, void (*release)(void *), void *arg);
void known_later_end(struct known_later *later);

/* Does one wait of every kind, each summed under its reason. */
void known_waits_of_time(void);
void known_waits_of_threads(void);
void known_waits_of_descriptors(void);
void known_waits_of_processes(void);

#define KNOWN_MEASURE(reason, expression)                                                                    \
    do {                                                                                                     \
        int64_t measure_start_ns = clock_mono_ns();                                                          \
        (void)(expression);                                                                                  \
        known_wait_add(reason, measure_start_ns);                                                            \
    } while (0)

#endif
