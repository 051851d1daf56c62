/* What the program told of itself: tasks, regions, logs, counters. */
#include "viewer/model/trace_tables.h"

/* The row of a task of an image; TRACE_NONE for none. */
static uint32_t task_of(struct trace *t, uint32_t process, uint64_t number)
{
    bool is_new;
    if (!number)
        return TRACE_NONE;
    struct trace_key key = {TABLE_TASK, process, number, 0};
    uint32_t row = TABLE_ROW(t, key, &t->tasks, TRACE_MAX_ROWS, &is_new);
    if (row != TRACE_NONE && is_new)
        t->tasks.data[row] = (struct trace_task){
            .process = process, .number = number, .parent = TRACE_NONE, .name = names_add(&t->names, "")};
    return row;
}

static void add_span(struct trace *t, enum trace_span_kind kind, uint32_t name, int64_t duration_ns)
{
    struct trace_key key = {TABLE_SPAN, (uint64_t)kind, name, 0};
    uint32_t row = TABLE_ROW(t, key, &t->spans, TRACE_MAX_ROWS, NULL);
    if (row == TRACE_NONE)
        return;
    struct trace_span *span = &t->spans.data[row];
    span->kind = kind;
    span->name = name;
    span->count++;
    span->total_ns = add_ns(span->total_ns, duration_ns);
    span->max_ns = duration_ns > span->max_ns ? duration_ns : span->max_ns;
}

static void add_moment(struct trace *t, uint32_t thread, const struct trace_event *event,
                       enum trace_moment_kind kind, uint32_t name, uint32_t task)
{
    trace_add_moment(t, &(struct trace_moment){.thread = thread,
                                               .stack = (uint32_t)event->stack,
                                               .kind = kind,
                                               .detail = name,
                                               .start_ns = event->time_ns,
                                               .end_ns = event->time_ns,
                                               .object = task,
                                               .waker = TRACE_NONE});
}

/* A task that began before the trace is nameless, and its end unknown. */
static void on_task(struct trace *t, uint32_t thread, const struct trace_event *event)
{
    uint32_t row = task_of(t, t->threads.data[thread].process, event->task);
    if (row == TRACE_NONE)
        return;
    uint32_t parent = task_of(t, t->threads.data[thread].process, event->parent);
    struct trace_task *task = &t->tasks.data[row];
    bool is_begin = event->kind == TRACE_TASK_BEGIN;
    if (task->is_ended || is_begin == task->is_begun)
        return;
    if (is_begin) {
        task->is_begun = true;
        task->name = names_add(&t->names, event->name);
        task->parent = parent != row ? parent : TRACE_NONE;
        task->start_ns = event->time_ns;
    } else {
        task->is_ended = true;
        add_span(t, TRACE_SPAN_TASK, task->name, event->time_ns - task->start_ns);
    }
    add_moment(t, thread, event, is_begin ? TRACE_MOMENT_TASK_BEGIN : TRACE_MOMENT_TASK_END, task->name, row);
}

static uint32_t new_region(struct trace *t)
{
    uint32_t row = t->free_region;
    if (row) {
        t->free_region = t->regions.data[row - 1].below;
        return row;
    }
    return TABLE_APPEND(t, &t->regions, TRACE_MAX_ROWS) ? (uint32_t)t->regions.count : 0;
}

static void begin_region(struct trace *t, uint32_t thread, const struct trace_event *event)
{
    uint32_t task = task_of(t, t->threads.data[thread].process, event->task);
    uint32_t name = names_add(&t->names, event->name);
    uint32_t row = new_region(t);
    if (!row)
        return;
    t->regions.data[row - 1] =
        (struct trace_region){name, task, t->threads.data[thread].region, event->time_ns};
    t->threads.data[thread].region = row;
    add_moment(t, thread, event, TRACE_MOMENT_REGION_BEGIN, name, task);
}

static void close_innermost(struct trace *t, uint32_t thread, const struct trace_event *event)
{
    uint32_t row = t->threads.data[thread].region;
    struct trace_region *region = &t->regions.data[row - 1];
    t->threads.data[thread].region = region->below;
    add_span(t, TRACE_SPAN_REGION, region->name, event->time_ns - region->start_ns);
    add_moment(t, thread, event, TRACE_MOMENT_REGION_END, region->name, region->task);
    region->below = t->free_region;
    t->free_region = row;
}

/* Ends the last one of that name and task, and those within it. One that began before the trace is unknown.
 */
static void end_region(struct trace *t, uint32_t thread, const struct trace_event *event)
{
    uint32_t task = task_of(t, t->threads.data[thread].process, event->task);
    uint32_t name = names_add(&t->names, event->name);
    uint32_t row = t->threads.data[thread].region;
    while (row && (t->regions.data[row - 1].name != name || t->regions.data[row - 1].task != task))
        row = t->regions.data[row - 1].below;
    if (!row)
        return;
    uint32_t below = t->regions.data[row - 1].below;
    while (t->threads.data[thread].region != below)
        close_innermost(t, thread, event);
}

static void on_log(struct trace *t, uint32_t thread, const struct trace_event *event)
{
    uint32_t task = task_of(t, t->threads.data[thread].process, event->task);
    uint32_t category = names_add(&t->names, event->category), message = names_add(&t->names, event->message);
    struct trace_log *log = TABLE_APPEND(t, &t->logs, TRACE_MAX_ROWS);
    if (!log)
        return;
    *log = (struct trace_log){event->time_ns, thread, task, category, message};
    add_moment(t, thread, event, TRACE_MOMENT_LOG, (uint32_t)(t->logs.count - 1), task);
}

static void on_counter(struct trace *t, uint32_t thread, const struct trace_event *event)
{
    uint32_t process = t->threads.data[thread].process, name = names_add(&t->names, event->name);
    bool is_new;
    /* Not a number, or none that a picture could show. */
    if (!__builtin_isfinite(event->value))
        return;
    struct trace_key key = {TABLE_COUNTER, process, name, 0};
    uint32_t row = TABLE_ROW(t, key, &t->counters, TRACE_MAX_ROWS, &is_new);
    if (row == TRACE_NONE)
        return;
    struct trace_counter *counter = &t->counters.data[row];
    if (is_new)
        *counter = (struct trace_counter){
            .process = process, .name = name, .min = event->value, .max = event->value};
    counter->count++;
    counter->last = event->value;
    counter->min = event->value < counter->min ? event->value : counter->min;
    counter->max = event->value > counter->max ? event->value : counter->max;
    trace_add_moment(t, &(struct trace_moment){.thread = thread,
                                               .kind = TRACE_MOMENT_COUNTER,
                                               .detail = row,
                                               .start_ns = event->time_ns,
                                               .end_ns = event->time_ns,
                                               .level = event->value,
                                               .waker = TRACE_NONE});
}

void trace_on_user(struct trace *t, uint32_t thread, const struct trace_event *event)
{
    switch (event->kind) {
    case TRACE_TASK_BEGIN:
    case TRACE_TASK_END:
        on_task(t, thread, event);
        break;
    case TRACE_REGION_BEGIN:
        begin_region(t, thread, event);
        break;
    case TRACE_REGION_END:
        end_region(t, thread, event);
        break;
    case TRACE_LOG:
        on_log(t, thread, event);
        break;
    default:
        on_counter(t, thread, event);
    }
}
