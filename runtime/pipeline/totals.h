/* Samples added up by stack and thread. Not thread-safe: the pipeline's lock protects it. */
#ifndef PREFLAME_PIPELINE_TOTALS_H
#define PREFLAME_PIPELINE_TOTALS_H

#include "base/compiler.h"
#include "base/map.h"
#include "base/record.h"

#include <stddef.h>
#include <stdint.h>

#define TOTALS_ROW_BYTES 256  /* of a row, its key and its place in the map, at most */
#define TOTALS_MAX (1u << 19) /* rows; further stacks are counted as lost */

struct total {
    uint32_t stack;
    int32_t tid;
    uint32_t labels;
    uint64_t count; /* samples, overruns included */
    int64_t value;  /* ns */
    char name[16];  /* the thread's, as it was last seen */
};

struct totals {
    struct map ids; /* (stack, tid, labels) → row */
    struct total *rows;
    size_t count, room;
    uint64_t lost;    /* samples that found no row */
    size_t row_limit; /* at most TOTALS_MAX; 0 = that. Set after totals_init */
};

void totals_init(struct totals *totals);
/* Forgets all rows; the limit stays. */
void totals_clear(struct totals *totals);
/* What the rows and the map to them take, about. */
size_t totals_bytes(const struct totals *totals);
/* Adds a record of the thread called `name`. Never fails visibly: what doesn't fit is counted. */
void totals_add(struct totals *totals, const struct record *record, const char *name);

#endif
