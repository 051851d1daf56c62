/* Loading the provider, and telling a fresh session what is already there. */
#include "boot/trace.h"

#include "base/clock.h"
#include "base/wait.h"
#include "boot/control.h"
#include "capture/stacks.h"
#include "pipeline/drain.h"
#include "pipeline/locks.h"
#include "pipeline/own_thread.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STACK_BYTES ((size_t)1024 * 1024) /* LTTng's constructors run on it */
#define FORK_WAIT_S 4 /* longer than LTTng waits for a session daemon while it is loaded */

static const struct engine_host *host;
static struct lock load_lock = LOCK_INITIALIZER(LOAD); /* loading against forking */
static _Alignas(16) unsigned char fork_state[SINK_FORK_STATE];
static atomic_bool is_load_passed; /* a fork waited in vain for this loading: the next ones don't wait */
static int64_t start_ns;
/* The keeper's: what was lost by the last event of it, and in which session that was sent. */
static struct losses sent;
static uint32_t sent_session;
static bool is_keeper_ready; /* it has entered the provider */
static bool is_forgotten;    /* this process is a copy of which its provider doesn't know */
/* How far it is with a provider that was asked for while the program runs. */
enum { ASK_NONE, ASK_WANTED, ASK_LOADING, ASK_FAILED };
static atomic_int asked;

static const struct sink *sink_now(void)
{
    return atomic_load_explicit(&host->state->sink, memory_order_acquire);
}

static void send_module(const struct module *module, void *context)
{
    const struct sink *sink = context;
    if (module->dead_epoch == UINT32_MAX)
        sink->module(module->low, module->high - module->low, module->file_offset, module->path,
                     module->build_id, module->build_id_len);
}

static void send_process(const struct sink *sink)
{
    char exe[PATH_MAX] = "", line[4096] = "";
    if (readlink("/proc/self/exe", exe, sizeof(exe) - 1) < 0)
        exe[0] = 0;
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? 0 : read(fd, line, sizeof(line) - 1);
    if (fd >= 0)
        close(fd);
    for (ssize_t i = 0; i + 1 < size; i++)
        line[i] = line[i] ? line[i] : ' ';
    sink->process((int32_t)getpid(), (int32_t)getppid(), start_ns, clock_mono_ns(), clock_real_ns(), exe,
                  line);
}

/* What the thread waits for now: a session tells of it, though it began before. Not by READS and WRITES,
 * which only the descriptor can tell apart: this thread sees the program's. */
static void send_status(const struct sink *sink, struct thread_slot *slot, int32_t tid)
{
    struct wait_state wait;
    struct stat status;
    uint32_t stack = 0;
    bool is_waiting = host->thread_waiting(slot, &wait, &stack);
    uint64_t pcs[STACK_FRAMES_MAX];
    uint32_t count = is_waiting ? stacks_read(host->state->stacks, stack, pcs, NULL) : 0;
    if (count)
        sink->stack(stack, pcs, count);
    int32_t reason = -1;
    if (is_waiting)
        reason = (int32_t)wait_reason_by_mode(
            wait.reason,
            wait.reason >= WAIT_READS && fstat((int)wait.object, &status) == 0 ? status.st_mode : 0);
    sink->thread_status(tid, atomic_load_explicit(&slot->pthread, memory_order_relaxed), reason,
                        is_waiting ? wait.object : 0, is_waiting ? wait.since_ns : 0, count ? stack : 0,
                        slot->name);
}

static void send_threads(const struct sink *sink)
{
    struct thread_table *threads = host->state->threads;
    uint32_t used = atomic_load_explicit(&threads->high_water, memory_order_acquire);
    for (uint32_t i = 0; i < used && i < THREAD_SLOTS; i++) {
        struct thread_slot *slot = &threads->slots[i];
        int32_t tid = atomic_load_explicit(&slot->tid, memory_order_relaxed);
        if (atomic_load_explicit(&slot->state, memory_order_acquire) == SLOT_LIVE && tid &&
            !slot->is_internal)
            send_status(sink, slot, tid);
    }
}

/* A session began: everything that was said before must be said again. In a thread of the provider's. */
static void session_started(void)
{
    const struct sink *sink = sink_now();
    if (!sink)
        return;
    lock_note(LOCK_RANK_PROVIDER);
    sink->thread_init();
    /* Release: stacks used from here on are sent again first. */
    atomic_fetch_add_explicit(&host->state->session, 1, memory_order_release);
    send_process(sink);
    /* The list as it is: refreshing it here, under the provider's lock, would take the loader's. The tick
     * refreshes. */
    host->modules_each(send_module, (void *)(uintptr_t)sink);
    send_threads(sink);
    lock_note_end(LOCK_RANK_PROVIDER);
}

static const struct sink_host sink_host = {.session_started = session_started};

void trace_init(const struct engine_host *the_host)
{
    host = the_host;
    start_ns = clock_mono_ns();
    atomic_store_explicit(host->traces_all_calls, host->options->traces_all_calls, memory_order_relaxed);
}

/* Samples are taken for a trace while a session wants them. */
static bool follow_session(const struct sink *sink)
{
    bool is_enabled = sink->is_enabled();
    control_trace_sampling(is_enabled && host->options->traces_cpu);
    return is_enabled;
}

static const struct sink *open_provider(void)
{
    char path[PATH_MAX + 32];
    snprintf(path, sizeof(path), "%s/libpreflame-lttng.so", host->library_dir);
    lock_note(LOCK_RANK_LOADER);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    lock_note_end(LOCK_RANK_LOADER);
    if (!library) {
        const char *why = dlerror();
        host->log(LOG_WARN, "no trace: %s; is liblttng-ust1 installed?", why ? why : path);
        return NULL;
    }
    sink_entry_fn entry = (sink_entry_fn)dlsym(library, SINK_ENTRY);
    const struct sink *sink = entry ? entry(&sink_host) : NULL;
    if (!sink || sink->version != SINK_VERSION) {
        host->log(LOG_WARN, "no trace: %s is of another version", path);
        return NULL;
    }
    return sink;
}

int trace_load(void)
{
    if (is_forgotten)
        return -ENOTSUP;
    lock_take(&load_lock);
    bool is_fresh = !sink_now();
    const struct sink *sink = is_fresh ? open_provider() : sink_now();
    if (sink && is_fresh) {
        sink->thread_init();
        host->trace_ready();
        atomic_store_explicit(&host->state->sink, sink, memory_order_release);
        atomic_fetch_or_explicit(&host->state->hooks_active, HOOK_TRACE, memory_order_release);
    }
    atomic_store(&is_load_passed, false);
    lock_leave(&load_lock);
    if (sink && is_fresh) {
        host->modules_refresh();
        session_started(); /* one may have begun while the provider registered itself */
        control_resume();
        (void)follow_session(sink);
    }
    return sink ? 0 : -ENOENT;
}

/* LTTng's threads look for a session daemon at once (hooks/sleeps.c). */
static void wake_listeners(void)
{
    atomic_store_explicit(&host->state->trace_asked_s, (uint32_t)(clock_mono_ns() / NS_PER_S),
                          memory_order_relaxed);
    syscall(SYS_futex, &host->state->trace_asked_s, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

int trace_ask(void)
{
    int none = ASK_NONE, failed = ASK_FAILED;
    if (is_forgotten)
        return -ENOTSUP;
    wake_listeners();
    if (sink_now())
        return 0;
    if (atomic_compare_exchange_strong(&asked, &failed, ASK_NONE))
        return -ENOENT;
    if (atomic_compare_exchange_strong(&asked, &none, ASK_WANTED))
        atomic_fetch_or_explicit(&host->state->hooks_active, HOOK_SETTLE, memory_order_release);
    return -EINPROGRESS;
}

static void *load_main(void *unused)
{
    prctl(PR_SET_NAME, "preflame-load");
    atomic_store(&asked, trace_load() ? ASK_FAILED : ASK_NONE);
    return unused;
}

void trace_settle(void)
{
    int wanted = ASK_WANTED;
    pthread_t thread;
    if (!atomic_compare_exchange_strong(&asked, &wanted, ASK_LOADING))
        return;
    if (own_thread_start(&thread, STACK_BYTES, load_main, NULL))
        atomic_store(&asked, ASK_FAILED);
    else
        pthread_detach(thread);
}

static void send_losses(const struct sink *sink)
{
    struct losses now;
    uint32_t session = atomic_load_explicit(&host->state->session, memory_order_acquire);
    if (session != sent_session)
        sent = (struct losses){0};
    sent_session = session;
    losses_read(host->state, &now);
    uint64_t truncated = now.truncated + now.failed + now.gated;
    now.dropped += now.unready;
    if (now.dropped == sent.dropped && now.stacks_full == sent.stacks_full && truncated == sent.truncated)
        return;
    sink->loss(now.dropped, now.stacks_full, truncated);
    sent = now;
    sent.truncated = truncated;
}

void trace_tick(bool modules_changed)
{
    const struct sink *sink = sink_now();
    if (!sink)
        return;
    if (!is_keeper_ready)
        sink->thread_init();
    is_keeper_ready = true;
    bool is_enabled = follow_session(sink);
    if (is_enabled && modules_changed)
        host->modules_each(send_module, (void *)(uintptr_t)sink);
    if (is_enabled)
        send_losses(sink);
}

/* A constructor that forks holds the loader's lock, for which a loading of the provider waits that holds
 * ours: then somebody must give in. */
void trace_before_fork(void)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += atomic_load(&is_load_passed) ? 0 : FORK_WAIT_S;
    bool is_had = lock_wait(&load_lock, &until);
    if (!is_had)
        atomic_store(&is_load_passed, true);
    if (is_had && sink_now()) {
        lock_note(LOCK_RANK_PROVIDER);
        sink_now()->before_fork(fork_state);
    }
}

void trace_after_fork_parent(void)
{
    if (!lock_is_held(&load_lock))
        return;
    if (sink_now()) {
        sink_now()->after_fork_parent(fork_state);
        lock_note_end(LOCK_RANK_PROVIDER);
    }
    lock_leave(&load_lock);
}

void trace_forget(void)
{
    is_forgotten = true;
    atomic_store(&asked, ASK_NONE);
    lock_renew(&load_lock);
}

void trace_after_fork_child(void)
{
    is_keeper_ready = false;
    start_ns = clock_mono_ns();
    if (!lock_is_held(&load_lock)) {
        trace_forget();
        return;
    }
    lock_renew(&load_lock);
    lock_note_end(LOCK_RANK_PROVIDER);
    atomic_store(&asked, ASK_NONE);
    if (sink_now())
        sink_now()->after_fork_child(fork_state);
}
