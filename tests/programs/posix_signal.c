/* POSIX on signals: actions, masks, pending ones, waiting for them, sending them to threads. */
#include "posix.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static atomic_int count, got_code, got_value, got_thread, nested;
static sigjmp_buf place;

static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    atomic_fetch_add(&count, 1);
    atomic_store(&got_code, info->si_code);
    atomic_store(&got_value, info->si_value.sival_int);
    atomic_store(&got_thread, gettid());
}

static void on_nested(int number)
{
    sigset_t mask;
    sigprocmask(SIG_BLOCK, NULL, &mask);
    atomic_store(&nested, sigismember(&mask, number) + 2 * sigismember(&mask, SIGUSR2));
}

static void leave(int number)
{
    siglongjmp(place, number);
}

static void handle(int number, int flags)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | flags;
    sigaction(number, &action, NULL);
    atomic_store(&count, 0);
}

static sigset_t set_of(int number)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    return set;
}

static void actions(void)
{
    struct sigaction action, old;
    memset(&action, 0, sizeof action);
    clause("SIGKILL can't be caught: EINVAL", sigaction(SIGKILL, &action, NULL) == -1 && errno == EINVAL);
    clause("SIGSTOP can't be ignored: EINVAL", signal(SIGSTOP, SIG_IGN) == SIG_ERR && errno == EINVAL);
    clause("signal 0 is none: EINVAL", sigaction(0, &action, NULL) == -1 && errno == EINVAL);
    clause("a number too large: EINVAL", sigaction(NSIG + 1, &action, NULL) == -1 && errno == EINVAL);
    int defaults = 0;
    for (int number = 1; number < 32; number++)
        defaults += sigaction(number, NULL, &old) == 0 && old.sa_handler == SIG_DFL;
    clause("all actions are the default", defaults == 31);
    int free_ones = 0;
    for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
        free_ones += sigaction(number, NULL, &old) == 0 && old.sa_handler == SIG_DFL;
    clause("also of the real-time signals", free_ones == SIGRTMAX - SIGRTMIN + 1 && free_ones >= 8);
    handle(SIGUSR1, SA_RESTART);
    sigaction(SIGUSR1, NULL, &old);
    clause("the action that was set is told", old.sa_sigaction == on_signal);
    clause("with its flags", (old.sa_flags & (SA_SIGINFO | SA_RESTART)) == (SA_SIGINFO | SA_RESTART));
    raise(SIGUSR1);
    clause("raise returns after the handler", atomic_load(&count) == 1);
    clause("kill to itself too", kill(getpid(), SIGUSR1) == 0 && atomic_load(&count) == 2);
    clause("si_code is SI_USER", atomic_load(&got_code) == SI_USER);
    handle(SIGUSR1, (int)SA_RESETHAND);
    raise(SIGUSR1);
    sigaction(SIGUSR1, NULL, &old);
    clause("SA_RESETHAND: the default again", old.sa_handler == SIG_DFL && atomic_load(&count) == 1);
    action.sa_handler = on_nested;
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    clause("in a handler its signal and sa_mask are blocked", atomic_load(&nested) == 3);
    action.sa_flags = SA_NODEFER;
    sigemptyset(&action.sa_mask);
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    clause("SA_NODEFER: it is not", atomic_load(&nested) == 0);
    clause("signal returns what was before", signal(SIGUSR1, SIG_DFL) == on_nested);
    action.sa_handler = leave;
    action.sa_flags = 0;
    sigaction(SIGUSR2, &action, NULL);
    int from = sigsetjmp(place, 1);
    if (from == 0)
        raise(SIGUSR2);
    sigset_t mask;
    sigprocmask(SIG_BLOCK, NULL, &mask);
    clause("siglongjmp leaves a handler", from == SIGUSR2);
    clause("and brings the mask back", sigismember(&mask, SIGUSR2) == 0);
    bool is_ignored = signal(SIGUSR2, SIG_IGN) == leave && raise(SIGUSR2) == 0;
    clause("an ignored signal does nothing", is_ignored);
}

static atomic_int is_on_it;

static void on_alternate(int number)
{
    stack_t now;
    (void)number;
    sigaltstack(NULL, &now);
    atomic_store(&is_on_it, (now.ss_flags & SS_ONSTACK) != 0);
}

static void alternate(void)
{
    stack_t old, stack;
    memset(&stack, 0, sizeof stack);
    clause("none is set at first", sigaltstack(NULL, &old) == 0 && (old.ss_flags & SS_DISABLE) != 0);
    stack.ss_size = 16;
    stack.ss_sp = &stack;
    clause("one too small: ENOMEM", sigaltstack(&stack, NULL) == -1 && errno == ENOMEM);
    stack.ss_size = 65536;
    stack.ss_sp = mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    clause("set returns 0", sigaltstack(&stack, NULL) == 0);
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_alternate;
    action.sa_flags = SA_ONSTACK;
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    clause("SA_ONSTACK: the handler runs on it", atomic_load(&is_on_it));
    action.sa_flags = 0;
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    clause("without: it does not", !atomic_load(&is_on_it));
    sigaltstack(NULL, &old);
    clause("the one that was set is told", old.ss_sp == stack.ss_sp && old.ss_size == stack.ss_size);
    stack.ss_flags = SS_DISABLE;
    clause("disabling returns 0", sigaltstack(&stack, NULL) == 0);
}

static void masks(void)
{
    sigset_t set = set_of(SIGUSR1), old, full;
    handle(SIGUSR1, 0);
    clause("nonsense for `how`: EINVAL", sigprocmask(99, &set, NULL) == -1 && errno == EINVAL);
    sigprocmask(SIG_BLOCK, &set, &old);
    clause("the mask before is told", sigismember(&old, SIGUSR1) == 0);
    sigprocmask(SIG_BLOCK, NULL, &old);
    clause("the mask now has what was blocked", sigismember(&old, SIGUSR1) == 1);
    raise(SIGUSR1);
    raise(SIGUSR1);
    sigset_t pending;
    clause("a blocked signal is pending", !sigpending(&pending) && sigismember(&pending, SIGUSR1) == 1);
    clause("and not handled", atomic_load(&count) == 0);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    clause("unblocked it is handled before the return, once", atomic_load(&count) == 1);
    clause("and pending no more", !sigpending(&pending) && sigismember(&pending, SIGUSR1) == 0);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    signal(SIGUSR1, SIG_IGN);
    sigpending(&pending);
    clause("ignoring discards what is pending", sigismember(&pending, SIGUSR1) == 0);
    sigfillset(&full);
    sigprocmask(SIG_SETMASK, &full, &old);
    sigprocmask(SIG_SETMASK, NULL, &full);
    clause("SIGKILL and SIGSTOP are never blocked",
           !sigismember(&full, SIGKILL) && !sigismember(&full, SIGSTOP));
    int blocked = 0;
    for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
        blocked += sigismember(&full, number);
    clause("all real-time signals are", blocked == SIGRTMAX - SIGRTMIN + 1);
    sigpending(&pending);
    clause("nothing else is pending", sigisemptyset(&pending));
    sigemptyset(&full);
    sigprocmask(SIG_SETMASK, &full, NULL);
}

static void waiting(void)
{
    sigset_t set = set_of(SIGUSR1), pending;
    sigprocmask(SIG_BLOCK, &set, NULL);
    handle(SIGUSR1, 0);
    int number = 0;
    raise(SIGUSR1);
    clause("sigwait returns a pending signal", sigwait(&set, &number) == 0 && number == SIGUSR1);
    sigpending(&pending);
    clause("sigwait consumes it", !sigismember(&pending, SIGUSR1) && atomic_load(&count) == 0);
    siginfo_t info;
    struct timespec wait = {.tv_nsec = 30000000}, start = after_ms(CLOCK_MONOTONIC, 0);
    clause("sigtimedwait: EAGAIN when the time is over",
           sigtimedwait(&set, NULL, &wait) == -1 && errno == EAGAIN);
    clause("and not before", has_passed(start, 30));
    wait.tv_nsec = 0;
    clause("sigtimedwait of no time looks only", sigtimedwait(&set, NULL, &wait) == -1 && errno == EAGAIN);
    wait.tv_nsec = 1000000000;
    clause("sigtimedwait: EINVAL for 10^9 nanoseconds",
           sigtimedwait(&set, NULL, &wait) == -1 && errno == EINVAL);
    sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 77});
    clause("sigwaitinfo returns the number", sigwaitinfo(&set, &info) == SIGUSR1);
    clause("and the value that was queued", info.si_value.sival_int == 77 && info.si_code == SI_QUEUE);
    clause("and who sent it", info.si_pid == getpid() && info.si_uid == getuid());
    raise(SIGUSR1);
    sigset_t none;
    sigemptyset(&none);
    clause("sigsuspend returns EINTR", sigsuspend(&none) == -1 && errno == EINTR);
    clause("after the handler ran", atomic_load(&count) == 1);
    sigprocmask(SIG_BLOCK, NULL, &pending);
    clause("and the mask is as before", sigismember(&pending, SIGUSR1) == 1);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void queueing(void)
{
    sigset_t set = set_of(SIGRTMIN + 1);
    sigaddset(&set, SIGRTMIN + 2);
    handle(SIGRTMIN + 1, 0);
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (int i = 0; i < 3; i++)
        sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = i});
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    clause("each real-time signal is delivered", atomic_load(&count) == 3);
    clause("the last value comes last", atomic_load(&got_value) == 2 && atomic_load(&got_code) == SI_QUEUE);
    sigprocmask(SIG_BLOCK, &set, NULL);
    kill(getpid(), SIGRTMIN + 2);
    kill(getpid(), SIGRTMIN + 1);
    siginfo_t info;
    clause("the lowest is accepted first", sigwaitinfo(&set, &info) == SIGRTMIN + 1);
    clause("then the next", sigwaitinfo(&set, &info) == SIGRTMIN + 2);
    union sigval value = {.sival_int = 0};
    clause("signal 0 to itself is allowed", sigqueue(getpid(), 0, value) == 0 && kill(getpid(), 0) == 0);
    clause("a number too large: EINVAL", sigqueue(getpid(), NSIG + 1, value) == -1 && errno == EINVAL);
    clause("nobody there: ESRCH", kill(0x3ffffff, 0) == -1 && errno == ESRCH);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void *wait_for_it(void *argument)
{
    sigset_t set = set_of(SIGUSR2);
    int number = 0;
    atomic_store((atomic_int *)argument, gettid());
    sigwait(&set, &number);
    return (void *)(intptr_t)number;
}

static void *mask_of_new(void *argument)
{
    sigset_t mask, pending;
    (void)argument;
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    sigpending(&pending);
    return (void *)(intptr_t)(sigismember(&mask, SIGUSR2) + 2 * sigismember(&pending, SIGUSR1));
}

static void *spin_until(void *argument)
{
    sigset_t set = set_of(SIGUSR1);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    atomic_store((atomic_int *)argument, gettid());
    while (atomic_load(&count) == 0)
        nap();
    return NULL;
}

static void threads(void)
{
    sigset_t set = set_of(SIGUSR2), first = set_of(SIGUSR1);
    atomic_int tid = 0;
    pthread_t thread;
    void *result = NULL;
    handle(SIGUSR1, 0);
    signal(SIGUSR2, SIG_DFL);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    pthread_sigmask(SIG_BLOCK, &first, NULL);
    clause("pthread_sigmask of nonsense returns EINVAL", pthread_sigmask(99, &set, NULL) == EINVAL);
    pthread_create(&thread, NULL, wait_for_it, &tid);
    clause("pthread_kill returns 0", pthread_kill(thread, SIGUSR2) == 0);
    pthread_join(thread, &result);
    clause("pthread_kill: that thread gets it", (intptr_t)result == SIGUSR2);
    pthread_kill(pthread_self(), SIGUSR1);
    pthread_create(&thread, NULL, mask_of_new, NULL);
    pthread_join(thread, &result);
    clause("a new thread inherits the mask", ((intptr_t)result & 1) != 0);
    clause("but not what is pending for its maker", ((intptr_t)result & 2) == 0);
    int number = 0;
    sigwait(&first, &number);
    atomic_store(&tid, 0);
    pthread_create(&thread, NULL, spin_until, &tid);
    while (atomic_load(&tid) == 0)
        nap();
    kill(getpid(), SIGUSR1);
    pthread_join(thread, NULL);
    clause("a signal to the process goes to a thread that takes it",
           atomic_load(&got_thread) == atomic_load(&tid));
    clause("pthread_kill of a wrong number returns EINVAL", pthread_kill(pthread_self(), NSIG + 1) == EINVAL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    pthread_sigmask(SIG_UNBLOCK, &first, NULL);
}

static void interrupting(void)
{
    int ends[2];
    char byte;
    if (pipe(ends) != 0)
        return;
    handle(SIGALRM, 0);
    ualarm(20000, 0);
    clause("read returns EINTR", read(ends[0], &byte, 1) == -1 && errno == EINTR);
    ualarm(20000, 0);
    clause("pause returns EINTR", pause() == -1 && errno == EINTR);
    ualarm(20000, 0);
    struct timespec time = {.tv_sec = 10}, left = {.tv_sec = 0};
    clause("nanosleep returns EINTR", nanosleep(&time, &left) == -1 && errno == EINTR);
    clause("and tells what is left", left.tv_sec == 9 && left.tv_nsec > 0);
    alarm(1);
    unsigned unslept = sleep(10);
    clause("sleep returns what is left", unslept == 9 || unslept == 8);
    handle(SIGALRM, SA_RESTART);
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 60; i++)
            nap();
        _exit(write(ends[1], "x", 1) != 1);
    }
    ualarm(20000, 0);
    clause("SA_RESTART: read goes on", read(ends[0], &byte, 1) == 1 && atomic_load(&count) == 1);
    status_of(pid);
    signal(SIGALRM, SIG_DFL);
    alarm(60);
    signal(SIGPIPE, SIG_IGN);
    close(ends[0]);
    clause("SIGPIPE ignored: EPIPE", write(ends[1], "x", 1) == -1 && errno == EPIPE);
    close(ends[1]);
    signal(SIGPIPE, SIG_DFL);
}

int main(void)
{
    static const struct interface rows[] = {
        {"sigaction", actions}, {"sigaltstack", alternate}, {"sigprocmask", masks},  {"sigwait", waiting},
        {"sigqueue", queueing}, {"pthread_kill", threads},  {"EINTR", interrupting},
    };
    return posix_main(rows, sizeof rows / sizeof *rows);
}
