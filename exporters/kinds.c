/* The table, and how raw counts become each profile's values. */
#include "exporters/kinds.h"

#include "base/wait.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

static bool plain_values(const struct snapshot *snapshot, const struct snapshot_row *row, int64_t *ret)
{
    (void)snapshot;
    memcpy(ret, row->values, sizeof(row->values));
    return true;
}

/* Each block was sampled with probability 1 - e^(-size/interval): so many stood behind it. Scaled by size,
 * not over all sizes, since small blocks are sampled more rarely (as runtime/pprof's scaleHeapSample). */
static int64_t unsampled(int64_t value, double scale)
{
    return (int64_t)llround((double)value * scale);
}

static bool heap_values(const struct snapshot *snapshot, const struct snapshot_row *row, int64_t *ret)
{
    double size = (double)row->detail, interval = (double)snapshot->period;
    double scale = interval > 1 && size > 0 ? 1 / -expm1(-size / interval) : 1;
    ret[0] = unsampled(row->values[0], scale);
    ret[1] = unsampled(row->values[1], scale);
    ret[2] = unsampled(row->values[0] - row->values[2], scale);
    ret[3] = unsampled(row->values[1] - row->values[3], scale);
    return true;
}

/* Go's block profile is of synchronization: what a program waits for that another thread or peer brings
 * about. Sleeping is no contention, and files and children are in the io and syscall profiles. */
static bool block_values(const struct snapshot *snapshot, const struct snapshot_row *row, int64_t *ret)
{
    (void)snapshot;
    switch (row->detail) {
    case WAIT_SLEEP:
    case WAIT_FILE_IO:
    case WAIT_FSYNC:
    case WAIT_WAIT_CHILD:
    case WAIT_SIGNAL:
        return false;
    default:
        return plain_values(snapshot, row, ret);
    }
}

static unsigned thread_labels(struct profile *profile, const struct snapshot_row *row,
                              struct profile_label *ret)
{
    unsigned count = 0;
    if (row->thread_name[0])
        ret[count++] = (struct profile_label){.key = profile_string(profile, "thread"),
                                              .text = profile_string(profile, row->thread_name)};
    if (row->tid)
        ret[count++] = (struct profile_label){
            .key = profile_string(profile, "tid"), .number = row->tid, .unit = profile_string(profile, "id")};
    return count;
}

static unsigned size_label(struct profile *profile, const struct snapshot_row *row, struct profile_label *ret)
{
    ret[0] = (struct profile_label){.key = profile_string(profile, "bytes"),
                                    .number = (int64_t)row->detail,
                                    .unit = profile_string(profile, "bytes")};
    return 1;
}

static unsigned reason_label(struct profile *profile, const struct snapshot_row *row,
                             struct profile_label *ret)
{
    ret[0] = (struct profile_label){.key = profile_string(profile, "reason"),
                                    .text = profile_string(profile, wait_reason_name((unsigned)row->detail))};
    return 1;
}

#define HEAP_TYPES                                                                                           \
    {                                                                                                        \
        {"alloc_objects", "count"}, {"alloc_space", "bytes"}, {"inuse_objects", "count"},                    \
            {"inuse_space", "bytes"},                                                                        \
        {                                                                                                    \
            NULL, NULL                                                                                       \
        }                                                                                                    \
    }
#define CONTENTION_TYPES                                                                                     \
    {                                                                                                        \
        {"contentions", "count"}, {"delay", "nanoseconds"},                                                  \
        {                                                                                                    \
            NULL, NULL                                                                                       \
        }                                                                                                    \
    }

const struct profile_kind profile_kind_cpu = {
    .name = "cpu",
    .types = {{"samples", "count"}, {"cpu", "nanoseconds"}, {NULL, NULL}},
    .period = {"cpu", "nanoseconds"},
    .values = plain_values,
    .labels = thread_labels,
};

/* clang-format off */
const struct profile_kind profile_kinds[] = {
    {"allocs", "A sampling of all past memory allocations",
     HEAP_TYPES, {"space", "bytes"}, "alloc_space", heap_values, size_label, BUCKET_HEAP, true},
    {"block", "Stack traces that led to blocking on synchronization primitives",
     CONTENTION_TYPES, {"contentions", "count"}, NULL, block_values, reason_label, BUCKET_BLOCK, true},
    {"heap", "A sampling of memory allocations of live objects. You can specify the gc GET parameter to run GC before taking the heap sample.",
     HEAP_TYPES, {"space", "bytes"}, "inuse_space", heap_values, size_label, BUCKET_HEAP, true},
    {"mutex", "Stack traces of holders of contended mutexes",
     CONTENTION_TYPES, {"contentions", "count"}, NULL, plain_values, reason_label, BUCKET_MUTEX, true},
    {"threadcreate", "Stack traces that led to the creation of new OS threads",
     {{"threadcreate", "count"}, {NULL, NULL}}, {"threadcreate", "count"}, NULL, plain_values, NULL, BUCKET_THREADCREATE, true},
    {.name = NULL},
};
/* clang-format on */

const struct profile_kind *profile_kind_find(const char *name)
{
    for (const struct profile_kind *kind = profile_kinds; kind->name; kind++) {
        if (strcmp(kind->name, name) == 0)
            return kind;
    }
    return NULL;
}
