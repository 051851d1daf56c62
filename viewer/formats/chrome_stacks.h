/* The dictionary `stackFrames` of Chrome's format: each frame knows its caller. Private to that format. */
#ifndef PREFLAME_VIEWER_CHROME_STACKS_H
#define PREFLAME_VIEWER_CHROME_STACKS_H

#include "base/bytes.h"
#include "base/map.h"
#include "viewer/model/report.h"

#include <stdint.h>

struct chrome_stacks {
    struct bytes out;  /* rows of the dictionary, separated by commas */
    struct map stacks; /* (process, stack) -> frame of the leaf */
    struct map frames; /* (caller, name) -> frame */
    uint32_t count;
    int error; /* 0 or the first failure */
};

void chrome_stacks_init(struct chrome_stacks *stacks);
void chrome_stacks_clear(struct chrome_stacks *stacks);
/* The number of the leaf's frame of a stack of the trace, from 1; 0 after a failure. */
uint32_t chrome_stacks_id(struct chrome_stacks *stacks, const struct report *report, uint32_t process,
                          uint32_t stack);

#endif
