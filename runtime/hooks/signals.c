/* Our signal's handler, and the default of fatal signals: the program never sees either. */
#include "hooks/signals.h"

#include "capture/sample_handler.h"
#include "hooks/reals.h"
#include "hooks/vfork.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#define SIGNALS 65
#define SA_KERNEL_RESTORER 0x04000000 /* rt_sigaction(2): the field `restorer` counts */

/* The kernel's struct sigaction: glibc's functions refuse our signal. */
struct kernel_action {
    uintptr_t handler;
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

typedef void (*handler_fn)(int, siginfo_t *, void *);

static _Atomic(handler_fn) glibc_handler; /* of our number: for setuid and its kin in programs of threads */
static atomic_bool is_sampler_installed;

static _Atomic uint64_t fatal_signals;           /* bit by number: default means on_fatal first */
static struct sigaction fatal_defaults[SIGNALS]; /* how the program set the default of those */
static void (*fatal_action)(void);

/* Where our handler returns to: debuggers and unwinders know these very bytes. */
void signals_return(void);
__asm__(".pushsection .text\n"
        ".hidden signals_return\n"
        ".globl signals_return\n"
        ".type signals_return, @function\n"
        "\tnop\n" /* unwinders look one byte before a return address */
        "signals_return:\n"
        "\tmovq $15, %rax\n"
        "\tsyscall\n"
        ".size signals_return, .-signals_return\n"
        ".popsection\n");

static bool kernel_sigaction(int number, const struct kernel_action *wanted, struct kernel_action *old)
{
    return syscall(SYS_rt_sigaction, (long)number, wanted, old, sizeof(old->mask)) == 0;
}

static void foreign_sample_signal(int number, siginfo_t *info, void *context)
{
    handler_fn handler = atomic_load_explicit(&glibc_handler, memory_order_acquire);
    if (handler)
        handler(number, info, context);
}

/* Go's runtime handles SIGURG on alternate stacks, because goroutines' stacks are too small for any handler.
 * Elsewhere alternate stacks are what is small, or stale. */
static unsigned long stack_flag(void)
{
    struct kernel_action urgent = {.handler = (uintptr_t)SIG_DFL};
    kernel_sigaction(SIGURG, NULL, &urgent);
    return urgent.handler > (uintptr_t)SIG_IGN ? urgent.flags & SA_ONSTACK : 0;
}

bool signals_keep_sampler(void)
{
    if (!atomic_load_explicit(&is_sampler_installed, memory_order_acquire))
        return false;
    int error = errno;
    struct kernel_action now, ours = {.handler = (uintptr_t)sample_handler,
                                      .flags = SA_SIGINFO | SA_RESTART | SA_KERNEL_RESTORER | stack_flag(),
                                      .restorer = signals_return,
                                      .mask = UINT64_MAX};
    bool is_ours = kernel_sigaction(SAMPLE_SIGNAL, NULL, &now);
    if (is_ours && (now.handler != ours.handler || now.flags != ours.flags)) {
        if (now.handler > (uintptr_t)SIG_IGN && now.handler != ours.handler)
            atomic_store_explicit(&glibc_handler, (handler_fn)now.handler, memory_order_release);
        is_ours = kernel_sigaction(SAMPLE_SIGNAL, &ours, NULL);
    }
    errno = error;
    return is_ours;
}

bool signals_install_sampler(void)
{
    sample_foreign = foreign_sample_signal;
    atomic_store_explicit(&is_sampler_installed, true, memory_order_release);
    if (!signals_keep_sampler())
        return false; /* the signal would end the program */
    uint64_t blocked = UINT64_C(1) << (SAMPLE_SIGNAL - 1);
    syscall(SYS_rt_sigprocmask, (long)SIG_UNBLOCK, &blocked, NULL, sizeof(blocked));
    return true;
}

void signals_hold(uint64_t *ret_before)
{
    uint64_t ours = UINT64_C(1) << (SAMPLE_SIGNAL - 1);
    syscall(SYS_rt_sigprocmask, (long)SIG_BLOCK, &ours, ret_before, sizeof(ours));
}

void signals_release(const uint64_t *before)
{
    syscall(SYS_rt_sigprocmask, (long)SIG_SETMASK, before, NULL, sizeof(*before));
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
    pthread_sigmask(SIG_UNBLOCK, &one, NULL);
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

static bool is_fatal_owned(int number)
{
    return number > 0 && number < SIGNALS &&
           (atomic_load_explicit(&fatal_signals, memory_order_acquire) >> number & 1);
}

static void set_fatal(struct sigaction *action)
{
    memset(action, 0, sizeof(*action));
    action->sa_sigaction = fatal_handler;
    action->sa_flags = SA_SIGINFO | SA_RESTART;
    sigfillset(&action->sa_mask);
}

void signals_own_fatal(const int *numbers, void (*on_fatal)(void))
{
    fatal_action = on_fatal;
    for (; *numbers; numbers++) {
        struct sigaction now, ours;
        set_fatal(&ours);
        if (real_sigaction(*numbers, NULL, &now) == 0 && now.sa_handler == SIG_DFL &&
            real_sigaction(*numbers, &ours, NULL) == 0)
            fatal_defaults[*numbers] = now;
        atomic_fetch_or_explicit(&fatal_signals, UINT64_C(1) << *numbers, memory_order_release);
    }
}

EXPORT int sigaction(int number, const struct sigaction *wanted, struct sigaction *old)
{
    if (LIKELY(!is_fatal_owned(number)))
        return real_sigaction(number, wanted, old);
    /* A vfork child changes its own dispositions, but this memory is its parent's. */
    bool is_default = wanted && wanted->sa_handler == SIG_DFL && !vfork_is_child();
    struct sigaction next, before = fatal_defaults[number];
    if (is_default) {
        next = *wanted;
        fatal_defaults[number] = next;
        set_fatal(&next);
        wanted = &next;
    }
    int result = real_sigaction(number, wanted, old);
    if (result == 0 && old && old->sa_sigaction == fatal_handler)
        *old = before;
    return result;
}

/* libc's other functions that set a handler: what they hand out and leave behind is put right afterwards. */
static sighandler_t settle_owned(int number, sighandler_t old)
{
    struct sigaction now;
    if (LIKELY(!is_fatal_owned(number)))
        return old;
    if (!vfork_is_child() && real_sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_DFL)
        sigaction(number, &now, NULL);
    return old == (sighandler_t)(void *)fatal_handler ? SIG_DFL : old;
}

#define SETS_HANDLER(name)                                                                                   \
    sighandler_t name(int number, sighandler_t handler);                                                     \
    EXPORT sighandler_t name(int number, sighandler_t handler)                                               \
    {                                                                                                        \
        return settle_owned(number, real_##name(number, handler));                                           \
    }
SETS_HANDLER(signal)
SETS_HANDLER(bsd_signal)
SETS_HANDLER(ssignal)
SETS_HANDLER(sysv_signal)
SETS_HANDLER(__sysv_signal)
SETS_HANDLER(sigset)
