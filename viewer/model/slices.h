/* A trace's waits, system calls and CPU samples as a bounded number of rows: what a page can hold. */
#ifndef PREFLAME_VIEWER_SLICES_H
#define PREFLAME_VIEWER_SLICES_H

#include "base/compiler.h"
#include "viewer/model/timeline.h"
#include "viewer/model/trace.h"

#include <stddef.h>
#include <stdint.h>

enum slice_kind {
    SLICE_WAIT,
    SLICE_SYSCALL,
    SLICE_SAMPLE,
    SLICE_INNER_CALL, /* a system call in which a wait tells what time passed with */
};

/* One of them, or several short ones that lay near each other and were alike in all but their times. */
struct slice {
    uint32_t thread, stack;
    uint32_t alike; /* of rows that may become one the same number; while they are too many */
    enum slice_kind kind;
    uint32_t detail;                  /* wait reason; number of the system call */
    uint32_t waker, waker_stack;      /* of a wait: a thread, or TRACE_NONE; its stack */
    uint64_t object;                  /* of a wait */
    int64_t start_ns, end_ns;         /* of the first and the last of several */
    int64_t wake_ns;                  /* when it was woken; of several the last */
    int64_t sum_ns, max_ns;           /* what they took; of a sample its weight */
    uint32_t count, failures, opened; /* opened: neither the thread nor the trace saw its end */
};

struct slices {
    struct slice *rows; /* owned; by thread, then start */
    size_t count;
    int64_t grain_ns;     /* waits and drawn calls shorter than it were put together; 0 when none was */
    int64_t sum_grain_ns; /* the same of samples and inner calls, which are only added up */
    size_t merged;        /* how many rows that saved */
    size_t pruned;        /* left out because even so they were too many: those that took least */
    int64_t pruned_ns;
};

/* Makes at most `max_rows` of a timeline. Sums of what is put together stay as they are. 0 or -ENOMEM. */
int slices_make(const struct trace *t, const struct timeline *timeline, size_t max_rows,
                struct slices *ret) MUST_USE;
void slices_clear(struct slices *slices);

#endif
