/* Growing, bounded, keyed tables of the trace model. Private to viewer/model. */
#ifndef PREFLAME_VIEWER_TRACE_TABLES_H
#define PREFLAME_VIEWER_TRACE_TABLES_H

#include "viewer/model/trace.h"

enum trace_table {
    TABLE_PROCESS,
    TABLE_THREAD,
    TABLE_MODULE,
    TABLE_STACK,
    TABLE_COST,
    TABLE_WAIT,
    TABLE_WAKE,
    TABLE_SYSCALL,
    TABLE_EVENT,
    TABLE_TASK,
    TABLE_SPAN,
    TABLE_COUNTER,
    TABLE_SCHED,
};

struct trace_key {
    uint64_t table, a, b, c; /* all 64 bits wide: no padding to hash */
};

/* Appends a zeroed element to a TRACE_ARRAY. Returns it, or NULL at `max` (counted) or without memory. */
#define TABLE_APPEND(t, array, max)                                                                          \
    table_append((t), (void **)&(array)->data, &(array)->count, &(array)->room, sizeof(*(array)->data), (max))
void *table_append(struct trace *t, void **data, size_t *count, size_t *room, size_t size, size_t max);

/* The row that `key` names in a TRACE_ARRAY, appended when new (*ret_is_new, may be NULL). TRACE_NONE at a
 * limit. */
#define TABLE_ROW(t, key, array, max, ret_is_new)                                                            \
    table_row((t), (key), (void **)&(array)->data, &(array)->count, &(array)->room, sizeof(*(array)->data),  \
              (max), (ret_is_new))
uint32_t table_row(struct trace *t, struct trace_key key, void **data, size_t *count, size_t *room,
                   size_t size, size_t max, bool *ret_is_new);

/* Sums of what a hostile trace claims stop at the largest number. */
static inline int64_t add_ns(int64_t left_ns, int64_t right_ns)
{
    int64_t sum_ns;
    return __builtin_add_overflow(left_ns, right_ns, &sum_ns) ? INT64_MAX : sum_ns;
}

/* Image and thread of an event, made when new; TRACE_NONE at a limit. */
uint32_t trace_process_of(struct trace *t, int64_t pid);
uint32_t trace_thread_of(struct trace *t, uint32_t process, int64_t tid);
/* Adds time to a stack. */
void trace_add_cost(struct trace *t, uint32_t process, uint64_t stack, enum trace_cost_kind kind,
                    uint32_t detail, int64_t ns);

/* Keeps a moment when moments are wanted. Its index, or TRACE_NONE. */
uint32_t trace_add_moment(struct trace *t, const struct trace_moment *moment);

/* Event handlers, one file for each concern. */
void trace_on_process(struct trace *t, const struct trace_event *event);
void trace_on_module(struct trace *t, uint32_t process, const struct trace_event *event);
void trace_on_stack(struct trace *t, uint32_t process, const struct trace_event *event);
void trace_on_thread(struct trace *t, uint32_t thread, const struct trace_event *event);
void trace_on_wait(struct trace *t, uint32_t thread, const struct trace_event *event);
void trace_on_syscall(struct trace *t, uint32_t thread, const struct trace_event *event);
void trace_on_user(struct trace *t, uint32_t thread, const struct trace_event *event);
void trace_on_sched(struct trace *t, const struct trace_event *event);
/* Ends the runs that go on, and finds whose they are. */
void trace_finish_sched(struct trace *t);
/* Ends a wait that never sent its unblock. */
void trace_close_wait(struct trace *t, uint32_t thread, int64_t end_ns);

#endif
