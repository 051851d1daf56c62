/* The keeper: the one internal thread that drains the rings on time and keeps the module list and timers
 * current. */
#ifndef PREFLAME_PIPELINE_KEEPER_H
#define PREFLAME_PIPELINE_KEEPER_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

#define KEEPER_PERIOD_NS INT64_C(100000000)

/* What the keeper does; each called in its thread, with no lock held. */
struct keeper_work {
    void (*begin)(void);           /* first of all */
    void (*tick)(uint64_t number); /* every KEEPER_PERIOD_NS while it is busy */
    void (*task)(void);            /* once for every keeper_run */
};

/* Names the work; no thread starts before there is some. Boot-only. */
void keeper_init(const struct keeper_work *work);
/* Ticks while busy, sleeps without a timeout otherwise; the first time the thread is started: 0, or negative
 * errno when it is refused. Serialize calls. */
int keeper_set_busy(bool is_busy);
/* Has the task run and waits for it, at most until it makes no progress (keeper_progress) for `stall_ns`, or
 * `total_ns` passed. False when it gave up, or when there is no keeper. Signal-safe: futex and clock only. */
bool keeper_run(int64_t stall_ns, int64_t total_ns);
/* The task lives. With `is_patient`, it waits for something that has a deadline of its own: no stall until
 * the next call. */
void keeper_progress(bool is_patient);
/* Ends and joins the thread, waiting a second at most. */
void keeper_stop(void);
/* Is the caller the keeper? */
bool keeper_is_self(void);
/* In a forked child: there is no keeper. Signal-safe. */
void keeper_after_fork_child(void);

#endif
