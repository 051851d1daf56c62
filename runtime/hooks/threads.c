/* pthread_create and its kin: every thread starts in our trampoline, which makes it known and sees it end. */
#include "hooks/threads.h"

#include "base/clock.h"
#include "capture/memory.h"
#include "hooks/call.h"
#include "hooks/forks.h"
#include "hooks/host.h"
#include "hooks/inside.h"
#include "hooks/reals.h"
#include "hooks/signals.h"
#include "hooks/single.h"
#include "hooks/vfork.h"
#include "profilers/contention.h"
#include "profilers/cpu.h"

#include <string.h>
#include <sys/prctl.h>

extern void *__libc_stack_end; /* ld.so's: where the first thread's stack begins */

static _Atomic uint64_t main_pthread;       /* the first thread */
static atomic_bool is_main_doomed;          /* it was cancelled, and counted as gone */
static _Atomic int32_t program_threads = 1; /* threads of the program: the process ends with the last */

static void tell_started(const struct thread_slot *slot)
{
    const struct sink *sink = call_sink();
    if (!sink)
        return;
    struct inside inside;
    inside_begin(&inside);
    uint64_t entry = slot->start ? (uint64_t)(uintptr_t)slot->start : (uint64_t)(uintptr_t)slot->start_c11;
    sink->thread_start((uint64_t)pthread_self(), slot->parent_tid, entry, slot->name);
    inside_end(&inside);
}

static void thread_began(struct thread_slot *slot)
{
    thread_self.slot = slot;
    thread_self.tid = (int32_t)syscall(SYS_gettid);
    thread_self.is_internal = slot->is_internal;
    /* Before the program's function runs: see id_of_child. */
    atomic_store_explicit(&slot->pthread, (uint64_t)pthread_self(), memory_order_release);
    /* glibc keeps the thread's descriptor above its stack; stack_low holds the size that the creator asked
     * for. */
    slot->stack_high = (uintptr_t)pthread_self() & ~(uintptr_t)7;
    slot->stack_low = slot->stack_high - slot->stack_low;
    atomic_store_explicit(&slot->tid, thread_self.tid, memory_order_release);
    prctl(PR_GET_NAME, slot->name); /* who names it from here on sees that it has begun */
    if (slot->is_internal)
        return;
    tell_started(slot);
    cpu_arm_self(slot);
}

static void tell_ended(void)
{
    const struct sink *sink = call_sink();
    if (!sink)
        return;
    struct inside inside;
    inside_begin(&inside);
    sink->thread_exit((uint64_t)pthread_self());
    inside_end(&inside);
}

/* A trace provider's threads never end, and would keep a process alive whose last thread has: end it as libc
 * would. */
static void exit_for_last(void *unused)
{
    (void)unused;
    ((leave_fn)real_exit)(0);
}

static void last_thread_ended(void)
{
    static pthread_key_t key;
    TELL_HOST(last_thread_ended);
    /* A key made now has the highest number: its destructor runs after the program's. */
    if (atomic_load_explicit(&capture.sink, memory_order_acquire) &&
        pthread_key_create(&key, exit_for_last) == 0)
        pthread_setspecific(key, &key);
}

/* Runs when the thread returns, calls pthread_exit or is cancelled. Whatever it does later (destructors of
 * its thread-specific data) is not recorded. */
static void thread_ended(void *argument)
{
    struct thread_slot *slot = argument;
    bool is_internal = slot->is_internal;
    if (!is_internal)
        tell_ended();
    cpu_settle_self(slot);
    cpu_disarm_self(slot);
    waits_unpublish();
    /* Cancelled in the middle of a walk, perhaps: dlclose would wait for it for ever. */
    atomic_store_explicit(&slot->in_capture, 0, memory_order_release);
    thread_self.is_ended = !is_internal;
    thread_self.is_internal = true;
    thread_self.slot = NULL;
    thread_slot_leave(capture.threads, slot);
    if (!is_internal && atomic_fetch_sub_explicit(&program_threads, 1, memory_order_acq_rel) == 1)
        last_thread_ended();
}

static void *trampoline(void *argument)
{
    struct thread_slot *slot = argument;
    void *(*start)(void *) = slot->start;
    void *start_argument = slot->start_argument;
    void *result;
    thread_began(slot);
    pthread_cleanup_push(thread_ended, slot);
    result = start(start_argument);
    pthread_cleanup_pop(1);
    return result;
}

static int trampoline_c11(void *argument)
{
    struct thread_slot *slot = argument;
    int (*start)(void *) = slot->start_c11;
    void *start_argument = slot->start_argument;
    int result;
    thread_began(slot);
    pthread_cleanup_push(thread_ended, slot);
    result = start(start_argument);
    pthread_cleanup_pop(1);
    return result;
}

static size_t stack_size_of(const pthread_attr_t *attributes)
{
    size_t size = 0;
    if (attributes && pthread_attr_getstacksize(attributes, &size) == 0 && size)
        return size;
    struct rlimit limit = {.rlim_cur = RLIM_INFINITY};
    getrlimit(RLIMIT_STACK, &limit);
    return limit.rlim_cur == RLIM_INFINITY ? (size_t)8 << 20 : (size_t)limit.rlim_cur;
}

/* A slot for a thread about to be created, or NULL: then it runs without being known. */
static struct thread_slot *slot_for_child(const pthread_attr_t *attributes)
{
    if (!capture.threads)
        return NULL;
    forks_meet_copy();
    struct thread_slot *slot = thread_slot_take(capture.threads);
    if (!slot)
        return NULL;
    slot->is_internal = thread_self.is_internal || thread_self.guard;
    if (!slot->is_internal)
        single_no_more();
    slot->parent_tid = thread_self.tid;
    slot->stack_low = stack_size_of(attributes);
    if (!slot->is_internal)
        atomic_fetch_add_explicit(&program_threads, 1, memory_order_acq_rel);
    return slot;
}

static void child_failed(struct thread_slot *slot)
{
    if (!slot->is_internal)
        atomic_fetch_sub_explicit(&program_threads, 1, memory_order_acq_rel);
    thread_slot_leave(capture.threads, slot);
}

/* The id of a thread just made, whose slot we hold. Where libc put it may be freed by the thread as soon as
 * it runs; and it says its id before that. */
static uint64_t id_of_child(const pthread_t *thread, const struct thread_slot *slot)
{
    uint64_t there = 0;
    uint64_t told = atomic_load_explicit(&slot->pthread, memory_order_acquire);
    if (told)
        return told;
    bool is_there = memory_read((uint64_t)(uintptr_t)thread, &there, sizeof(there));
    told = atomic_load_explicit(&slot->pthread, memory_order_acquire);
    return told ? told : is_there ? there : 0;
}

/* The profile `threadcreate`: always counted, since a thread costs far more than its stack. */
static void count_created(bool is_created)
{
    if (!is_created || thread_self.is_internal || thread_self.guard || process_is_foreign())
        return;
    int error = errno;
    thread_self.guard++;
    struct bucket_key key = {
        .kind = BUCKET_THREADCREATE, .stack = capture_here(), .labels = thread_self.labels};
    struct bucket *bucket = bucket_of(capture.buckets, &key);
    if (bucket)
        bucket_add(bucket, 0, 1);
    thread_self.guard--;
    errno = error;
}

static void thread_created(bool is_created)
{
    /* glibc takes our signal back with a process' first thread; Go's runtime is there from its second on. */
    if (hooks_are_sampled())
        signals_keep_sampler();
    count_created(is_created);
}

static void tell_created(const pthread_t *thread, const struct thread_slot *slot, uint64_t entry, int result)
{
    const struct sink *sink = hooks_are_traced() ? call_sink() : NULL;
    if (!sink)
        return;
    int error = errno;
    struct inside inside;
    inside_begin(&inside);
    uint64_t id = result ? 0 : id_of_child(thread, slot);
    uint32_t stack = capture_here();
    capture_send_stack(sink, stack);
    sink->thread_create(id, entry, result, stack);
    inside_end(&inside);
    errno = error;
}

/* glibc frees a cached stack's dynamic TLS, which a provider has and the program may not, before it forgets
 * it: a fork meanwhile makes the child free it again (get_cached_stack, reclaim_stacks in glibc 2.36). */
static _Atomic int32_t creations;
static atomic_bool is_creation_held;

#define CREATION_WAIT_NS INT64_C(100000000)

static void wait_for_creations(void)
{
    int64_t end_ns = clock_mono_ns() + CREATION_WAIT_NS; /* this thread may have been interrupted in one */
    while (atomic_load(&creations) && clock_mono_ns() < end_ns)
        syscall(SYS_sched_yield);
}

void threads_hold_creation(void)
{
    if (!atomic_load_explicit(&capture.sink, memory_order_relaxed))
        return;
    atomic_store(&is_creation_held, true);
    wait_for_creations();
}

void threads_release_creation(void)
{
    atomic_store(&is_creation_held, false);
}

/* Counts itself in; steps back while a fork goes on, unless that waits for this very thread. */
static void begin_creation(void)
{
    int64_t end_ns = 0;
    for (;;) {
        atomic_fetch_add(&creations, 1);
        if (LIKELY(!atomic_load(&is_creation_held)))
            return;
        int64_t now_ns = clock_mono_ns();
        end_ns = end_ns ? end_ns : now_ns + 2 * CREATION_WAIT_NS;
        if (now_ns > end_ns)
            return;
        atomic_fetch_sub(&creations, 1);
        syscall(SYS_sched_yield);
    }
}

static int create_with_libc(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                            void *argument)
{
    begin_creation();
    int result = real_pthread_create(thread, attributes, start, argument);
    atomic_fetch_sub(&creations, 1);
    return result;
}

EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                          void *argument)
{
    struct thread_slot *slot = slot_for_child(attributes);
    if (!slot)
        return create_with_libc(thread, attributes, start, argument);
    slot->start = start;
    slot->start_argument = argument;
    thread_slot_hold(slot);
    int result = create_with_libc(thread, attributes, trampoline, slot);
    if (result)
        child_failed(slot);
    thread_created(!result);
    tell_created(thread, slot, (uint64_t)(uintptr_t)start, result);
    thread_slot_leave(capture.threads, slot);
    return result;
}

EXPORT int thrd_create(thrd_t *thread, thrd_start_t start, void *argument)
{
    struct thread_slot *slot = slot_for_child(NULL);
    if (!slot)
        return real_thrd_create(thread, start, argument);
    slot->start_c11 = start;
    slot->start_argument = argument;
    thread_slot_hold(slot);
    begin_creation();
    int result = real_thrd_create(thread, trampoline_c11, slot);
    atomic_fetch_sub(&creations, 1);
    if (result != thrd_success)
        child_failed(slot);
    thread_created(result == thrd_success);
    tell_created(thread, slot, (uint64_t)(uintptr_t)start, result);
    thread_slot_leave(capture.threads, slot);
    return result;
}

static COLD int recorded_join(pthread_t thread, void **value)
{
    struct call call;
    call_begin(&call, WAIT_JOIN, (uint64_t)thread, WAITS, -1, PLACE_HERE);
    int result = real_pthread_join(thread, value);
    call_end(&call, NO_SYSCALL, -(int64_t)result);
    return result;
}

EXPORT int pthread_join(pthread_t thread, void **value)
{
    return LIKELY(!hooks_watch_locks()) ? real_pthread_join(thread, value) : recorded_join(thread, value);
}

static COLD int recorded_thrd_join(thrd_t thread, int *value)
{
    struct call call;
    call_begin(&call, WAIT_JOIN, (uint64_t)thread, WAITS, -1, PLACE_HERE);
    int result = real_thrd_join(thread, value);
    call_end(&call, NO_SYSCALL, -(int64_t)result);
    return result;
}

EXPORT int thrd_join(thrd_t thread, int *value)
{
    return LIKELY(!hooks_watch_locks()) ? real_thrd_join(thread, value) : recorded_thrd_join(thread, value);
}

EXPORT int pthread_detach(pthread_t thread)
{
    const struct sink *sink = hooks_are_traced() ? call_sink() : NULL;
    if (sink) {
        struct inside inside;
        inside_begin(&inside);
        sink->thread_detach((uint64_t)thread);
        inside_end(&inside);
    }
    return real_pthread_detach(thread);
}

/* The first thread has no trampoline: its end is seen here. */
static void main_thread_leaves(void)
{
    struct thread_slot *slot = thread_self.slot;
    if (!slot || thread_self.is_internal || slot->start || slot->start_c11 || slot->is_foreign)
        return;
    if (atomic_exchange(&is_main_doomed, true)) /* counted as gone already: thread_ended counts it again */
        atomic_fetch_add_explicit(&program_threads, 1, memory_order_acq_rel);
    thread_ended(slot);
}

void threads_leave_raw(int status)
{
    forks_meet_copy();
    struct thread_slot *slot = thread_self.slot;
    if (!slot || thread_self.is_internal || process_is_foreign())
        return;
    bool is_last = atomic_load_explicit(&program_threads, memory_order_relaxed) == 1;
    thread_ended(slot);
    if (is_last) /* the kernel might see another, a trace provider's */
        real_syscall(SYS_exit_group, (long)status);
}

/* Cancelling the first thread unwinds it inside libc, where nobody tells us: count it as gone now. If it
 * never acts on it, at worst our own threads end before it does. */
EXPORT int pthread_cancel(pthread_t thread)
{
    single_no_more(); /* the only thread may cancel itself: from here on its calls have to look */
    if ((uint64_t)thread == atomic_load_explicit(&main_pthread, memory_order_relaxed) &&
        !atomic_exchange(&is_main_doomed, true) &&
        atomic_fetch_sub_explicit(&program_threads, 1, memory_order_acq_rel) == 1)
        last_thread_ended();
    return real_pthread_cancel(thread);
}

EXPORT void pthread_exit(void *value)
{
    main_thread_leaves();
    reals_resolve();
    ((leave_with_fn)real_pthread_exit)(value);
}

EXPORT void thrd_exit(int value)
{
    main_thread_leaves();
    reals_resolve();
    ((leave_fn)real_thrd_exit)(value);
}

EXPORT int pthread_setname_np(pthread_t thread, const char *name)
{
    int result = real_pthread_setname_np(thread, name);
    if (result || !capture.threads)
        return result;
    uint32_t used = atomic_load_explicit(&capture.threads->high_water, memory_order_acquire);
    for (uint32_t i = 0; i < used && i < THREAD_SLOTS; i++) {
        struct thread_slot *slot = &capture.threads->slots[i];
        if (atomic_load_explicit(&slot->pthread, memory_order_relaxed) != (uint64_t)thread ||
            atomic_load_explicit(&slot->state, memory_order_acquire) != SLOT_LIVE)
            continue;
        int32_t tid = atomic_load_explicit(&slot->tid, memory_order_acquire);
        strncpy(slot->name, name, sizeof(slot->name) - 1);
        const struct sink *sink = tid && hooks_are_traced() ? call_sink() : NULL;
        if (sink) {
            struct inside inside;
            inside_begin(&inside);
            sink->thread_name(tid, slot->name);
            inside_end(&inside);
        }
        break;
    }
    return result;
}

void threads_adopt_main(void)
{
    struct thread_slot *slot = thread_slot_take(capture.threads);
    if (!slot)
        return;
    thread_self.slot = slot;
    thread_self.tid = (int32_t)syscall(SYS_gettid);
    atomic_store_explicit(&slot->pthread, (uint64_t)pthread_self(), memory_order_relaxed);
    atomic_store_explicit(&main_pthread, (uint64_t)pthread_self(), memory_order_relaxed);
    slot->stack_high = (uintptr_t)__libc_stack_end & ~(uintptr_t)7;
    struct rlimit limit = {.rlim_cur = RLIM_INFINITY};
    getrlimit(RLIMIT_STACK, &limit);
    size_t size = limit.rlim_cur == RLIM_INFINITY ? (size_t)8 << 20 : (size_t)limit.rlim_cur;
    slot->stack_low = slot->stack_high > size ? slot->stack_high - size : 0;
    prctl(PR_GET_NAME, slot->name);
    atomic_store_explicit(&slot->tid, thread_self.tid, memory_order_release);
}

void threads_after_fork_child(void)
{
    uint32_t used = atomic_load_explicit(&capture.threads->high_water, memory_order_acquire);
    for (uint32_t i = 0; i < used && i < THREAD_SLOTS; i++) {
        struct thread_slot *slot = &capture.threads->slots[i];
        if (slot != thread_self.slot &&
            atomic_load_explicit(&slot->state, memory_order_relaxed) == SLOT_FREE &&
            !atomic_load_explicit(&slot->in_capture, memory_order_relaxed))
            continue; /* untouched: its pages stay the parent's */
        atomic_store_explicit(&slot->ring.tail, atomic_load_explicit(&slot->ring.head, memory_order_relaxed),
                              memory_order_relaxed);
        atomic_store_explicit(&slot->ring.dropped, 0, memory_order_relaxed);
        atomic_store_explicit(&slot->in_capture, 0, memory_order_relaxed);
        atomic_store_explicit(&slot->wait.sequence, 0, memory_order_relaxed);
        if (atomic_load_explicit(&slot->state, memory_order_relaxed) == SLOT_FREE)
            continue;
        atomic_store_explicit(&slot->holders, 1, memory_order_relaxed); /* creators stayed behind too */
        if (slot != thread_self.slot)
            thread_slot_leave(capture.threads, slot);
    }
    contention_forget();
    atomic_store(&creations, 0);
    atomic_store(&is_creation_held, false);
    /* The child's only thread is its first one, wherever it began. */
    atomic_store_explicit(&program_threads, 1, memory_order_relaxed);
    atomic_store_explicit(&is_main_doomed, false, memory_order_relaxed);
    thread_self.tid = (int32_t)syscall(SYS_gettid);
    if (thread_self.slot)
        atomic_store_explicit(&thread_self.slot->tid, thread_self.tid, memory_order_relaxed);
}
