/* The preload's half of the composition: starts with the program, loads the engine, tells it how the process
 * goes on. */
#include "base/private_files.h"
#include "boot/api.h"
#include "boot/door.h"
#include "boot/options.h"
#include "boot/surroundings.h"
#include "capture/capture.h"
#include "capture/others.h"
#include "hooks/allocations.h"
#include "hooks/call.h"
#include "hooks/forks.h"
#include "hooks/host.h"
#include "hooks/loader.h"
#include "hooks/lock_order.h"
#include "hooks/reals.h"
#include "hooks/signals.h"
#include "hooks/single.h"
#include "hooks/threads.h"
#include "hooks/vfork.h"
#include "profilers/cpu.h"
#include "profilers/heap.h"
#include "profilers/waits.h"

#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

/* The tables, and what the engine, its libraries and its threads take. */
#define ADDRESS_SPACE_BYTES                                                                                  \
    (sizeof(struct thread_table) + sizeof(struct scratch_table) + sizeof(struct rule_table) +                \
     sizeof(struct stack_table) + sizeof(struct bucket_table) + sizeof(struct label_table) +                 \
     sizeof(struct live_table) + (32U << 20))
#define PLAIN_CALL_BYTES 64 /* more than libc's syscall() has up to its return */

static struct options options;
static struct engine_host host;
static const struct engine *engine;
static char library_dir[PATH_MAX];

/* Into the engine with the guard up: its calls are not the program's. */
#define ENTER(call)                                                                                          \
    do {                                                                                                     \
        if (engine) {                                                                                        \
            int error = errno, cancel;                                                                       \
            pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);                                         \
            thread_self.guard++;                                                                             \
            engine->call;                                                                                    \
            thread_self.guard--;                                                                             \
            pthread_setcancelstate(cancel, NULL);                                                            \
            errno = error;                                                                                   \
        }                                                                                                    \
    } while (0)

static void *map_zeroed(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

static bool make_state(void)
{
    struct thread_table *threads = map_zeroed(sizeof(*threads));
    capture.rules = map_zeroed(sizeof(*capture.rules));
    capture.stacks = map_zeroed(sizeof(*capture.stacks));
    capture.scratches = map_zeroed(sizeof(*capture.scratches));
    capture.buckets = map_zeroed(sizeof(*capture.buckets));
    capture.labels = map_zeroed(sizeof(*capture.labels));
    capture.live = map_zeroed(sizeof(*capture.live));
    if (!threads || !capture.rules || !capture.stacks || !capture.scratches || !capture.buckets ||
        !capture.labels || !capture.live)
        return false;
    capture.stacks->level_limit = stacks_levels_of(options_part_of_memory(&options, STACK_NODES));
    capture.buckets->limit = (uint32_t)options_part_of_memory(&options, BUCKETS_MAX);
    capture.live->level_limit = live_levels_of(options_part_of_memory(&options, LIVE_SETS));
    threads->slot_limit = (uint32_t)options_part_of_memory(&options, THREAD_SLOTS);
    /* Where the kernel can't, copies that nobody told of themselves stay foreign. */
    (void)madvise(&capture.hooks_active, STATE_PAGE_BYTES, MADV_WIPEONFORK);
    capture.threads = threads; /* from here on hooks know threads and signals */
    capture.cookie = (uintptr_t)&capture;
    atomic_store_explicit(&capture.pid, getpid(), memory_order_relaxed);
    threads_adopt_main();
    capture.modules.opens = &loader_opens;
    loader_refresh();
    const struct module *own = module_find(&capture.modules, (uint64_t)(uintptr_t)&make_state);
    capture.own_low = own ? own->low : 0;
    capture.own_high = own ? own->high : 0;
    capture.plain_low = (uint64_t)(uintptr_t)real_syscall;
    capture.plain_high = capture.plain_low + PLAIN_CALL_BYTES;
    const struct module *libc = module_find(&capture.modules, capture.plain_low);
    capture.libc_low = libc ? libc->low : 0;
    capture.libc_high = libc ? libc->high : 0;
    return true;
}

static bool find_library_dir(void)
{
    Dl_info info;
    if (!dladdr((void *)(uintptr_t)&find_library_dir, &info) || !info.dli_fname ||
        !realpath(info.dli_fname, library_dir))
        return false;
    char *slash = strrchr(library_dir, '/');
    if (!slash)
        return false;
    *slash = 0;
    return true;
}

/* Does the parent process run under preflame? Then our files are a child's. */
static bool parent_is_ours(void)
{
    static char text[65536]; /* stacks may be small */
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/environ", (int)getppid());
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    size_t size = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[size] = 0;
    for (const char *at = text; at < text + size; at += strlen(at) + 1) {
        if (strncmp(at, "LD_PRELOAD=", 11) == 0)
            return strstr(at, "libpreflame.so") != NULL;
    }
    return false;
}

static void load_engine(void)
{
    char path[PATH_MAX + 32];
    snprintf(path, sizeof(path), "%s/libpreflame-engine.so", library_dir);
    void *library = ((void *(*)(const char *, int))real_dlopen)(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    engine_entry_fn entry = library ? (engine_entry_fn)dlsym(library, ENGINE_ENTRY) : NULL;
    engine = entry ? entry(&host) : NULL;
    if (!engine)
        log_line(LOG_WARN, "no profiles: %s: %s", path, library ? "wrong version" : "cannot be loaded");
}

/* A child that was made lightly and has waited for nothing: its counts are worth a profile, but only the
 * program's own thread is there to write it, which must not have been interrupted. */
static void settle_to_end(void)
{
    uint32_t active = atomic_load_explicit(&capture.hooks_active, memory_order_relaxed);
    if ((active & HOOK_SETTLE) && !forks_are_in_handler()) {
        atomic_fetch_and_explicit(&capture.hooks_active, ~(uint32_t)HOOK_SETTLE, memory_order_relaxed);
        ENTER(settle(true));
    }
}

static void on_finish(void)
{
    settle_to_end();
    ENTER(finish());
}

static void on_checkpoint(void)
{
    ENTER(checkpoint());
}

static void on_before_fork(void)
{
    ENTER(before_fork());
}

static void on_after_fork_parent(void)
{
    ENTER(after_fork_parent());
}

/* What hooks have to do in a forked child. */
static void wake_hooks(enum fork_kind kind)
{
    uint32_t active = HOOK_IDLE | (waits_are_counted() ? HOOK_WAITS : 0U);
    if (atomic_load_explicit(&capture.sink, memory_order_relaxed))
        active |= HOOK_TRACE;
    if (engine && (kind == FORK_TOLD || (kind == FORK_LIGHT && single_thread())))
        active |= HOOK_SETTLE;
    atomic_store_explicit(&capture.hooks_active, active, memory_order_relaxed);
}

static void on_after_fork_child(enum fork_kind kind)
{
    if (process_is_sealed()) {
        atomic_store_explicit(&capture.hooks_active, HOOK_IDLE, memory_order_relaxed);
        return;
    }
    atomic_store_explicit(&capture.pid, getpid(), memory_order_relaxed);
    thread_self.kin = KIN_NONE;
    thread_self.is_forking = false;
    if (kind != FORK_TOLD) /* the provider hasn't been told, and never will be */
        atomic_store_explicit(&capture.sink, NULL, memory_order_relaxed);
    atomic_store_explicit(&capture.sampling.is_active, 0, memory_order_relaxed);
    cpu_forget_timers();
    threads_after_fork_child();
    loader_after_fork_child();
    wake_hooks(kind);
    ENTER(after_fork_child(kind != FORK_TOLD));
}

static void on_settle(void)
{
    atomic_fetch_and_explicit(&capture.hooks_active, ~(uint32_t)HOOK_SETTLE, memory_order_relaxed);
    ENTER(settle(false));
}

/* All that is known is written and said while it may be. */
static void on_seal(void)
{
    ENTER(last_thread_ended());
    atomic_store_explicit(&capture.sink, NULL, memory_order_release);
    cpu_stop();
    heap_start(0);
    atomic_store_explicit(&capture.hooks_active, HOOK_IDLE, memory_order_release);
    bool is_asked = options.profiles[0] || options.has_http;
    log_line(is_asked ? LOG_WARN : LOG_INFO, "off: the program restricts its own system calls from here on");
}

static void on_last_thread_ended(void)
{
    ENTER(last_thread_ended());
}

static bool enter_private_files(void)
{
    bool is_entered = private_files_enter();
    if (is_entered)
        log_apart();
    return is_entered;
}

static void set_trace_ready(void)
{
    thread_self.is_trace_ready = true;
}

/* Now and then while samples are taken: threads that nobody saw start, and our handler if it was replaced. */
static void look_around(void)
{
    (void)signals_keep_sampler();
    cpu_arm_strangers();
}

static void fill_host(void)
{
    host = (struct engine_host){
        .version = DOOR_VERSION,
        .state = &capture,
        .options = &options,
        .library_dir = library_dir,
        .is_child = parent_is_ours(),
        .log = log_line,
        .log_deliver = log_deliver,
        .private_files_enter = enter_private_files,
        .locks_held = lock_order_held,
        .locks_tell = lock_order_tell,
        .trace_ready = set_trace_ready,
        .modules_refresh = loader_refresh,
        .modules_each = loader_each_module,
        .module_opens = &loader_opens,
        .traces_all_calls = &call_traces_all,
        .cpu_start = cpu_start,
        .cpu_stop = cpu_stop,
        .look_around = look_around,
        .sampler_install = signals_install_sampler,
        .thread_waiting = others_waiting,
        .thread_stack = others_stack,
        .thread_ask = others_ask,
        .thread_answered = others_answered,
        .own_fatal = signals_own_fatal,
    };
    hooks_host = (struct hooks_host){
        .finish = on_finish,
        .checkpoint = on_checkpoint,
        .before_fork = on_before_fork,
        .after_fork_parent = on_after_fork_parent,
        .after_fork_child = on_after_fork_child,
        .settle = on_settle,
        .seal = on_seal,
        .last_thread_ended = on_last_thread_ended,
    };
}

static void start_heap(void)
{
    if (!options.heap_interval)
        return;
    heap_start(options.heap_interval);
    if (allocations_start())
        return;
    host.heap_bypass = allocations_bypass();
    bool is_wanted = strstr(options.profiles, "heap") || strstr(options.profiles, "allocs");
    log_line(is_wanted ? LOG_WARN : LOG_INFO,
             "no heap profile: malloc is that of %s, which comes before libpreflame.so", host.heap_bypass);
}

__attribute__((constructor)) static void preload_started(void)
{
    int error = errno;
    atomic_store_explicit(&capture.hooks_active, HOOK_IDLE, memory_order_relaxed);
    allocations_resolve();
    reals_resolve();
    log_init(LOG_WARN);
    if (getauxval(AT_SECURE))
        return;
    thread_self.guard++;
    options_read(&options);
    log_init(options.log);
    if (!options.is_off && surroundings_allow(ADDRESS_SPACE_BYTES) && find_library_dir() && make_state()) {
        fill_host();
        single_init();
        forks_watch();
        load_engine();
        waits_start(options.block_rate, options.mutex_fraction);
        start_heap();
        if (engine)
            engine->start();
        api_init(engine);
    }
    thread_self.guard--;
    errno = error;
}

/* Part of exit, and of a return from main: after the program's own atexit handlers. */
__attribute__((destructor)) static void preload_ended(void)
{
    forks_meet_copy();
    if (capture.threads && !process_is_foreign())
        on_finish();
}
