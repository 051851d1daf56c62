/* The event catalogue of the LTTng provider `preflame`: one event a function of struct sink. Expanded many
 * times by LTTng's own headers, so it holds nothing but event definitions. Names and field names are the
 * trace's contract. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER preflame

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "tracepoints/provider.h"

#if !defined(PREFLAME_TRACEPOINTS_PROVIDER_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define PREFLAME_TRACEPOINTS_PROVIDER_H

#include "base/wait.h"

#include <lttng/tracepoint.h>
#include <stdint.h>

/* The tables below read best one field a line. */
/* clang-format off */

/* The rows of base/wait.h, so that readers show names and there is no second list. */
#define PREFLAME_WAIT_REASON_VALUE(symbol, value, name) lttng_ust_field_enum_value(name, value)
LTTNG_UST_TRACEPOINT_ENUM(preflame, wait_reason,
    LTTNG_UST_TP_ENUM_VALUES(WAIT_REASONS(PREFLAME_WAIT_REASON_VALUE)))

/* ---- state: what the process is made of; sent again when a session starts ---- */

/* The process that a session meets, or a new image of it after exec. */
LTTNG_UST_TRACEPOINT_EVENT(preflame, process,
    LTTNG_UST_TP_ARGS(int32_t, pid, int32_t, ppid, int64_t, start_ns, int64_t, mono_ns, int64_t, real_ns,
                      const char *, exe, const char *, cmdline),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(int32_t, pid, pid) /* its number, as its own namespace counts */
        lttng_ust_field_integer(int32_t, ppid, ppid) /* its parent's */
        lttng_ust_field_integer(int64_t, start_ns, start_ns) /* CLOCK_MONOTONIC when preflame began in it, ns */
        lttng_ust_field_integer(int64_t, mono_ns, mono_ns) /* CLOCK_MONOTONIC at this event, ns */
        lttng_ust_field_integer(int64_t, real_ns, real_ns) /* CLOCK_REALTIME at the same moment, ns */
        lttng_ust_field_string(exe, exe) /* path of its executable */
        lttng_ust_field_string(cmdline, cmdline) /* its words, separated by blanks */
    ))

/* One executable segment of a loaded object; a later one at the same place replaces it. */
LTTNG_UST_TRACEPOINT_EVENT(preflame, module,
    LTTNG_UST_TP_ARGS(uint64_t, base, uint64_t, size, uint64_t, file_offset, const char *, path,
                      const uint8_t *, build_id, uint8_t, build_id_len),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer_hex(uint64_t, base, base) /* address of its first byte */
        lttng_ust_field_integer(uint64_t, size, size) /* bytes */
        lttng_ust_field_integer_hex(uint64_t, file_offset, file_offset) /* of base in the file, bytes */
        lttng_ust_field_string(path, path) /* of the object's file, `[vdso]` for the kernel's own */
        lttng_ust_field_sequence_hex(uint8_t, build_id, build_id, uint8_t, build_id_len) /* of GNU, empty without */
    ))

/* An entry of the dictionary of stacks: sent before, or soon after, the first event that names it. */
LTTNG_UST_TRACEPOINT_EVENT(preflame, stack,
    LTTNG_UST_TP_ARGS(uint32_t, id, const uint64_t *, pcs, uint16_t, count),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint32_t, id, id) /* its number, of this process */
        lttng_ust_field_sequence_hex(uint64_t, pcs, pcs, uint16_t, count) /* leaf first, callers less one; below 16: markers */
    ))

/* pthread_create or thrd_create has returned, in the creator. */
LTTNG_UST_TRACEPOINT_EVENT(preflame, thread_create,
    LTTNG_UST_TP_ARGS(uint64_t, pthread, uint64_t, entry, int32_t, result, uint32_t, stack),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer_hex(uint64_t, pthread, pthread) /* the pthread_t, 0 when it failed */
        lttng_ust_field_integer_hex(uint64_t, entry, entry) /* address of the start function */
        lttng_ust_field_integer(int32_t, result, result) /* what the call returned */
        lttng_ust_field_integer(uint32_t, stack, stack) /* of the creator */
    ))

/* A thread begins, in itself. */
LTTNG_UST_TRACEPOINT_EVENT(preflame, thread_start,
    LTTNG_UST_TP_ARGS(uint64_t, pthread, int32_t, parent_tid, uint64_t, entry, const char *, name),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer_hex(uint64_t, pthread, pthread) /* its pthread_t */
        lttng_ust_field_integer(int32_t, parent_tid, parent_tid) /* its creator's thread number */
        lttng_ust_field_integer_hex(uint64_t, entry, entry) /* address of the start function */
        lttng_ust_field_string(name, name) /* as the kernel knows it */
    ))

/* A thread ends, in itself. */
LTTNG_UST_TRACEPOINT_EVENT(preflame, thread_exit,
    LTTNG_UST_TP_ARGS(uint64_t, pthread),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer_hex(uint64_t, pthread, pthread) /* its pthread_t */
    ))

/* A thread was given a name. */
LTTNG_UST_TRACEPOINT_EVENT(preflame, thread_name,
    LTTNG_UST_TP_ARGS(int32_t, tid, const char *, name),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(int32_t, tid, tid) /* whose */
        lttng_ust_field_string(name, name) /* the name */
    ))

/* pthread_detach has been called. */
LTTNG_UST_TRACEPOINT_EVENT(preflame, thread_detach,
    LTTNG_UST_TP_ARGS(uint64_t, pthread),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer_hex(uint64_t, pthread, pthread) /* of whom */
    ))

/* A thread that lives when the session starts. */
LTTNG_UST_TRACEPOINT_EVENT(preflame, thread_status,
    LTTNG_UST_TP_ARGS(int32_t, tid, uint64_t, pthread, int32_t, reason, uint64_t, object, int64_t, since_ns,
                      uint32_t, stack, const char *, name),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(int32_t, tid, tid) /* its number */
        lttng_ust_field_integer_hex(uint64_t, pthread, pthread) /* its pthread_t */
        lttng_ust_field_integer(int32_t, reason, reason) /* why it waits, -1: not known to */
        lttng_ust_field_integer_hex(uint64_t, object, object) /* what it waits for, as in block */
        lttng_ust_field_integer(int64_t, since_ns, since_ns) /* CLOCK_MONOTONIC at the beginning of its wait, ns */
        lttng_ust_field_integer(uint32_t, stack, stack) /* where it waits */
        lttng_ust_field_string(name, name) /* as the kernel knows it */
    ))

/* What preflame itself has dropped so far, whenever that grows. What the tracer dropped, the tracer counts. */
LTTNG_UST_TRACEPOINT_EVENT(preflame, loss,
    LTTNG_UST_TP_ARGS(uint64_t, dropped_samples, uint64_t, dropped_stacks, uint64_t, truncated_stacks),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint64_t, dropped_samples, dropped_samples) /* CPU samples that found no place */
        lttng_ust_field_integer(uint64_t, dropped_stacks, dropped_stacks) /* that found no room */
        lttng_ust_field_integer(uint64_t, truncated_stacks, truncated_stacks) /* cut, or not walked to their start */
    ))

/* ---- core: who waits for what, and who ends the wait ---- */

/* The thread is about to wait. Only calls that wait as a rule, and contended locks, tell before. */
LTTNG_UST_TRACEPOINT_EVENT(preflame, block,
    LTTNG_UST_TP_ARGS(uint8_t, reason, uint64_t, object, int64_t, timeout_ns, uint32_t, stack),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_enum(preflame, wait_reason, uint8_t, reason, reason) /* why */
        lttng_ust_field_integer_hex(uint64_t, object, object) /* address of the lock, or the descriptor, or 0 */
        lttng_ust_field_integer(int64_t, timeout_ns, timeout_ns) /* how long at most, ns; -1: for ever */
        lttng_ust_field_integer(uint32_t, stack, stack) /* where */
    ))

/* A wait is over. For a call that works at times, only what it was off the CPU, and only from 20 us on. */
LTTNG_UST_TRACEPOINT_EVENT(preflame, unblock,
    LTTNG_UST_TP_ARGS(uint8_t, reason, uint64_t, object, int64_t, result, int64_t, duration_ns, uint32_t, stack),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_enum(preflame, wait_reason, uint8_t, reason, reason) /* why it waited */
        lttng_ust_field_integer_hex(uint64_t, object, object) /* as in block */
        lttng_ust_field_integer(int64_t, result, result) /* the call's result, or minus errno */
        lttng_ust_field_integer(int64_t, duration_ns, duration_ns) /* how long until now, ns */
        lttng_ust_field_integer(uint32_t, stack, stack) /* where */
    ))

/* Somebody may go on: by a release, signal, post, last arrival, thread's end or write. Recorded before the call. */
LTTNG_UST_TRACEPOINT_EVENT(preflame, wake,
    LTTNG_UST_TP_ARGS(uint8_t, reason, uint64_t, object, uint32_t, waiters, uint32_t, stack),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_enum(preflame, wait_reason, uint8_t, reason, reason) /* of those that wait */
        lttng_ust_field_integer_hex(uint64_t, object, object) /* what they wait for, as in block */
        lttng_ust_field_integer(uint32_t, waiters, waiters) /* how many may go on */
        lttng_ust_field_integer(uint32_t, stack, stack) /* where it is released */
    ))

/* A call by way of libc into the kernel has returned, after 20 us and more, or any if all are wanted. */
LTTNG_UST_TRACEPOINT_EVENT(preflame, syscall,
    LTTNG_UST_TP_ARGS(int32_t, number, int64_t, result, int64_t, duration_ns, uint32_t, stack),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(int32_t, number, number) /* as in <sys/syscall.h> for x86-64 */
        lttng_ust_field_integer(int64_t, result, result) /* the call's result, or minus errno */
        lttng_ust_field_integer(int64_t, duration_ns, duration_ns) /* how long, ns */
        lttng_ust_field_integer(uint32_t, stack, stack) /* where */
    ))

/* ---- user: what the program tells by preflame.h ---- */

/* preflame_task_begin: a piece of work that may go through several threads. */
LTTNG_UST_TRACEPOINT_EVENT(preflame, task_begin,
    LTTNG_UST_TP_ARGS(uint64_t, task, uint64_t, parent, const char *, name, uint32_t, stack),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint64_t, task, task) /* its number, of this process */
        lttng_ust_field_integer(uint64_t, parent, parent) /* the task that it is part of, 0: none */
        lttng_ust_field_string(name, name) /* what kind of work */
        lttng_ust_field_integer(uint32_t, stack, stack) /* where */
    ))

/* preflame_task_end, in whatever thread. */
LTTNG_UST_TRACEPOINT_EVENT(preflame, task_end,
    LTTNG_UST_TP_ARGS(uint64_t, task),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint64_t, task, task) /* as in task_begin */
    ))

/* preflame_region_begin: the thread does something from here on. */
LTTNG_UST_TRACEPOINT_EVENT(preflame, region_begin,
    LTTNG_UST_TP_ARGS(uint64_t, task, const char *, name, uint32_t, stack),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint64_t, task, task) /* for this task, 0: none */
        lttng_ust_field_string(name, name) /* what it does */
        lttng_ust_field_integer(uint32_t, stack, stack) /* where */
    ))

/* preflame_region_end: the thread's last open region of that task and name is over. */
LTTNG_UST_TRACEPOINT_EVENT(preflame, region_end,
    LTTNG_UST_TP_ARGS(uint64_t, task, const char *, name),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint64_t, task, task) /* as in region_begin */
        lttng_ust_field_string(name, name) /* as in region_begin */
    ))

/* preflame_log. */
LTTNG_UST_TRACEPOINT_EVENT(preflame, log,
    LTTNG_UST_TP_ARGS(uint64_t, task, const char *, category, const char *, message, uint32_t, stack),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint64_t, task, task) /* of this task, 0: none */
        lttng_ust_field_string(category, category) /* what it is about */
        lttng_ust_field_string(message, message) /* what the program says */
        lttng_ust_field_integer(uint32_t, stack, stack) /* where */
    ))

/* preflame_counter: a quantity of the process, as it is from here on. */
LTTNG_UST_TRACEPOINT_EVENT(preflame, counter,
    LTTNG_UST_TP_ARGS(const char *, name, double, value),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_string(name, name) /* of what */
        lttng_ust_field_float(double, value, value) /* how much */
    ))

/* ---- hot: many a second ---- */

/* A CPU sample: the thread was running. */
LTTNG_UST_TRACEPOINT_EVENT(preflame, sample,
    LTTNG_UST_TP_ARGS(int64_t, weight_ns, uint32_t, stack),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(int64_t, weight_ns, weight_ns) /* CPU time that it stands for, ns */
        lttng_ust_field_integer(uint32_t, stack, stack) /* where */
    ))

/* Log levels, so that `lttng enable-event --loglevel` also selects by volume: few and structural first. */
LTTNG_UST_TRACEPOINT_LOGLEVEL(preflame, loss, LTTNG_UST_TRACEPOINT_LOGLEVEL_WARNING)
LTTNG_UST_TRACEPOINT_LOGLEVEL(preflame, process, LTTNG_UST_TRACEPOINT_LOGLEVEL_INFO)
LTTNG_UST_TRACEPOINT_LOGLEVEL(preflame, module, LTTNG_UST_TRACEPOINT_LOGLEVEL_INFO)
LTTNG_UST_TRACEPOINT_LOGLEVEL(preflame, stack, LTTNG_UST_TRACEPOINT_LOGLEVEL_INFO)
LTTNG_UST_TRACEPOINT_LOGLEVEL(preflame, thread_create, LTTNG_UST_TRACEPOINT_LOGLEVEL_INFO)
LTTNG_UST_TRACEPOINT_LOGLEVEL(preflame, thread_start, LTTNG_UST_TRACEPOINT_LOGLEVEL_INFO)
LTTNG_UST_TRACEPOINT_LOGLEVEL(preflame, thread_exit, LTTNG_UST_TRACEPOINT_LOGLEVEL_INFO)
LTTNG_UST_TRACEPOINT_LOGLEVEL(preflame, thread_name, LTTNG_UST_TRACEPOINT_LOGLEVEL_INFO)
LTTNG_UST_TRACEPOINT_LOGLEVEL(preflame, thread_detach, LTTNG_UST_TRACEPOINT_LOGLEVEL_INFO)
LTTNG_UST_TRACEPOINT_LOGLEVEL(preflame, thread_status, LTTNG_UST_TRACEPOINT_LOGLEVEL_INFO)
LTTNG_UST_TRACEPOINT_LOGLEVEL(preflame, task_begin, LTTNG_UST_TRACEPOINT_LOGLEVEL_INFO)
LTTNG_UST_TRACEPOINT_LOGLEVEL(preflame, task_end, LTTNG_UST_TRACEPOINT_LOGLEVEL_INFO)
LTTNG_UST_TRACEPOINT_LOGLEVEL(preflame, region_begin, LTTNG_UST_TRACEPOINT_LOGLEVEL_INFO)
LTTNG_UST_TRACEPOINT_LOGLEVEL(preflame, region_end, LTTNG_UST_TRACEPOINT_LOGLEVEL_INFO)
LTTNG_UST_TRACEPOINT_LOGLEVEL(preflame, log, LTTNG_UST_TRACEPOINT_LOGLEVEL_INFO)
LTTNG_UST_TRACEPOINT_LOGLEVEL(preflame, counter, LTTNG_UST_TRACEPOINT_LOGLEVEL_INFO)
LTTNG_UST_TRACEPOINT_LOGLEVEL(preflame, block, LTTNG_UST_TRACEPOINT_LOGLEVEL_DEBUG_SYSTEM)
LTTNG_UST_TRACEPOINT_LOGLEVEL(preflame, unblock, LTTNG_UST_TRACEPOINT_LOGLEVEL_DEBUG_SYSTEM)
LTTNG_UST_TRACEPOINT_LOGLEVEL(preflame, wake, LTTNG_UST_TRACEPOINT_LOGLEVEL_DEBUG_SYSTEM)
LTTNG_UST_TRACEPOINT_LOGLEVEL(preflame, syscall, LTTNG_UST_TRACEPOINT_LOGLEVEL_DEBUG_SYSTEM)
LTTNG_UST_TRACEPOINT_LOGLEVEL(preflame, sample, LTTNG_UST_TRACEPOINT_LOGLEVEL_DEBUG_FUNCTION)

/* clang-format on */

#endif

#include <lttng/tracepoint-event.h>
