/* Covered time of a thread. */
#include "viewer/model/cover.h"

#include <string.h>

int64_t cover_add(struct cover *c, int64_t start_ns, int64_t end_ns)
{
    if (end_ns <= start_ns)
        return 0;
    int64_t fresh_ns = end_ns - start_ns;
    struct cover_interval joined = {start_ns, end_ns};
    size_t kept = 0;
    for (size_t i = 0; i < c->count; i++) {
        struct cover_interval old = c->last[i];
        if (old.end_ns <= start_ns || old.start_ns >= end_ns) {
            c->last[kept++] = old;
            continue;
        }
        int64_t from_ns = old.start_ns > start_ns ? old.start_ns : start_ns;
        int64_t to_ns = old.end_ns < end_ns ? old.end_ns : end_ns;
        fresh_ns -= to_ns - from_ns;
        joined.start_ns = old.start_ns < joined.start_ns ? old.start_ns : joined.start_ns;
        joined.end_ns = old.end_ns > joined.end_ns ? old.end_ns : joined.end_ns;
    }
    if (kept == COVER_INTERVALS) {
        memmove(c->last, c->last + 1, (COVER_INTERVALS - 1) * sizeof(c->last[0]));
        kept--;
    }
    c->last[kept] = joined;
    c->count = kept + 1;
    return fresh_ns;
}
