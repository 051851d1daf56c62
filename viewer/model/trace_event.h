/* One event of a preflame trace, free of any trace format: what a reader fills in and the model understands.
 */
#ifndef PREFLAME_VIEWER_TRACE_EVENT_H
#define PREFLAME_VIEWER_TRACE_EVENT_H

#include <stddef.h>
#include <stdint.h>

/* X(SYMBOL, "name"): the events of provider `preflame` that the model understands. */
#define TRACE_EVENTS(X)                                                                                      \
    X(PROCESS, "process")                                                                                    \
    X(MODULE, "module")                                                                                      \
    X(STACK, "stack")                                                                                        \
    X(THREAD_CREATE, "thread_create")                                                                        \
    X(THREAD_START, "thread_start")                                                                          \
    X(THREAD_EXIT, "thread_exit")                                                                            \
    X(THREAD_NAME, "thread_name")                                                                            \
    X(THREAD_DETACH, "thread_detach")                                                                        \
    X(THREAD_STATUS, "thread_status")                                                                        \
    X(BLOCK, "block")                                                                                        \
    X(UNBLOCK, "unblock")                                                                                    \
    X(WAKE, "wake")                                                                                          \
    X(SYSCALL, "syscall")                                                                                    \
    X(SAMPLE, "sample")                                                                                      \
    X(TASK_BEGIN, "task_begin")                                                                              \
    X(TASK_END, "task_end")                                                                                  \
    X(REGION_BEGIN, "region_begin")                                                                          \
    X(REGION_END, "region_end")                                                                              \
    X(LOG, "log")                                                                                            \
    X(COUNTER, "counter")                                                                                    \
    X(LOSS, "loss")                                                                                          \
    X(SCHED_SOURCE, "sched_source")                                                                          \
    X(SCHED_IN, "sched_in")                                                                                  \
    X(SCHED_OUT, "sched_out")                                                                                \
    X(SCHED_STAT, "sched_stat")                                                                              \
    X(SCHED_LOST, "sched_lost")

enum trace_event_kind {
    TRACE_FOREIGN, /* some other provider's event: counted, not understood */
#define TRACE_EVENT_ENUM(symbol, name) TRACE_##symbol,
    TRACE_EVENTS(TRACE_EVENT_ENUM)
#undef TRACE_EVENT_ENUM
};

/* Fields have the provider's names; those that the event does not carry are zero, texts "" and arrays empty.
 * Pointers live during the call only. */
struct trace_event {
    enum trace_event_kind kind;
    const char *full_name;   /* "preflame:sample" */
    int64_t time_ns;         /* when it was recorded, since the clock's origin */
    int64_t clock_offset_ns; /* time_ns minus CLOCK_MONOTONIC: turns since_ns into the same time */
    int64_t vpid, vtid;

    int64_t pid, ppid, tid, parent_tid, start_ns, mono_ns, real_ns;
    const char *host; /* of a process: the trace's, not the event's */
    const char *exe, *cmdline, *path, *name, *category, *message;
    uint64_t base, size, file_offset, pthread, entry, object, id, stack, waiters, task, parent;
    int64_t result, reason, timeout_ns, duration_ns, since_ns, number, weight_ns;
    double value;
    const char *source, *problem;
    uint64_t cpu, preempted, slices, count;
    int64_t run_ns, ready_ns;
    uint64_t dropped_samples, dropped_stacks, truncated_stacks;
    const uint64_t *numbers; /* pcs of `stack`, bytes of `build_id` of `module` */
    size_t number_count;
};

/* The kind of an event by its full name; TRACE_FOREIGN when it isn't ours. */
enum trace_event_kind trace_event_kind_of(const char *full_name);

#endif
