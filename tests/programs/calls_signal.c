/* Every interposed signal call: the program sees its own handlers and masks, and nobody else's. */
#include "transcript.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static int handled[65];

static void on_number(int number)
{
    handled[number]++;
}

static void on_info(int number, siginfo_t *info, void *context)
{
    handled[number] += info != NULL && context != NULL ? 10 : 0;
}

static const char *kind(const struct sigaction *action)
{
    if ((action->sa_flags & SA_SIGINFO) != 0) {
        return action->sa_sigaction == on_info ? "on_info" : "somebody else's";
    }
    if (action->sa_handler == SIG_DFL) {
        return "default";
    }
    if (action->sa_handler == SIG_IGN) {
        return "ignore";
    }
    return action->sa_handler == on_number ? "on_number" : "somebody else's";
}

/* Before anything is set, every signal must look as the program was started. */
static void untouched(void)
{
    for (int number = 1; number < 65; number++) {
        struct sigaction old;
        memset(&old, 0, sizeof old);
        errno = 0;
        if (sigaction(number, NULL, &old) != 0) {
            transcript_line("signal %d cannot be asked: %s", number, strerrorname_np(errno));
        } else if (number != SIGUSR1 && strcmp(kind(&old), "default") != 0) {
            transcript_line("signal %d is %s", number, kind(&old));
        }
    }
}

static void one_signal(int number)
{
    struct sigaction action, old;
    memset(&action, 0, sizeof action);
    memset(&old, 0, sizeof old);
    action.sa_sigaction = on_info;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigaddset(&action.sa_mask, SIGTERM);
    TRANSCRIPT_CALL("sigaction", strsignal(number), sigaction(number, &action, &old));
    transcript_line("before it was %s", kind(&old));
    raise(number);
    transcript_line("handled %d", handled[number]);
    void (*was)(int) = signal(number, on_number);
    transcript_line("signal() gave back %s", was == (void (*)(int))(void *)on_info ? "on_info" : "another");
    raise(number);
    transcript_line("handled %d", handled[number]);
    sigaction(number, NULL, &old);
    transcript_line("now it is %s, SA_RESTART %s", kind(&old),
                    (old.sa_flags & SA_RESTART) != 0 ? "set" : "unset");
    signal(number, SIG_IGN);
    raise(number);
    sigaction(number, NULL, &old);
    transcript_line("now it is %s", kind(&old));
    signal(number, SIG_DFL);
}

typedef void (*plain_handler)(int);
plain_handler bsd_signal(int number, plain_handler handler); /* <signal.h> shows it to old programs only */

static const char *plain_kind(plain_handler handler)
{
    return handler == SIG_DFL     ? "default"
           : handler == SIG_IGN   ? "ignore"
           : handler == SIG_HOLD  ? "hold"
           : handler == SIG_ERR   ? "error"
           : handler == on_number ? "on_number"
                                  : "somebody else's";
}

/* SIGTERM and SIGINT at their default are what preflame writes its files at: the program sees none of it. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* sigset: programs of its time call it */

static void a_default_is_reported_as_it_was_set(int number)
{
    static const struct {
        const char *name;
        plain_handler (*set)(int, plain_handler);
    } setters[] = {{"signal", signal},           {"bsd_signal", bsd_signal},       {"ssignal", ssignal},
                   {"sysv_signal", sysv_signal}, {"__sysv_signal", __sysv_signal}, {"sigset", sigset}};
    for (size_t i = 0; i < sizeof setters / sizeof setters[0]; i++) {
        plain_handler first = setters[i].set(number, on_number);
        plain_handler second = setters[i].set(number, SIG_DFL);
        plain_handler third = setters[i].set(number, SIG_IGN);
        plain_handler fourth = setters[i].set(number, SIG_DFL);
        transcript_line("%s of %s: %s, %s, %s, %s", setters[i].name, strsignal(number), plain_kind(first),
                        plain_kind(second), plain_kind(third), plain_kind(fourth));
    }
    transcript_line("sigset to SIG_HOLD: %s", plain_kind(sigset(number, SIG_HOLD)));
    transcript_line("and back: %s", plain_kind(sigset(number, SIG_DFL)));
    struct sigaction action, old;
    memset(&action, 0, sizeof action);
    memset(&old, 0, sizeof old);
    action.sa_handler = SIG_DFL;
    action.sa_flags = SA_NODEFER | SA_ONSTACK;
    sigaddset(&action.sa_mask, SIGHUP);
    TRANSCRIPT_CALL("sigaction", "a default with flags", sigaction(number, &action, NULL));
    TRANSCRIPT_CALL("sigaction", "to ask", sigaction(number, NULL, &old));
    transcript_line("it is %s, SA_NODEFER %s, SA_ONSTACK %s, SIGHUP %s", kind(&old),
                    (old.sa_flags & SA_NODEFER) != 0 ? "set" : "unset",
                    (old.sa_flags & SA_ONSTACK) != 0 ? "set" : "unset",
                    sigismember(&old.sa_mask, SIGHUP) ? "masked" : "open");
    action.sa_handler = on_number;
    TRANSCRIPT_CALL("sigaction", "a handler", sigaction(number, &action, &old));
    transcript_line("before it was %s, SA_SIGINFO %s", kind(&old),
                    (old.sa_flags & SA_SIGINFO) != 0 ? "set" : "unset");
    raise(number);
    transcript_line("handled %d", handled[number]);
    signal(number, SIG_DFL);
}

static void failing(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_number;
    TRANSCRIPT_CALL("sigaction", "SIGKILL", sigaction(SIGKILL, &action, NULL));
    TRANSCRIPT_CALL("sigaction", "signal 0", sigaction(0, &action, NULL));
    TRANSCRIPT_CALL("sigaction", "signal 99", sigaction(99, &action, NULL));
    transcript_line("signal(SIGSTOP) = %s", signal(SIGSTOP, on_number) == SIG_ERR ? "SIG_ERR" : "something");
    sigset_t mask;
    sigemptyset(&mask);
    TRANSCRIPT_CALL("sigprocmask", "a wrong how", sigprocmask(77, &mask, NULL));
    transcript_line("pthread_sigmask with a wrong how = %s",
                    strerrorname_np(pthread_sigmask(77, &mask, NULL)));
}

static int members(const sigset_t *set)
{
    int count = 0;
    for (int number = 1; number < 65; number++) {
        count += sigismember(set, number) == 1;
    }
    return count;
}

static void masks(int number)
{
    sigset_t all, now;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, NULL, &now);
    transcript_line("at first %d signals are blocked", members(&now));
    transcript_line("sigprocmask = %d", sigprocmask(SIG_BLOCK, &all, NULL));
    sigprocmask(SIG_BLOCK, NULL, &now);
    transcript_line("blocking all blocks %d", members(&now));
    raise(SIGUSR1);
    raise(number); /* blocked, hence pending */
    sigpending(&now);
    transcript_line("pending: %d, signal %d %s", members(&now), number,
                    sigismember(&now, number) ? "yes" : "no");
    signal(number, on_number);
    int before = handled[number];
    transcript_line("pthread_sigmask = %d", pthread_sigmask(SIG_UNBLOCK, &all, &now));
    transcript_line("it gave back %d, it was handled %d times", members(&now), handled[number] - before);
    sigprocmask(SIG_BLOCK, NULL, &now);
    transcript_line("at last %d signals are blocked", members(&now));
    signal(number, SIG_DFL);
}

int main(void)
{
    transcript_begin();
    signal(SIGPIPE, SIG_DFL);
    untouched();
    one_signal(SIGUSR2);
    one_signal(SIGPROF);
    one_signal(SIGSTKFLT);
    one_signal(SIGRTMIN + 3);
    a_default_is_reported_as_it_was_set(SIGTERM);
    a_default_is_reported_as_it_was_set(SIGHUP);
    failing();
    masks(SIGUSR2);
    return 0;
}
