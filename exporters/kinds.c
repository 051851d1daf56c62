/* The table, and how raw counts become each profile's values. */
#include "exporters/kinds.h"

#include "base/syscall_names.h"
#include "base/wait.h"
#include "pipeline/thread_view.h"

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

static int64_t in_use(int64_t allocated, int64_t freed)
{
    return allocated > freed ? allocated - freed : 0; /* a release may be counted while we read */
}

static bool heap_values(const struct snapshot *snapshot, const struct snapshot_row *row, int64_t *ret)
{
    const int64_t *values = row->values;
    double size = values[0] ? (double)values[1] / (double)values[0] : 0; /* the row's blocks are alike */
    double interval = (double)snapshot->period;
    double scale = interval > 1 && size > 0 ? 1 / -expm1(-size / interval) : 1;
    ret[0] = unsampled(values[0], scale);
    ret[1] = unsampled(values[1], scale);
    ret[2] = unsampled(in_use(values[0], values[2]), scale);
    ret[3] = unsampled(in_use(values[1], values[3]), scale);
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

static unsigned goroutine_labels(struct profile *profile, const struct snapshot_row *row,
                                 struct profile_label *ret)
{
    ret[0] = (struct profile_label){.key = profile_string(profile, "thread"),
                                    .text = profile_string(profile, row->thread_name)};
    ret[1] = (struct profile_label){.key = profile_string(profile, "state"),
                                    .text = profile_string(profile, row->thread->state)};
    return 2;
}

static struct profile_label number_label(struct profile *profile, const char *key, int64_t number,
                                         const char *unit)
{
    return (struct profile_label){
        .key = profile_string(profile, key), .number = number, .unit = profile_string(profile, unit)};
}

static unsigned all_thread_labels(struct profile *profile, const struct snapshot_row *row,
                                  struct profile_label *ret)
{
    const struct thread_view *thread = row->thread;
    unsigned count = goroutine_labels(profile, row, ret);
    ret[count++] = number_label(profile, "tid", row->tid, "id");
    if (!thread->is_waiting)
        return count;
    ret[count++] = number_label(profile, "object", (int64_t)thread->object, "id");
    if (thread->waited_ns >= 0)
        ret[count++] = number_label(profile, "waited", thread->waited_ns, "nanoseconds");
    if (thread->holder_tid)
        ret[count++] = number_label(profile, "holder", thread->holder_tid, "id");
    if (thread->target[0])
        ret[count++] = (struct profile_label){.key = profile_string(profile, "target"),
                                              .text = profile_string(profile, thread->target)};
    return count;
}

static unsigned syscall_label(struct profile *profile, const struct snapshot_row *row,
                              struct profile_label *ret)
{
    char number[16];
    const char *name = syscall_name((uint32_t)row->detail, number, sizeof(number));
    ret[0] = (struct profile_label){.key = profile_string(profile, "syscall"),
                                    .text = profile_string(profile, name)};
    return 1;
}

/* Whose allocation it is, not through what: as operator new calls malloc. */
#define ALLOCATORS                                                                                           \
    "operator new(\\[\\])?|malloc|calloc|realloc|reallocarray|aligned_alloc|memalign|posix_memalign"
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

static unsigned wall_labels(struct profile *profile, const struct snapshot_row *row,
                            struct profile_label *ret)
{
    bool is_wait = !row->tid; /* waits aren't kept by thread */
    ret[0] = (struct profile_label){
        .key = profile_string(profile, "state"),
        .text = profile_string(profile, is_wait ? wait_reason_name((unsigned)row->detail) : "running")};
    return 1;
}

const struct profile_kind profile_kind_wall = {
    .name = "wall",
    .types = {{"samples", "count"}, {"wall", "nanoseconds"}, {NULL, NULL}},
    .period = {"wall", "nanoseconds"},
    .bucket = BUCKET_BLOCK,
    .values = plain_values,
    .labels = wall_labels,
};

#define GOROUTINE_TYPES                                                                                      \
    {                                                                                                        \
        {"goroutine", "count"},                                                                              \
        {                                                                                                    \
            NULL, NULL                                                                                       \
        }                                                                                                    \
    }

const struct profile_kind profile_kind_threads = {
    .name = "goroutine",
    .types = GOROUTINE_TYPES,
    .period = {"goroutine", "count"},
    .values = plain_values,
    .labels = all_thread_labels,
};

bool profile_kind_is_threads(const struct profile_kind *kind)
{
    return kind == &profile_kind_threads || kind->labels == goroutine_labels;
}

/* clang-format off */
const struct profile_kind profile_kinds[] = {
    {"allocs", "A sampling of all past memory allocations",
     HEAP_TYPES, {"space", "bytes"}, "alloc_space", heap_values, size_label, BUCKET_HEAP, true, ALLOCATORS},
    {"block", "Stack traces that led to blocking on synchronization primitives",
     CONTENTION_TYPES, {"contentions", "count"}, NULL, block_values, reason_label, BUCKET_BLOCK, true, NULL},
    {"goroutine", "Stack traces of all current threads. Use debug=2 as a query parameter to export in the same format as an unrecovered panic.",
     GOROUTINE_TYPES, {"goroutine", "count"}, NULL, plain_values, goroutine_labels, BUCKET_NONE, true, NULL},
    {"heap", "A sampling of memory allocations of live objects. You can specify the gc GET parameter to run GC before taking the heap sample.",
     HEAP_TYPES, {"space", "bytes"}, "inuse_space", heap_values, size_label, BUCKET_HEAP, true, ALLOCATORS},
    {"io", "Bytes moved by reads and writes, and the time that took; sampled in proportion to their time",
     {{"ops", "count"}, {"bytes", "bytes"}, {"time", "nanoseconds"}, {NULL, NULL}}, {"time", "nanoseconds"}, NULL, plain_values, reason_label, BUCKET_IO, true, NULL},
    {"mutex", "Stack traces of holders of contended mutexes",
     CONTENTION_TYPES, {"contentions", "count"}, NULL, plain_values, reason_label, BUCKET_MUTEX, true, NULL},
    {"syscall", "System calls by the libc functions that make them; sampled in proportion to their time",
     {{"calls", "count"}, {"time", "nanoseconds"}, {NULL, NULL}}, {"time", "nanoseconds"}, NULL, plain_values, syscall_label, BUCKET_SYSCALL, true, NULL},
    {"threadcreate", "Stack traces that led to the creation of new OS threads",
     {{"threadcreate", "count"}, {NULL, NULL}}, {"threadcreate", "count"}, NULL, plain_values, NULL, BUCKET_THREADCREATE, true, NULL},
    {"threads", "The same as goroutine, under its own name",
     GOROUTINE_TYPES, {"goroutine", "count"}, NULL, plain_values, goroutine_labels, BUCKET_NONE, true, NULL},
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
