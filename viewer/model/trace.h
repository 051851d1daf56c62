/* What a trace means: processes, threads, stacks, waits with their wakers, system calls. No format in, none
 * out. */
#ifndef PREFLAME_VIEWER_TRACE_H
#define PREFLAME_VIEWER_TRACE_H

#include "base/compiler.h"
#include "base/map.h"
#include "base/wait.h"
#include "viewer/model/cover.h"
#include "viewer/model/names.h"
#include "viewer/model/trace_event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A foreign trace may claim anything: past these limits things are counted in `refused` and otherwise
 * ignored. */
#define TRACE_MAX_PROCESSES 4096u
#define TRACE_MAX_THREADS 65536u
#define TRACE_MAX_MODULES 65536u
#define TRACE_MAX_STACKS (1u << 20)
#define TRACE_MAX_PCS ((size_t)1 << 25)
#define TRACE_MAX_STACK_DEPTH 1024u
#define TRACE_MAX_ROWS (1u << 20) /* of each table: waits, costs, wakes, event names */
#define TRACE_MAX_MOMENTS (1u << 23)
#define TRACE_REASONS 24 /* one more than the largest WAIT_… value */
#define TRACE_MAX_CPUS 4096u
#define TRACE_WAKERS 4 /* wakers named for each wait; the others are only counted */
#define TRACE_NONE UINT32_MAX

#define TRACE_ARRAY(T)                                                                                       \
    struct {                                                                                                 \
        T *data;                                                                                             \
        size_t count, room;                                                                                  \
    }

struct trace_module {
    uint32_t process;
    uint64_t base, size, file_offset;
    uint32_t path, build_id; /* names; build_id as hex */
};

/* One program image: exec in the same process makes a new one, for its stack ids start anew. */
struct trace_process {
    int32_t pid, ppid;
    uint32_t parent; /* index of the image that forked it, or TRACE_NONE; always smaller than its own */
    int64_t start_ns, real_ns;
    uint32_t exe, cmdline, host; /* names */
    bool is_described;           /* a process event was seen */
    uint64_t dropped_samples, dropped_stacks, truncated_stacks;
};

struct trace_wait_state { /* the wait that a thread is in now */
    bool is_open;
    uint32_t reason;
    uint64_t object, stack;
    int64_t since_ns;
};

struct trace_thread {
    uint32_t process;
    int32_t tid;
    uint32_t name;
    int32_t parent_tid;       /* who created it, or 0 */
    int64_t start_ns, end_ns; /* thread_start and thread_exit, or 0 */
    int64_t run_ns;           /* by samples */
    uint64_t samples;
    int64_t blocked_ns[TRACE_REASONS];
    int64_t status_ns; /* when a session that began told that it lives; its time before isn't the trace's */
    struct trace_wait_state wait;
    uint32_t region; /* the innermost of its open regions: 1 + its index, or 0 */
    struct cover cover;
};

struct trace_stack {
    uint32_t process;
    uint32_t id;
    uint32_t count;
    size_t first_pc; /* slice of pcs, leaf first */
};

enum trace_cost_kind { TRACE_COST_CPU, TRACE_COST_WAIT };

/* Time of one stack of one image, spent running or waiting for one reason. */
struct trace_cost {
    uint32_t process, stack;
    enum trace_cost_kind kind;
    uint32_t detail; /* wait reason */
    int64_t total_ns;
    uint64_t count;
};

struct trace_waker {
    uint32_t thread; /* index */
    uint64_t count;
};

struct trace_wait { /* all waits of one image for one object */
    uint32_t process, reason;
    uint64_t object;
    int64_t total_ns, max_ns;
    uint64_t count, open_count;     /* open: the thread or the trace ended first */
    uint32_t max_stack, max_thread; /* of the longest one */
    struct trace_waker wakers[TRACE_WAKERS];
    uint64_t other_wakes;
};

struct trace_wake { /* the last wake of an object */
    uint32_t thread;
    int64_t time_ns;
    uint32_t moment; /* or TRACE_NONE */
};

enum trace_moment_kind {
    TRACE_MOMENT_WAIT,
    TRACE_MOMENT_SYSCALL,
    TRACE_MOMENT_SAMPLE,
    TRACE_MOMENT_WAKE,
    /* What the program told. Ends match begins, and a thread's regions lie within each other. */
    TRACE_MOMENT_TASK_BEGIN,
    TRACE_MOMENT_TASK_END,
    TRACE_MOMENT_REGION_BEGIN,
    TRACE_MOMENT_REGION_END,
    TRACE_MOMENT_LOG,
    TRACE_MOMENT_COUNTER,
};

/* One thing that happened, for views of time. But for waits and system calls they take no time: both ends are
 * the same. */
struct trace_moment {
    uint32_t thread, stack;
    enum trace_moment_kind kind;
    uint32_t detail; /* wait reason; number of the system call; name of a task or region; row of the log or
                        counter */
    bool is_open;    /* a wait that the trace, or the thread, didn't outlive */
    int64_t start_ns, end_ns;
    uint64_t object; /* of a wait; row of the task, or TRACE_NONE */
    union {
        int64_t value; /* result of a call, ns of a sample */
        double level;  /* of a counter; finite */
    };
    uint32_t waker; /* of a wait: the moment of its wake, or TRACE_NONE */
};

struct trace_task {
    uint32_t process;
    uint64_t number; /* as the process counts */
    uint32_t parent; /* row, or TRACE_NONE */
    uint32_t name;
    int64_t start_ns;
    bool is_begun, is_ended; /* within the trace */
};

struct trace_region { /* an open one */
    uint32_t name, task, below;
    int64_t start_ns;
};

enum trace_span_kind { TRACE_SPAN_TASK, TRACE_SPAN_REGION };

struct trace_span { /* all tasks, or regions, of a name that began and ended in the trace */
    enum trace_span_kind kind;
    uint32_t name;
    uint64_t count;
    int64_t total_ns, max_ns;
};

struct trace_log {
    int64_t time_ns;
    uint32_t thread, task, category, message; /* the last two: names */
};

struct trace_counter {
    uint32_t process, name;
    uint64_t count;
    double last, min, max;
};

struct trace_syscall {
    uint32_t number;
    uint64_t count, failures;
    int64_t total_ns, max_ns;
};

/* How one thread was scheduled. An exec doesn't part what its process did before and after. */
struct trace_sched {
    int64_t pid, tid;
    uint32_t thread; /* index, or TRACE_NONE: preflame's and LTTng's own, or of a program without preflame */
    bool is_on;      /* on a CPU, and since when */
    bool is_off;     /* off it, after it had been on one */
    bool was_preempted;
    uint32_t cpu;
    int64_t since_ns;
    int64_t run_ns, preempted_ns;             /* by switches */
    uint64_t preempted, blocked;              /* how often it left a CPU */
    int64_t counted_run_ns, counted_ready_ns; /* by schedstat, at its last reading */
};

struct trace_run { /* on one CPU, without a break */
    uint32_t sched, cpu;
    int64_t start_ns, end_ns;
    bool is_preempted; /* it could have gone on */
};

struct trace_loss { /* of the tracer, somewhere in this time; both 0: nobody knows when */
    int64_t since_ns, until_ns;
    uint64_t events, packets;
};

struct trace_event_count {
    uint32_t name;
    uint64_t count;
};

struct trace {
    struct names names;
    TRACE_ARRAY(struct trace_process) processes;
    TRACE_ARRAY(struct trace_module) modules;
    TRACE_ARRAY(struct trace_thread) threads;
    TRACE_ARRAY(struct trace_stack) stacks;
    TRACE_ARRAY(uint64_t) pcs;
    TRACE_ARRAY(struct trace_cost) costs;
    TRACE_ARRAY(struct trace_wait) waits;
    TRACE_ARRAY(struct trace_wake) wakes;
    TRACE_ARRAY(struct trace_syscall) syscalls;
    TRACE_ARRAY(struct trace_task) tasks;
    TRACE_ARRAY(struct trace_region) regions;
    TRACE_ARRAY(struct trace_span) spans;
    TRACE_ARRAY(struct trace_log) logs;
    TRACE_ARRAY(struct trace_counter) counters;
    TRACE_ARRAY(struct trace_sched) scheds;
    TRACE_ARRAY(struct trace_run) runs; /* by their end; only when moments are wanted */
    TRACE_ARRAY(struct trace_loss) losses;
    TRACE_ARRAY(struct trace_event_count) event_counts;
    TRACE_ARRAY(struct trace_moment) moments; /* by the time of their events; only when wanted */
    struct map ids;                           /* of all the tables above: (table, key…) → index */
    uint32_t free_region;                     /* the first unused row of `regions`: 1 + its index, or 0 */
    int64_t first_ns, last_ns;
    uint32_t sched_source, sched_problem; /* names: "perf", or "schedstat" and why not perf */
    bool has_sched;
    int64_t sched_ns;                   /* when scheduling began to be recorded */
    uint64_t sched_lost;                /* switches that found no room */
    uint64_t lost_events, lost_packets; /* as the tracer counted them */
    uint64_t event_count;
    uint64_t refused;   /* entries beyond a limit */
    bool wants_moments; /* set before the first event */
    /* Set by whoever reads the trace. */
    size_t read_traces, skipped_traces, broken_streams;
    int error; /* 0 or -ENOMEM; sticky */
};

/* An empty trace. */
void trace_init(struct trace *t);
void trace_clear(struct trace *t);
/* Takes one event; events come in the order of their time. Never fails visibly: t->error and t->refused tell.
 */
void trace_event(struct trace *t, const struct trace_event *event);
/* Takes a loss that the tracer tells of. */
void trace_lose(struct trace *t, const struct trace_loss *loss);
/* Closes the waits that were still open. Call once, after the last event. 0 or the first failure. */
int trace_finish(struct trace *t) MUST_USE;
/* The stack `id` of an image or of those that forked it; NULL when the trace doesn't hold it. */
const struct trace_stack *trace_find_stack(const struct trace *t, uint32_t process, uint32_t id);
/* The thread of that number in an image, or TRACE_NONE. */
uint32_t trace_find_thread(const struct trace *t, uint32_t process, int32_t tid);
/* Sum over all reasons and plain system calls. */
int64_t trace_blocked_ns(const struct trace_thread *thread);
/* "nginx" for /usr/sbin/nginx; "?" when the trace doesn't say. */
const char *trace_process_name(const struct trace *t, uint32_t process);
/* The thread's own name; the process' for a main thread that has none. */
const char *trace_thread_name(const struct trace *t, const struct trace_thread *thread);

#endif
