/* A thread's first and last steps, however it takes them, and the process' end with its last thread. */
#include "hooks/threads.h"

#include "hooks/creation_gate.h"
#include "hooks/forks.h"
#include "hooks/host.h"
#include "hooks/inside.h"
#include "hooks/locks.h"
#include "hooks/reals.h"
#include "hooks/single.h"
#include "hooks/vfork.h"
#include "profilers/cpu.h"

#include <sys/prctl.h>

extern void *__libc_stack_end; /* ld.so's: where the first thread's stack begins */

/* 0 where it may not be asked for. */
static int32_t own_tid(void)
{
    return process_is_sealed() ? 0 : (int32_t)syscall(SYS_gettid);
}

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
    sink->thread_start((uint64_t)pthread_self(), slot->parent_tid, thread_slot_entry(slot), slot->name);
    inside_end(&inside);
}

void thread_began(struct thread_slot *slot)
{
    thread_self.slot = slot;
    thread_self.tid = own_tid();
    thread_self.is_internal = slot->is_internal;
    /* Before the program's function runs: see id_of_child. */
    atomic_store_explicit(&slot->pthread, (uint64_t)pthread_self(), memory_order_release);
    /* glibc keeps the thread's descriptor above its stack; stack_low holds the size that the creator asked
     * for. */
    slot->stack_high = (uintptr_t)pthread_self() & ~(uintptr_t)7;
    slot->stack_low = slot->stack_high - slot->stack_low;
    atomic_store_explicit(&slot->tid, thread_self.tid, memory_order_release);
    if (!process_is_sealed())
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

/* Whoever joins the thread is woken by its end, when nothing is left on its stack but what it began with. */
static void tell_joiner(const struct thread_slot *slot)
{
    const void *self = (const void *)pthread_self();
    uint64_t entry = thread_slot_entry(slot);
    if (hooks_watch_locks() && contention_waiting(self))
        locks_release(WAIT_JOIN, self, false, entry ? capture_marked(0, entry) : 0);
}

void thread_expected(int32_t threads)
{
    atomic_fetch_add_explicit(&program_threads, threads, memory_order_acq_rel);
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

void thread_ended(void *argument)
{
    struct thread_slot *slot = argument;
    bool is_internal = slot->is_internal;
    if (!is_internal) {
        tell_joiner(slot);
        tell_ended();
    }
    cpu_settle_self(slot);
    cpu_disarm_self(slot);
    waits_unpublish();
    /* Cancelled in the middle of a walk, perhaps: dlclose would wait for it for ever. */
    atomic_store_explicit(&slot->in_capture, 0, memory_order_release);
    scratch_give(&slot->in_hook);
    thread_self.is_ended = !is_internal;
    thread_self.is_internal = true;
    thread_self.slot = NULL;
    thread_slot_leave(capture.threads, slot);
    if (!is_internal && atomic_fetch_sub_explicit(&program_threads, 1, memory_order_acq_rel) == 1)
        last_thread_ended();
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
void threads_adopt_main(void)
{
    struct thread_slot *slot = thread_slot_take(capture.threads);
    if (!slot)
        return;
    thread_self.slot = slot;
    thread_self.tid = own_tid();
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
        if (slot != thread_self.slot) {
            scratch_give(&slot->in_hook);
            scratch_give(&slot->in_handler);
        }
        atomic_store_explicit(&slot->wait.sequence, 0, memory_order_relaxed);
        if (atomic_load_explicit(&slot->state, memory_order_relaxed) == SLOT_FREE)
            continue;
        atomic_store_explicit(&slot->holders, 1, memory_order_relaxed); /* creators stayed behind too */
        if (slot != thread_self.slot)
            thread_slot_leave(capture.threads, slot);
    }
    contention_forget();
    creation_gate_forget();
    /* The child's only thread is its first one, wherever it began. */
    atomic_store_explicit(&program_threads, 1, memory_order_relaxed);
    atomic_store_explicit(&is_main_doomed, false, memory_order_relaxed);
    thread_self.tid = own_tid();
    if (thread_self.slot)
        atomic_store_explicit(&thread_self.slot->tid, thread_self.tid, memory_order_relaxed);
}
