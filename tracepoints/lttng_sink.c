/* The sink that LTTng-UST answers: each function records one event of provider.h in the calling thread.
 * Nothing but base and <lttng/...> is included here, and only preflame_sink_entry is exported. */
#define LTTNG_UST_COMPAT_API_VERSION 1
#define LTTNG_UST_TRACEPOINT_HIDDEN_DEFINITION
#define LTTNG_UST_TRACEPOINT_PROVIDER_HIDDEN_DEFINITION
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "tracepoints/provider.h"

#include "tracepoints/descriptors.h"

#include "base/compiler.h"
#include "base/sink.h"

#include <errno.h>
#include <lttng/urcu/urcu-ust.h>
#include <lttng/ust-fork.h>
#include <lttng/ust-thread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#define MAX_BUILD_ID 255 /* bytes; real ones are 8 to 32 */

/* Records one event if a session wants it. errno stays the program's: LTTng may make system calls. */
#define EMIT(name, ...)                                                                                      \
    do {                                                                                                     \
        if (UNLIKELY(lttng_ust_tracepoint_enabled(preflame, name))) {                                        \
            int saved_errno = errno;                                                                         \
            lttng_ust_do_tracepoint(preflame, name, __VA_ARGS__);                                            \
            errno = saved_errno;                                                                             \
        }                                                                                                    \
    } while (0)

/* Set once by preflame_sink_entry before the callback is registered, so LTTng's threads need no lock to read
 * it. */
static const struct sink_host *sink_host;

static bool sink_is_enabled(void)
{
    /* A session that we make enables `process`: one load. One made by hand may enable any single event. */
    return lttng_ust_tracepoint_enabled(preflame, process) || lttng_ust_tracepoint_enabled(preflame, block) ||
           lttng_ust_tracepoint_enabled(preflame, unblock) || lttng_ust_tracepoint_enabled(preflame, wake) ||
           lttng_ust_tracepoint_enabled(preflame, syscall) ||
           lttng_ust_tracepoint_enabled(preflame, sample) || lttng_ust_tracepoint_enabled(preflame, module) ||
           lttng_ust_tracepoint_enabled(preflame, stack) ||
           lttng_ust_tracepoint_enabled(preflame, thread_create) ||
           lttng_ust_tracepoint_enabled(preflame, thread_start) ||
           lttng_ust_tracepoint_enabled(preflame, thread_exit) ||
           lttng_ust_tracepoint_enabled(preflame, thread_name) ||
           lttng_ust_tracepoint_enabled(preflame, thread_detach) ||
           lttng_ust_tracepoint_enabled(preflame, thread_status) ||
           lttng_ust_tracepoint_enabled(preflame, task_begin) ||
           lttng_ust_tracepoint_enabled(preflame, task_end) ||
           lttng_ust_tracepoint_enabled(preflame, region_begin) ||
           lttng_ust_tracepoint_enabled(preflame, region_end) ||
           lttng_ust_tracepoint_enabled(preflame, log) || lttng_ust_tracepoint_enabled(preflame, counter) ||
           lttng_ust_tracepoint_enabled(preflame, loss);
}

static void sink_thread_init(void)
{
    int saved_errno = errno;
    lttng_ust_init_thread();
    /* init_thread of LTTng 2.13 leaves RCU's registration (a mutex, mmap, pthread_setspecific) to the
     * thread's first event, which might be in a signal handler. An empty read section does it here. */
    if (LTTNG_UST_TP_RCU_LINK_TEST()) {
        lttng_ust_tp_rcu_read_lock();
        lttng_ust_tp_rcu_read_unlock();
    }
    errno = saved_errno;
}

static void sink_process(int32_t pid, int32_t ppid, int64_t start_mono_ns, int64_t mono_ns, int64_t real_ns,
                         const char *exe, const char *cmdline)
{
    EMIT(process, pid, ppid, start_mono_ns, mono_ns, real_ns, exe, cmdline);
}

static void sink_module(uint64_t base, uint64_t size, uint64_t file_offset, const char *path,
                        const uint8_t *build_id, size_t build_id_len)
{
    uint8_t len = (uint8_t)(build_id_len > MAX_BUILD_ID ? MAX_BUILD_ID : build_id_len);
    EMIT(module, base, size, file_offset, path, build_id, len);
}

static void sink_stack(uint32_t id, const uint64_t *pcs, size_t count)
{
    uint16_t len = (uint16_t)(count > UINT16_MAX ? UINT16_MAX : count);
    EMIT(stack, id, pcs, len);
}

static void sink_thread_create(uint64_t pthread, uint64_t entry, int32_t result, uint32_t stack)
{
    EMIT(thread_create, pthread, entry, result, stack);
}

static void sink_thread_start(uint64_t pthread, int32_t parent_tid, uint64_t entry, const char *name)
{
    EMIT(thread_start, pthread, parent_tid, entry, name);
}

static void sink_thread_exit(uint64_t pthread)
{
    EMIT(thread_exit, pthread);
}

static void sink_thread_name(int32_t tid, const char *name)
{
    EMIT(thread_name, tid, name);
}

static void sink_thread_detach(uint64_t pthread)
{
    EMIT(thread_detach, pthread);
}

static void sink_thread_status(int32_t tid, uint64_t pthread, int32_t reason, uint64_t object,
                               int64_t since_ns, uint32_t stack, const char *name)
{
    EMIT(thread_status, tid, pthread, reason, object, since_ns, stack, name);
}

static void sink_block(uint8_t reason, uint64_t object, int64_t timeout_ns, uint32_t stack)
{
    EMIT(block, reason, object, timeout_ns, stack);
}

static void sink_unblock(uint8_t reason, uint64_t object, int64_t result, int64_t duration_ns, uint32_t stack)
{
    EMIT(unblock, reason, object, result, duration_ns, stack);
}

static void sink_wake(uint8_t reason, uint64_t object, uint32_t waiters, uint32_t stack)
{
    EMIT(wake, reason, object, waiters, stack);
}

static void sink_syscall(int32_t number, int64_t result, int64_t duration_ns, uint32_t stack)
{
    EMIT(syscall, number, result, duration_ns, stack);
}

static void sink_sample(int64_t weight_ns, uint32_t stack)
{
    EMIT(sample, weight_ns, stack);
}

static void sink_task_begin(uint64_t task, uint64_t parent, const char *name, uint32_t stack)
{
    EMIT(task_begin, task, parent, name, stack);
}

static void sink_task_end(uint64_t task)
{
    EMIT(task_end, task);
}

static void sink_region_begin(uint64_t task, const char *name, uint32_t stack)
{
    EMIT(region_begin, task, name, stack);
}

static void sink_region_end(uint64_t task, const char *name)
{
    EMIT(region_end, task, name);
}

static void sink_user_log(uint64_t task, const char *category, const char *message, uint32_t stack)
{
    EMIT(log, task, category, message, stack);
}

static void sink_counter(const char *name, double value)
{
    EMIT(counter, name, value);
}

static void sink_loss(uint64_t dropped_samples, uint64_t dropped_stacks, uint64_t truncated_stacks)
{
    EMIT(loss, dropped_samples, dropped_stacks, truncated_stacks);
}

_Static_assert(sizeof(sigset_t) <= SINK_FORK_STATE, "the fork state holds LTTng's saved signal mask");

/* What waits for readers, at the latest LTTng's destructor in `exit`, would wait for ever for this one. The
 * event under way is lost. */
static void sink_abandon(void)
{
    while (lttng_ust_urcu_read_ongoing())
        lttng_ust_urcu_read_unlock();
}

static void sink_before_fork(void *state)
{
    int saved_errno = errno;
    lttng_ust_before_fork(state);
    errno = saved_errno;
}

static void sink_after_fork_parent(void *state)
{
    int saved_errno = errno;
    lttng_ust_after_fork_parent(state);
    errno = saved_errno;
}

static void sink_after_fork_child(void *state)
{
    int saved_errno = errno;
    lttng_ust_after_fork_child(state);
    errno = saved_errno;
}

static const struct sink lttng_sink = {
    .version = SINK_VERSION,
    .is_enabled = sink_is_enabled,
    .thread_init = sink_thread_init,
    .process = sink_process,
    .module = sink_module,
    .stack = sink_stack,
    .thread_create = sink_thread_create,
    .thread_start = sink_thread_start,
    .thread_exit = sink_thread_exit,
    .thread_name = sink_thread_name,
    .thread_detach = sink_thread_detach,
    .thread_status = sink_thread_status,
    .block = sink_block,
    .unblock = sink_unblock,
    .wake = sink_wake,
    .syscall = sink_syscall,
    .sample = sink_sample,
    .task_begin = sink_task_begin,
    .task_end = sink_task_end,
    .region_begin = sink_region_begin,
    .region_end = sink_region_end,
    .user_log = sink_user_log,
    .counter = sink_counter,
    .loss = sink_loss,
    .abandon = sink_abandon,
    .before_fork = sink_before_fork,
    .after_fork_parent = sink_after_fork_parent,
    .after_fork_child = sink_after_fork_child,
    .next_descriptor = descriptors_next,
};

struct lttng_ust_session; /* LTTng's own, opaque */

/* The end of LTTng's own state dump of one session: its events are enabled by now. Runs in LTTng's listener
 * thread, which holds LTTng's lock. */
static void statedump_ended(void *data, struct lttng_ust_session *session)
{
    (void)data;
    (void)session;
    sink_thread_init();
    sink_host->session_started();
}

const struct sink *preflame_sink_entry(const struct sink_host *host);

EXPORT const struct sink *preflame_sink_entry(const struct sink_host *host)
{
    if (!host || !host->session_started || sink_host)
        return NULL; /* one host a process: a second would steal the first one's callbacks */
    sink_host = host;
    /* The signature is LTTng's own text of that event's arguments; another one would be refused with a
     * warning. */
    int status =
        lttng_ust_tracepoint_provider_register("lttng_ust_statedump", "end", (void (*)(void))statedump_ended,
                                               NULL, "struct lttng_ust_session *, session");
    if (status) {
        sink_host = NULL;
        return NULL;
    }
    /* A session that already ran had its state dump while LTTng was loading, before anybody listened. */
    if (sink_is_enabled())
        host->session_started();
    return &lttng_sink;
}
