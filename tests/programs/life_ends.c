/* Ways of `life` to end. */
#include "life.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int way_return(int64_t cpu_ns, char **argv)
{
    (void)argv;
    burn_parent(cpu_ns);
    say("returns");
    return 8;
}

int way_exit(int64_t cpu_ns, char **argv)
{
    (void)argv;
    burn_parent(cpu_ns);
    say("exits");
    exit(9);
}

int way_exit_at_once(int64_t cpu_ns, char **argv)
{
    (void)argv;
    burn_parent(cpu_ns);
    say("exits at once");
    _exit(10);
}

int way_exit_at_once_c99(int64_t cpu_ns, char **argv)
{
    (void)argv;
    burn_parent(cpu_ns);
    say("exits at once, as C has it");
    _Exit(12);
}

int way_quick_exit(int64_t cpu_ns, char **argv)
{
    (void)argv;
    burn_parent(cpu_ns);
    say("exits quickly");
    quick_exit(11);
}

/* Waits for a signal from outside: says so first. */
int way_signal(int64_t cpu_ns, char **argv)
{
    (void)argv;
    burn_parent(cpu_ns);
    say("ready");
    alarm(60);
    for (;;) {
        pause();
    }
    return 0;
}

int way_abort(int64_t cpu_ns, char **argv)
{
    (void)argv;
    burn_parent(cpu_ns);
    say("aborts");
    abort();
}

static sigjmp_buf after_abort;

static void jump_away(int number)
{
    siglongjmp(after_abort, number);
}

/* Goes on after an abort. */
int way_abort_caught(int64_t cpu_ns, char **argv)
{
    (void)argv;
    signal(SIGABRT, jump_away);
    burn_parent(cpu_ns);
    if (sigsetjmp(after_abort, 1) == 0) {
        abort();
    }
    burn_child(cpu_ns);
    say("goes on");
    return 14;
}

/* Cancelled inside libc: no call of ours sees it end. */
int way_main_cancelled(int64_t cpu_ns, char **argv)
{
    (void)argv;
    burn_parent(cpu_ns);
    say("is cancelled");
    pthread_cancel(pthread_self());
    pause();
    return 1;
}

/* Leaves by the system call that ends a thread: the last one's ends the process. */
int way_raw_exit(int64_t cpu_ns, char **argv)
{
    (void)argv;
    burn_parent(cpu_ns);
    say("leaves by the system call exit");
    syscall(SYS_exit, 13);
    return 1;
}

static void *leave_raw(void *arg)
{
    burn_child(*(int64_t *)arg);
    say("the last thread leaves so too");
    syscall(SYS_exit, 14);
    return NULL;
}

int way_raw_exit_of_all(int64_t cpu_ns, char **argv)
{
    static int64_t child_cpu_ns;
    pthread_t thread;
    (void)argv;
    child_cpu_ns = cpu_ns;
    if (pthread_create(&thread, NULL, leave_raw, &child_cpu_ns) != 0) {
        return 1;
    }
    say("the first thread leaves by the system call exit");
    syscall(SYS_exit, 15);
    return 1;
}

static void *say_last(void *arg)
{
    burn_child(*(int64_t *)arg);
    say("the last thread is done");
    return NULL;
}

int way_main_exits_thread(int64_t cpu_ns, char **argv)
{
    static int64_t child_cpu_ns;
    pthread_t thread;
    (void)argv;
    child_cpu_ns = cpu_ns;
    if (cpu_ns > 0 && pthread_create(&thread, NULL, say_last, &child_cpu_ns) != 0) {
        return 1;
    }
    pthread_exit(NULL);
}
