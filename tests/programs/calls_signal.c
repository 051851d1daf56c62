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
    transcript_line("it gave back %d, SIGSTKFLT was handled %d times", members(&now),
                    handled[SIGSTKFLT] - before);
    sigprocmask(SIG_BLOCK, NULL, &now);
    transcript_line("at last %d signals are blocked", members(&now));
    signal(number, SIG_DFL);
}

/* With the argument "sampling", the signal that is kept pending is the one that preflame samples with. */
int main(int argc, char **argv)
{
    transcript_begin();
    signal(SIGPIPE, SIG_DFL);
    untouched();
    one_signal(SIGUSR2);
    one_signal(SIGPROF);
    one_signal(SIGSTKFLT);
    one_signal(SIGRTMIN + 3);
    failing();
    masks(argc > 1 && strcmp(argv[1], "sampling") == 0 ? SIGSTKFLT : SIGUSR2);
    return 0;
}
