/* The waits of one thread as intervals, so that a moment that two events report is counted once. */
#ifndef PREFLAME_VIEWER_COVER_H
#define PREFLAME_VIEWER_COVER_H

#include <stddef.h>
#include <stdint.h>

#define COVER_INTERVALS 8

struct cover_interval {
    int64_t start_ns, end_ns;
};

/* The last few disjoint intervals; events of a thread arrive by their end, so older ones cannot matter again.
 */
struct cover {
    struct cover_interval last[COVER_INTERVALS];
    size_t count;
};

/* Adds [start_ns, end_ns] and returns how many of its ns were not covered before. */
int64_t cover_add(struct cover *c, int64_t start_ns, int64_t end_ns);

#endif
