/* What preflame may cost: from readings of what it did cost, how often to sample. Pure. */
#ifndef PREFLAME_PIPELINE_BUDGET_H
#define PREFLAME_PIPELINE_BUDGET_H

#include "pipeline/costs.h"

#include <stdbool.h>
#include <stdint.h>

#define BUDGET_HZ_LEAST 10      /* below, a profile says nothing: a budget that asks for less is overrun */
#define BUDGET_HZ_ANY INT32_MAX /* no limit */
#define BUDGET_PPM 1000000      /* a share of 1 */

/* CPU time is shared out against what the program uses, but never against less than this part of one CPU: to
 * an idle program nothing is too little. */
#define BUDGET_IDLE_PART 10

struct budget {
    int32_t cpu_ppm;   /* of the program's CPU time, in millionths; 0 = no cap */
    struct costs last; /* the readings when it was looked at last */
    int32_t hz_limit;  /* samples per CPU-second of a thread that fit, or BUDGET_HZ_ANY */
    int32_t share_ppm; /* what preflame cost between the last two looks */
};

/* Starts with the readings of now. */
void budget_init(struct budget *budget, int32_t cpu_ppm, const struct costs *now);
/* Judges the time since the last look, in which `hz` was asked for. Whether hz_limit has changed: it does by
 * a good part or not at all, so that timers aren't set all the time. */
bool budget_look(struct budget *budget, const struct costs *now, int32_t hz);

#endif
