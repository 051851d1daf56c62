/* How a process is copied: fork, _Fork, vfork, clone, and the copies that libc knows nothing of. */
#include "hooks/forks.h"

#include "hooks/creation_gate.h"
#include "hooks/host.h"
#include "hooks/reals.h"
#include "hooks/single.h"
#include "hooks/tail_call.h"
#include "hooks/threads.h"
#include "hooks/vfork.h"

#include "capture/capture.h"
#include "capture/stacks.h"

#include <linux/sched.h>
#include <stdarg.h>
#include <string.h>

/* Around a fork no handler of the program's may run in this thread: it might fork itself, and libc or a trace
 * provider would wait for a lock that this thread holds. And a storm of signals, ours among them, would
 * restart the clone for ever. All signals, libc's own included. */
static uint64_t hold_all_signals(void)
{
    uint64_t all = UINT64_MAX, before = 0;
    syscall(SYS_rt_sigprocmask, (long)SIG_BLOCK, &all, &before, sizeof(before));
    return before;
}

static void release_signals(uint64_t before)
{
    syscall(SYS_rt_sigprocmask, (long)SIG_SETMASK, &before, NULL, sizeof(before));
}

/* Between the handlers of one fork. A thread's own: other libcs run them for several threads at once. */
static __thread uint64_t mask_before_fork __attribute__((tls_model("initial-exec")));
static __thread bool is_fork_told __attribute__((tls_model("initial-exec")));

static atomic_bool has_fork_handlers; /* somebody beside us registered some */

void forks_meet_copy(void)
{
    /* Inside preflame it is a library of ours that forked: nobody's. */
    if (process_is_unmet_copy() && !thread_self.guard && !thread_self.is_internal)
        TELL_HOST(after_fork_child, FORK_ALIEN);
}

void forks_finish(void)
{
    forks_meet_copy();
    if (capture.threads && !process_is_foreign())
        TELL_HOST_INSIDE(finish);
}

void forks_expect_kin(int kin)
{
    if (thread_self.kin != KIN_CLONE)
        thread_self.kin = (uint8_t)kin;
}

/* Is the copy that is about to be made the program's? Forks of preflame's own making, or of a library that it
 * loads (lttng-ust forks in its constructor), are nobody's. */
static bool fork_is_ours_to_tell(void)
{
    if (!capture.threads || thread_self.guard || thread_self.is_internal)
        return false;
    forks_meet_copy();
    return !process_is_foreign();
}

static void before_fork(void)
{
    is_fork_told = fork_is_ours_to_tell();
    if (!is_fork_told)
        return;
    mask_before_fork = hold_all_signals();
    TELL_HOST(before_fork);
    creation_gate_hold(); /* inside the engine's lock: one fork at a time */
}

static void after_fork_parent(void)
{
    if (!is_fork_told)
        return;
    is_fork_told = false;
    creation_gate_release();
    TELL_HOST(after_fork_parent);
    release_signals(mask_before_fork);
}

static void after_fork_child(void)
{
    if (!is_fork_told) /* it stays foreign, or is met later */
        return;
    is_fork_told = false;
    TELL_HOST(after_fork_child, FORK_TOLD);
    release_signals(mask_before_fork);
}

void forks_watch(void)
{
    /* Handlers, not only a hook of fork: they also see daemon() and forkpty(), which fork inside libc. */
    if (pthread_atfork(before_fork, after_fork_parent, after_fork_child) != 0)
        return;
    atomic_store_explicit(&has_fork_handlers, false, memory_order_relaxed);
}

EXPORT int __register_atfork(void (*before)(void), void (*parent)(void), void (*child)(void), void *object);
int __register_atfork(void (*before)(void), void (*parent)(void), void (*child)(void), void *object)
{
    if (!thread_self.guard)
        atomic_store_explicit(&has_fork_handlers, true, memory_order_relaxed);
    return real___register_atfork(before, parent, child, object);
}

/* Where the kernel has handlers return to: mov $15, %rax; syscall. Debuggers know it by these bytes too. */
static bool is_sigreturn(uint64_t pc)
{
    static const uint8_t code[] = {0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05};
    const struct module *module = module_find(&capture.modules, pc);
    return module && pc + sizeof(code) <= module->high &&
           memcmp((const void *)(uintptr_t)pc, code, sizeof(code)) == 0;
}

bool forks_are_in_handler(void)
{
    thread_self.guard++;
    bool is_in_handler = false;
    uint32_t stack = capture_here();
    struct scratch_hold *hold = stack ? &thread_self.slot->in_hook : NULL;
    struct scratch *scratch = hold ? scratch_take(capture.scratches, hold) : NULL;
    if (scratch) {
        uint64_t *pcs = scratch->walk.frames;
        uint32_t count = stacks_read(capture.stacks, stack, pcs, NULL);
        for (uint32_t i = 0; i < count && !is_in_handler; i++)
            is_in_handler = is_sigreturn(pcs[i]) || is_sigreturn(pcs[i] + 1);
        scratch_give(hold);
    }
    thread_self.guard--;
    return is_in_handler;
}

static void light_fork_ended(long pid, uint64_t mask)
{
    int error = errno;
    if (pid == 0)
        TELL_HOST(after_fork_child, FORK_LIGHT);
    release_signals(mask);
    errno = error;
}

static pid_t fork_lightly(void)
{
    uint64_t mask = hold_all_signals();
    pid_t pid = real__Fork();
    light_fork_ended(pid, mask);
    return pid;
}

long forks_copy_raw(long number, const long *arguments)
{
    bool is_told = fork_is_ours_to_tell();
    uint64_t mask = is_told ? hold_all_signals() : 0;
    long pid = real_syscall(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4]);
    if (is_told)
        light_fork_ended(pid, mask);
    return pid;
}

EXPORT pid_t _Fork(void)
{
    return fork_is_ours_to_tell() ? fork_lightly() : real__Fork();
}

/* In a program of one thread libc's fork takes no lock, so that it works in a handler that came in the middle
 * of malloc, or of fork. With a thread of ours it would take them all, and wait for itself. */
static bool fork_would_lock_up(void)
{
    if (thread_self.is_forking)
        return true;
    return single_thread() && !atomic_load_explicit(&has_fork_handlers, memory_order_relaxed) &&
           forks_are_in_handler();
}

EXPORT pid_t fork(void)
{
    if (!fork_is_ours_to_tell())
        return real_fork();
    if (fork_would_lock_up())
        return fork_lightly();
    thread_self.is_forking = true;
    pid_t pid = real_fork();
    thread_self.is_forking = false;
    return pid;
}

/* vfork can't be wrapped by a function that returns: mark the thread and go to libc's, which returns to our
 * caller. */
__asm__(TAIL_BEGIN(vfork) TAIL_RESOLVE(vfork) TAIL_SAVE
        "\tcall forks_expect_vfork\n" TAIL_RESTORE TAIL_END(vfork));

/* Called by the assembly above. */
__attribute__((used, visibility("hidden"))) void forks_expect_vfork(void);
void forks_expect_vfork(void)
{
    forks_expect_kin(KIN_VFORK);
}

typedef int (*clone_main_fn)(void *);

/* What a clone starts with, on top of its own stack. */
struct clone_start {
    clone_main_fn main;
    void *argument;
    uint64_t mask; /* of the parent before the clone */
    bool is_copy;  /* it has memory of its own */
    bool is_light;
};

static int clone_child(void *argument)
{
    const struct clone_start *start = argument;
    if (!start->is_copy) {
        thread_self.kin = KIN_CLONE; /* in TLS of its own (CLONE_SETTLS), or the parent's */
        return start->main(start->argument);
    }
    TELL_HOST(after_fork_child, start->is_light ? FORK_LIGHT : FORK_TOLD);
    release_signals(start->mask);
    int status = start->main(start->argument);
    threads_leave_raw(status);
    return status;
}

/* The optional arguments: libc hands them to the kernel whether or not a flag asks for them. */
struct clone_words {
    void *parent_tid, *tls, *child_tid;
};

static int clone_copy(struct clone_start *start, int flags, const struct clone_words *words)
{
    start->is_copy = true;
    start->is_light = !single_thread() || (flags & (CLONE_VFORK | CLONE_SETTLS));
    uint64_t mask = start->mask = hold_all_signals();
    bool is_light = start->is_light;
    if (!is_light)
        TELL_HOST(before_fork);
    int pid = real_clone(clone_child, start, flags, start, words->parent_tid, words->tls, words->child_tid);
    int error = errno;
    if (!is_light)
        TELL_HOST(after_fork_parent);
    release_signals(mask);
    errno = error;
    return pid;
}

static int clone_kin(struct clone_start *start, int flags, const struct clone_words *words)
{
    forks_expect_kin(flags & CLONE_VFORK ? KIN_VFORK : KIN_CLONE);
    clone_main_fn main = start->main;
    void *argument = start->argument;
    if (flags & CLONE_SETTLS)
        return real_clone(clone_child, start, flags, start, words->parent_tid, words->tls, words->child_tid);
    return real_clone(main, start, flags, argument, words->parent_tid, words->tls, words->child_tid);
}

EXPORT int clone(clone_main_fn main, void *stack, int flags, void *argument, ...)
{
    va_list list;
    va_start(list, argument);
    struct clone_words words;
    words.parent_tid = va_arg(list, void *);
    words.tls = va_arg(list, void *);
    words.child_tid = va_arg(list, void *);
    va_end(list);
    if (!main || !stack || (flags & CLONE_THREAD) || !fork_is_ours_to_tell())
        return real_clone(main, stack, flags, argument, words.parent_tid, words.tls, words.child_tid);
    struct clone_start *start = (struct clone_start *)(((uintptr_t)stack - sizeof(*start)) & ~(uintptr_t)15);
    *start = (struct clone_start){.main = main, .argument = argument};
    return flags & CLONE_VM ? clone_kin(start, flags, &words) : clone_copy(start, flags, &words);
}
