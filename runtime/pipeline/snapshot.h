/* A frozen view of the totals: all that an exporter may know of the runtime. */
#ifndef PREFLAME_PIPELINE_SNAPSHOT_H
#define PREFLAME_PIPELINE_SNAPSHOT_H

#include "base/bytes.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What was lost or went wrong, for every output to show. X(member, "name"), cumulative counters. */
#define LOSSES(X)                                                                                            \
    X(dropped, "dropped_samples")    /* samples that found their ring full */                                \
    X(unready, "untraced_samples")   /* not in the trace: their thread had called nothing that is hooked */  \
    X(late, "late_signals")          /* signals after the stop */                                            \
    X(truncated, "truncated_stacks") /* stacks deeper than we keep */                                        \
    X(failed, "unwind_failed")       /* stacks that ended before the outermost frame */                      \
    X(gated, "leaf_only_while_unloading") /* stacks of a leaf alone, while an object was unloaded */         \
    X(stacks_full, "stack_dictionary_full")                                                                  \
    X(totals_full, "totals_full")                                                                            \
    X(scratches_refused, "stacks_without_scratch") /* more threads took one at a time than can */            \
    X(threads_refused, "threads_without_slot")                                                               \
    X(timers_refused, "timers_refused")                                                                      \
    X(buckets_full, "buckets_full") /* events that found no room in the table of counted profiles */         \
    X(live_full,                                                                                             \
      "heap_blocks_not_held") /* sampled, but not in use by the profile: no room in the live set */          \
    X(labels_full, "label_sets_refused")                                                                     \
    X(waits_missed, "waits_without_holder") /* too many objects waited for at once */

struct losses {
#define LOSS_MEMBER(member, name) uint64_t member;
    LOSSES(LOSS_MEMBER)
#undef LOSS_MEMBER
};

#define SNAPSHOT_VALUES 4

#define SNAPSHOT_FRAMES_MAX 512

/* Reads a stack of the dictionary `stacks`, which never forgets one: its pcs, leaf first, markers included,
 * into room for SNAPSHOT_FRAMES_MAX, and the epoch of the modules that explain them. How many. Any thread. */
typedef uint32_t (*read_stack_fn)(const void *stacks, uint32_t stack, uint64_t *pcs, uint32_t *ret_epoch);

/* Strings are borrowed: from the module list, which never moves. */
struct thread_view;

struct snapshot_row {
    uint32_t stack;     /* by number; 0: the dictionary was full */
    uint32_t other;     /* the other side's, 0 = none */
    uint64_t detail;    /* by kind, as in base/bucket_kind.h */
    const char *labels; /* what the program said: pairs "key\0value\0"; NULL = nothing; borrowed */
    uint32_t label_count;
    int32_t tid;                     /* 0: not by thread */
    int64_t values[SNAPSHOT_VALUES]; /* CPU: samples, ns; else by kind */
    char thread_name[16];
    const struct thread_view *thread; /* of a row that is one thread (pipeline/thread_view.h); borrowed */
};

struct snapshot_module {
    uint64_t low, high, file_offset; /* as in /proc/PID/maps */
    uint32_t born_epoch, dead_epoch; /* explains pcs of epochs [born, dead) */
    bool is_main;
    char build_id[65]; /* hex */
    const char *path;  /* borrowed; lives for ever */
};

struct snapshot {
    read_stack_fn read_stack;
    const void *stacks;        /* borrowed; for read_stack */
    struct snapshot_row *rows; /* owned, a block */
    size_t row_count, row_room;
    struct snapshot_module *modules;
    size_t module_count, module_room;
    struct losses losses; /* since the start */
    int64_t period;       /* of sampling, in the unit of the kind */
    int64_t time_ns, duration_ns;
    char note[160]; /* what else the reader should know; "" = nothing */
    int error;      /* 0, or the first failure while it was taken */
};

void snapshot_clear(struct snapshot *snapshot);

/* after - before, counter by counter. */
struct losses losses_since(const struct losses *before, const struct losses *after);
/* Appends "name: number" lines, one a counter. */
void losses_print(const struct losses *losses, struct bytes *out);

#endif
