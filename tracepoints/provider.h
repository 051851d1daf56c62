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

LTTNG_UST_TRACEPOINT_EVENT(preflame, process,
    LTTNG_UST_TP_ARGS(int32_t, pid, int32_t, ppid, int64_t, start_ns, int64_t, mono_ns, int64_t, real_ns,
                      const char *, exe, const char *, cmdline),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(int32_t, pid, pid)
        lttng_ust_field_integer(int32_t, ppid, ppid)
        lttng_ust_field_integer(int64_t, start_ns, start_ns)
        lttng_ust_field_integer(int64_t, mono_ns, mono_ns)
        lttng_ust_field_integer(int64_t, real_ns, real_ns)
        lttng_ust_field_string(exe, exe)
        lttng_ust_field_string(cmdline, cmdline)
    ))

LTTNG_UST_TRACEPOINT_EVENT(preflame, module,
    LTTNG_UST_TP_ARGS(uint64_t, base, uint64_t, size, uint64_t, file_offset, const char *, path,
                      const uint8_t *, build_id, uint8_t, build_id_len),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer_hex(uint64_t, base, base)
        lttng_ust_field_integer(uint64_t, size, size)
        lttng_ust_field_integer_hex(uint64_t, file_offset, file_offset)
        lttng_ust_field_string(path, path)
        lttng_ust_field_sequence_hex(uint8_t, build_id, build_id, uint8_t, build_id_len)
    ))

LTTNG_UST_TRACEPOINT_EVENT(preflame, stack,
    LTTNG_UST_TP_ARGS(uint32_t, id, const uint64_t *, pcs, uint16_t, count),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint32_t, id, id)
        lttng_ust_field_sequence_hex(uint64_t, pcs, pcs, uint16_t, count)
    ))

LTTNG_UST_TRACEPOINT_EVENT(preflame, thread_create,
    LTTNG_UST_TP_ARGS(uint64_t, pthread, uint64_t, entry, int32_t, result, uint32_t, stack),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer_hex(uint64_t, pthread, pthread)
        lttng_ust_field_integer_hex(uint64_t, entry, entry)
        lttng_ust_field_integer(int32_t, result, result)
        lttng_ust_field_integer(uint32_t, stack, stack)
    ))

LTTNG_UST_TRACEPOINT_EVENT(preflame, thread_start,
    LTTNG_UST_TP_ARGS(uint64_t, pthread, int32_t, parent_tid, uint64_t, entry, const char *, name),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer_hex(uint64_t, pthread, pthread)
        lttng_ust_field_integer(int32_t, parent_tid, parent_tid)
        lttng_ust_field_integer_hex(uint64_t, entry, entry)
        lttng_ust_field_string(name, name)
    ))

LTTNG_UST_TRACEPOINT_EVENT(preflame, thread_exit,
    LTTNG_UST_TP_ARGS(uint64_t, pthread),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer_hex(uint64_t, pthread, pthread)
    ))

LTTNG_UST_TRACEPOINT_EVENT(preflame, thread_name,
    LTTNG_UST_TP_ARGS(int32_t, tid, const char *, name),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(int32_t, tid, tid)
        lttng_ust_field_string(name, name)
    ))

LTTNG_UST_TRACEPOINT_EVENT(preflame, thread_detach,
    LTTNG_UST_TP_ARGS(uint64_t, pthread),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer_hex(uint64_t, pthread, pthread)
    ))

/* reason is a number, not the enumeration: -1 says that the thread isn't known to wait. */
LTTNG_UST_TRACEPOINT_EVENT(preflame, thread_status,
    LTTNG_UST_TP_ARGS(int32_t, tid, uint64_t, pthread, int32_t, reason, uint64_t, object, int64_t, since_ns,
                      uint32_t, stack, const char *, name),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(int32_t, tid, tid)
        lttng_ust_field_integer_hex(uint64_t, pthread, pthread)
        lttng_ust_field_integer(int32_t, reason, reason)
        lttng_ust_field_integer_hex(uint64_t, object, object)
        lttng_ust_field_integer(int64_t, since_ns, since_ns)
        lttng_ust_field_integer(uint32_t, stack, stack)
        lttng_ust_field_string(name, name)
    ))

LTTNG_UST_TRACEPOINT_EVENT(preflame, loss,
    LTTNG_UST_TP_ARGS(uint64_t, dropped_samples, uint64_t, dropped_stacks, uint64_t, truncated_stacks),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint64_t, dropped_samples, dropped_samples)
        lttng_ust_field_integer(uint64_t, dropped_stacks, dropped_stacks)
        lttng_ust_field_integer(uint64_t, truncated_stacks, truncated_stacks)
    ))

/* ---- core: who waits for what, and who ends the wait ---- */

LTTNG_UST_TRACEPOINT_EVENT(preflame, block,
    LTTNG_UST_TP_ARGS(uint8_t, reason, uint64_t, object, int64_t, timeout_ns, uint32_t, stack),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_enum(preflame, wait_reason, uint8_t, reason, reason)
        lttng_ust_field_integer_hex(uint64_t, object, object)
        lttng_ust_field_integer(int64_t, timeout_ns, timeout_ns)
        lttng_ust_field_integer(uint32_t, stack, stack)
    ))

LTTNG_UST_TRACEPOINT_EVENT(preflame, unblock,
    LTTNG_UST_TP_ARGS(uint8_t, reason, uint64_t, object, int64_t, result, int64_t, duration_ns, uint32_t, stack),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_enum(preflame, wait_reason, uint8_t, reason, reason)
        lttng_ust_field_integer_hex(uint64_t, object, object)
        lttng_ust_field_integer(int64_t, result, result)
        lttng_ust_field_integer(int64_t, duration_ns, duration_ns)
        lttng_ust_field_integer(uint32_t, stack, stack)
    ))

LTTNG_UST_TRACEPOINT_EVENT(preflame, wake,
    LTTNG_UST_TP_ARGS(uint8_t, reason, uint64_t, object, uint32_t, waiters, uint32_t, stack),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_enum(preflame, wait_reason, uint8_t, reason, reason)
        lttng_ust_field_integer_hex(uint64_t, object, object)
        lttng_ust_field_integer(uint32_t, waiters, waiters)
        lttng_ust_field_integer(uint32_t, stack, stack)
    ))

LTTNG_UST_TRACEPOINT_EVENT(preflame, syscall,
    LTTNG_UST_TP_ARGS(int32_t, number, int64_t, result, int64_t, duration_ns, uint32_t, stack),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(int32_t, number, number)
        lttng_ust_field_integer(int64_t, result, result)
        lttng_ust_field_integer(int64_t, duration_ns, duration_ns)
        lttng_ust_field_integer(uint32_t, stack, stack)
    ))

/* ---- hot: many a second ---- */

LTTNG_UST_TRACEPOINT_EVENT(preflame, sample,
    LTTNG_UST_TP_ARGS(int64_t, weight_ns, uint32_t, stack),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(int64_t, weight_ns, weight_ns)
        lttng_ust_field_integer(uint32_t, stack, stack)
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
LTTNG_UST_TRACEPOINT_LOGLEVEL(preflame, block, LTTNG_UST_TRACEPOINT_LOGLEVEL_DEBUG_SYSTEM)
LTTNG_UST_TRACEPOINT_LOGLEVEL(preflame, unblock, LTTNG_UST_TRACEPOINT_LOGLEVEL_DEBUG_SYSTEM)
LTTNG_UST_TRACEPOINT_LOGLEVEL(preflame, wake, LTTNG_UST_TRACEPOINT_LOGLEVEL_DEBUG_SYSTEM)
LTTNG_UST_TRACEPOINT_LOGLEVEL(preflame, syscall, LTTNG_UST_TRACEPOINT_LOGLEVEL_DEBUG_SYSTEM)
LTTNG_UST_TRACEPOINT_LOGLEVEL(preflame, sample, LTTNG_UST_TRACEPOINT_LOGLEVEL_DEBUG_FUNCTION)

/* clang-format on */

#endif

#include <lttng/tracepoint-event.h>
