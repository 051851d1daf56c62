/* Address ranges that may overlap, made into ranges that do not: what every lookup by address here is built
 * on. */
#ifndef PREFLAME_EXPORTERS_SPANS_H
#define PREFLAME_EXPORTERS_SPANS_H

#include "base/compiler.h"

#include <stddef.h>
#include <stdint.h>

struct span {
    uint64_t start, end; /* [start, end) */
    uint32_t id;         /* the caller's */
    uint32_t rank; /* among spans with the same start the lowest rank wins; free for the caller afterwards */
};

struct spans {
    struct span *data; /* owned */
    size_t count, room;
};

/* Appends one span; an empty one is left out. 0 or -ENOMEM. */
int spans_add(struct spans *spans, struct span span) MUST_USE;
/* Sorts and cuts, so that no two overlap: the span that starts last covers an address, and where it ends the
 * one around it goes on. 0 or -ENOMEM (the spans are then sorted but useless). */
int spans_flatten(struct spans *spans) MUST_USE;
/* After spans_flatten: the span that covers `address`, or NULL. Thread-safe. */
const struct span *spans_find(const struct spans *spans, uint64_t address);
void spans_clear(struct spans *spans);

#endif
