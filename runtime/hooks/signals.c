/* sigaction, signal and the masks: the program never sees our handler, and never blocks our signal. */
#include "hooks/signals.h"

#include "capture/sample_handler.h"
#include "hooks/reals.h"
#include "hooks/vfork.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#define SIGNALS 65

typedef void (*handler_fn)(int, siginfo_t *, void *);

/* The program's handlers, by signal: ours stands before them to count them (an EINTR is ours only if none
 * ran). */
static _Atomic(handler_fn) program_handlers[SIGNALS];

/* What the program set for our own signal; the kernel has sample_handler. Whole words change one by one: a
 * program that sets a handler while its signal arrives races with itself. */
static struct sigaction sampler_view;
static atomic_bool is_sampler_installed;

static _Atomic uint64_t fatal_signals; /* bit by number: default means on_fatal first */
static void (*fatal_action)(void);

static void counted_handler(int number, siginfo_t *info, void *context)
{
    handler_fn handler = atomic_load_explicit(&program_handlers[number], memory_order_acquire);
    thread_self.app_signals++;
    if (handler)
        handler(number, info, context);
}

/* Faults belong to the instruction that made them: nothing stands between, and no call is interrupted by
 * them. */
static bool is_fault(int number)
{
    return number == SIGSEGV || number == SIGBUS || number == SIGILL || number == SIGFPE ||
           number == SIGTRAP || number == SIGSYS;
}

static void die_of(int number)
{
    struct sigaction standard;
    memset(&standard, 0, sizeof(standard));
    standard.sa_handler = SIG_DFL;
    real_sigaction(number, &standard, NULL);
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, number);
    real_pthread_sigmask(SIG_UNBLOCK, &one, NULL);
    syscall(SYS_tgkill, (long)getpid(), (long)syscall(SYS_gettid), (long)number);
}

static void fatal_handler(int number, siginfo_t *info, void *context)
{
    (void)info;
    (void)context;
    int error = errno;
    if (fatal_action && !process_is_foreign())
        fatal_action();
    errno = error;
    die_of(number);
}

/* A signal of our number that isn't ours goes where the program wants it. */
static void foreign_sample_signal(int number, siginfo_t *info, void *context)
{
    handler_fn handler = sampler_view.sa_sigaction;
    if (thread_self.is_signal_blocked) {
        thread_self.is_signal_pending = true;
        return;
    }
    if (sampler_view.sa_handler == SIG_DFL)
        die_of(number);
    else if (sampler_view.sa_handler != SIG_IGN) {
        thread_self.app_signals++;
        handler(number, info, context);
    }
}

static void set_sampler(int extra_flags, struct sigaction *old)
{
    struct sigaction ours;
    memset(&ours, 0, sizeof(ours));
    ours.sa_sigaction = sample_handler;
    ours.sa_flags = SA_SIGINFO | SA_RESTART | extra_flags;
    sigfillset(&ours.sa_mask);
    real_sigaction(SAMPLE_SIGNAL, &ours, old);
}

void signals_install_sampler(void)
{
    if (atomic_exchange(&is_sampler_installed, true))
        return;
    sample_foreign = foreign_sample_signal;
    set_sampler(0, &sampler_view);
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, SAMPLE_SIGNAL);
    real_pthread_sigmask(SIG_UNBLOCK, &one, NULL);
}

static bool is_fatal_owned(int number)
{
    return atomic_load_explicit(&fatal_signals, memory_order_acquire) >> number & 1;
}

static void set_fatal(struct sigaction *action)
{
    memset(action, 0, sizeof(*action));
    action->sa_sigaction = fatal_handler;
    action->sa_flags = SA_SIGINFO | SA_RESTART;
    sigfillset(&action->sa_mask);
    sigdelset(&action->sa_mask, SAMPLE_SIGNAL);
}

void signals_own_fatal(const int *numbers, void (*on_fatal)(void))
{
    fatal_action = on_fatal;
    for (; *numbers; numbers++) {
        struct sigaction now, ours;
        atomic_fetch_or_explicit(&fatal_signals, UINT64_C(1) << *numbers, memory_order_release);
        set_fatal(&ours);
        if (real_sigaction(*numbers, NULL, &now) == 0 && now.sa_handler == SIG_DFL)
            real_sigaction(*numbers, &ours, NULL);
    }
}

/* What the kernel says of a signal, in the program's terms. */
static void translate_old(int number, struct sigaction *old, handler_fn program)
{
    if (old->sa_sigaction == counted_handler)
        old->sa_sigaction = program;
    else if (old->sa_sigaction == fatal_handler) {
        memset(old, 0, sizeof(*old));
        old->sa_handler = SIG_DFL;
    }
    (void)number;
}

static int program_sigaction(int number, const struct sigaction *wanted, struct sigaction *old)
{
    if (number == SAMPLE_SIGNAL) {
        signals_install_sampler();
        struct sigaction next = wanted ? *wanted : sampler_view;
        if (old)
            *old = sampler_view;
        sampler_view = next;
        /* Who wants this signal on the alternate stack has stacks too small for any handler: Go's runtime
         * does. */
        if (wanted)
            set_sampler(wanted->sa_flags & SA_ONSTACK, NULL);
        return 0;
    }
    if (number <= 0 || number >= SIGNALS || is_fault(number))
        return real_sigaction(number, wanted, old);
    handler_fn before = atomic_load_explicit(&program_handlers[number], memory_order_acquire);
    struct sigaction ours;
    if (wanted) {
        ours = *wanted;
        sigdelset(&ours.sa_mask, SAMPLE_SIGNAL);
        if (wanted->sa_handler == SIG_DFL && is_fatal_owned(number)) {
            set_fatal(&ours);
        } else if (wanted->sa_handler != SIG_DFL && wanted->sa_handler != SIG_IGN) {
            atomic_store_explicit(&program_handlers[number], wanted->sa_sigaction, memory_order_release);
            ours.sa_sigaction = counted_handler;
        }
    }
    int result = real_sigaction(number, wanted ? &ours : NULL, old);
    if (result != 0)
        atomic_store_explicit(&program_handlers[number], before, memory_order_release);
    else if (old)
        translate_old(number, old, before);
    return result;
}

EXPORT int sigaction(int number, const struct sigaction *wanted, struct sigaction *old)
{
    /* A vfork child changes its own dispositions, but our table is its parent's. */
    if (!capture.threads || vfork_is_child())
        return real_sigaction(number, wanted, old);
    return program_sigaction(number, wanted, old);
}

EXPORT sighandler_t signal(int number, sighandler_t handler)
{
    struct sigaction wanted, old;
    memset(&wanted, 0, sizeof(wanted));
    wanted.sa_handler = handler;
    wanted.sa_flags = SA_RESTART;
    sigaddset(&wanted.sa_mask, number);
    if (handler == SIG_ERR || number <= 0 || number >= SIGNALS) {
        errno = EINVAL;
        return SIG_ERR;
    }
    return sigaction(number, &wanted, &old) == 0 ? old.sa_handler : SIG_ERR;
}

typedef int (*mask_fn)(int, const sigset_t *, sigset_t *);

/* Our signal stays open whatever the program asks; what it asked is remembered and reported back. */
static int change_mask(mask_fn real, int how, const sigset_t *wanted, sigset_t *old)
{
    bool was_blocked = thread_self.is_signal_blocked;
    sigset_t ours;
    if (wanted) {
        ours = *wanted;
        if (how != SIG_UNBLOCK)
            sigdelset(&ours, SAMPLE_SIGNAL);
    }
    bool names_it = wanted && sigismember(wanted, SAMPLE_SIGNAL) == 1;
    int result = real(how, wanted ? &ours : NULL, old);
    if (result != 0)
        return result;
    if (wanted && how == SIG_SETMASK)
        thread_self.is_signal_blocked = names_it;
    else if (names_it)
        thread_self.is_signal_blocked = how == SIG_BLOCK;
    if (old && was_blocked)
        sigaddset(old, SAMPLE_SIGNAL);
    if (thread_self.is_signal_pending && !thread_self.is_signal_blocked) {
        thread_self.is_signal_pending = false;
        syscall(SYS_tgkill, (long)getpid(), (long)syscall(SYS_gettid), (long)SAMPLE_SIGNAL);
    }
    return 0;
}

/* Internal threads block everything, and mean it; so does a vfork child, whose mask is not our thread's. */
static bool mask_is_plain(void)
{
    return !capture.threads || thread_self.is_internal || thread_self.guard || vfork_is_child();
}

EXPORT int pthread_sigmask(int how, const sigset_t *wanted, sigset_t *old)
{
    return mask_is_plain() ? real_pthread_sigmask(how, wanted, old)
                           : change_mask(real_pthread_sigmask, how, wanted, old);
}

EXPORT int sigprocmask(int how, const sigset_t *wanted, sigset_t *old)
{
    return mask_is_plain() ? real_sigprocmask(how, wanted, old)
                           : change_mask(real_sigprocmask, how, wanted, old);
}

EXPORT int sigpending(sigset_t *set)
{
    int result = real_sigpending(set);
    if (result == 0 && thread_self.is_signal_pending)
        sigaddset(set, SAMPLE_SIGNAL);
    return result;
}

void signals_hold(sigset_t *ret_before)
{
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, SAMPLE_SIGNAL);
    real_pthread_sigmask(SIG_BLOCK, &one, ret_before);
}

void signals_release(const sigset_t *before)
{
    real_pthread_sigmask(SIG_SETMASK, before, NULL);
}
