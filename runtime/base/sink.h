/* Where events go at once, in the thread they happen in: the contract between the preload and a trace
 * provider. The preload calls; the provider (libpreflame-lttng.so) answers. Neither links the other. */
#ifndef PREFLAME_BASE_SINK_H
#define PREFLAME_BASE_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SINK_VERSION 3

/* A stack id is a number in the process' stack dictionary; 0 = no stack. Times are CLOCK_MONOTONIC
 * nanoseconds. Every function below: any thread that has called thread_init, errno kept; all but load-time
 * ones are also signal-safe once the thread has called thread_init. */
struct sink {
    unsigned version; /* SINK_VERSION */
    /* Is any event of ours enabled in any running session? A load when there is, one an event when there
     * isn't. */
    bool (*is_enabled)(void);
    /* Must be called once in each thread, outside signal handlers, before any other call: LTTng's lazy state.
     */
    void (*thread_init)(void);

    void (*process)(int32_t pid, int32_t ppid, int64_t start_mono_ns, int64_t mono_ns, int64_t real_ns,
                    const char *exe, const char *cmdline);
    /* One executable mapping: [base, base+size) shows the file's bytes from file_offset on. build_id may be
     * empty. */
    void (*module)(uint64_t base, uint64_t size, uint64_t file_offset, const char *path,
                   const uint8_t *build_id, size_t build_id_len);
    /* Dictionary entry, leaf first; pcs[0] is an exact pc, the others return addresses minus 1. */
    void (*stack)(uint32_t id, const uint64_t *pcs, size_t count);

    void (*thread_create)(uint64_t pthread, uint64_t entry, int32_t result, uint32_t stack);
    void (*thread_start)(uint64_t pthread, int32_t parent_tid, uint64_t entry, const char *name);
    void (*thread_exit)(uint64_t pthread);
    void (*thread_name)(int32_t tid, const char *name);
    void (*thread_detach)(uint64_t pthread);
    /* A thread that was alive when the session started; reason is -1 when it isn't known to wait. */
    void (*thread_status)(int32_t tid, uint64_t pthread, int32_t reason, uint64_t object, int64_t since_ns,
                          uint32_t stack, const char *name);

    /* About to wait. timeout_ns: relative, -1 = none. */
    void (*block)(uint8_t reason, uint64_t object, int64_t timeout_ns, uint32_t stack);
    /* Waited for duration_ns, ending now; result as the call returned it. I/O calls send only this one of the
     * pair. */
    void (*unblock)(uint8_t reason, uint64_t object, int64_t result, int64_t duration_ns, uint32_t stack);
    /* This thread is about to release or signal `object`, for which `waiters` threads wait. Sent before the
     * call. */
    void (*wake)(uint8_t reason, uint64_t object, uint32_t waiters, uint32_t stack);

    /* A system call returned (number as in <sys/syscall.h>; result or -errno). */
    void (*syscall)(int32_t number, int64_t result, int64_t duration_ns, uint32_t stack);
    /* A CPU sample that stands for weight_ns of this thread's CPU time. */
    void (*sample)(int64_t weight_ns, uint32_t stack);
    /* What the program tells of itself (preflame.h). Tasks are numbered by the process; 0: none. */
    void (*task_begin)(uint64_t task, uint64_t parent, const char *name, uint32_t stack);
    void (*task_end)(uint64_t task);
    void (*region_begin)(uint64_t task, const char *name, uint32_t stack);
    void (*region_end)(uint64_t task, const char *name);
    void (*user_log)(uint64_t task, const char *category, const char *message, uint32_t stack);
    void (*counter)(const char *name, double value);
    /* Counters of what was lost on our side, cumulative. */
    void (*loss)(uint64_t dropped_samples, uint64_t dropped_stacks, uint64_t truncated_stacks);

    /* This thread was torn out of a call of this table by a handler that never returns. Signal-safe. */
    void (*abandon)(void);
    void (*before_fork)(void *state); /* state: SINK_FORK_STATE bytes on the caller's stack */
    void (*after_fork_parent)(void *state);
    void (*after_fork_child)(void *state);

    /* The provider's first descriptor that isn't below `fd`, UINT_MAX without one: the program never opened
     * it. Needs no thread_init. */
    unsigned (*next_descriptor)(unsigned fd);
};

#define SINK_FORK_STATE 256

/* What the provider calls back; given to its entry. */
struct sink_host {
    /* A session started (or asked for a state dump): send process, modules and thread_status again, and every
     * stack again before its next use. Called in one of LTTng's own threads, under its lock: no dl* call, no
     * lock that is held around one. It may come before the entry returns, in the loading thread, when a
     * session is running already. */
    void (*session_started)(void);
};

/* The one symbol of the provider, found by dlsym. Returns NULL if it cannot serve. */
typedef const struct sink *(*sink_entry_fn)(const struct sink_host *host);
#define SINK_ENTRY "preflame_sink_entry"

#endif
