/* POSIX on processes: fork, pthread_atfork, exec, spawn, wait, the ways out. */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <unistd.h>

static char order[64];

static void note(char letter)
{
    size_t used = strlen(order);
    if (used + 1 < sizeof order)
        order[used] = letter;
}

#define AT_FORK(name, letter)                                                                                \
    static void name(void)                                                                                   \
    {                                                                                                        \
        note(letter);                                                                                        \
    }
AT_FORK(before_1, 'a')
AT_FORK(before_2, 'b')
AT_FORK(parent_1, 'p')
AT_FORK(parent_2, 'q')
AT_FORK(child_1, 'c')
AT_FORK(child_2, 'd')

static void at_fork(void)
{
    clause("returns 0", pthread_atfork(before_1, parent_1, child_1) == 0);
    pthread_atfork(before_2, parent_2, child_2);
    memset(order, 0, sizeof order);
    pid_t pid = fork();
    if (pid == 0)
        _exit(strcmp(order, "bacd"));
    clause("before: the last first; in the child: the first first", status_of(pid) == 0);
    clause("in the parent: the first first", strcmp(order, "bapq") == 0);
    memset(order, 0, sizeof order);
    // NOLINTNEXTLINE(clang-analyzer-security.insecureAPI.vfork)
    pid = vfork();
    if (pid == 0)
        _exit(0);
    status_of(pid);
    clause("vfork calls none", order[0] == 0);
}

static atomic_int counted;

static void *count_for_ever(void *argument)
{
    for (;; nap())
        atomic_fetch_add(&counted, 1);
    return argument;
}

static atomic_int handled;

static void on_signal(int number)
{
    atomic_store(&handled, number);
}

static void forking(void)
{
    pid_t us = getpid();
    pid_t pid = fork();
    if (pid == 0)
        _exit(getpid() == us || getppid() != us);
    clause("the child has its own pid, and ours as its parent's", status_of(pid) == 0 && pid != us);
    sigset_t set, pending;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    signal(SIGUSR1, on_signal);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    pid = fork();
    if (pid == 0)
        _exit(sigpending(&pending) || !sigisemptyset(&pending));
    clause("pending signals are cleared in the child", status_of(pid) == 0);
    sigpending(&pending);
    clause("and kept in the parent", sigismember(&pending, SIGUSR1) == 1);
    pid = fork();
    if (pid == 0) {
        sigprocmask(SIG_BLOCK, NULL, &pending);
        _exit(!sigismember(&pending, SIGUSR1));
    }
    clause("the mask is inherited", status_of(pid) == 0);
    pid = fork();
    if (pid == 0) {
        struct sigaction action;
        _exit(sigaction(SIGUSR1, NULL, &action) || action.sa_handler != on_signal);
    }
    clause("and the actions", status_of(pid) == 0);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    clause("the pending one is handled at last", atomic_load(&handled) == SIGUSR1);
    pid = fork();
    if (pid == 0) {
        struct tms times_used;
        times(&times_used);
        _exit(times_used.tms_utime > 5 || times_used.tms_cutime != 0);
    }
    clause("a child's times begin with 0", status_of(pid) == 0);
    pthread_t thread;
    pthread_create(&thread, NULL, count_for_ever, NULL);
    while (atomic_load(&counted) < 3)
        nap();
    pid = fork();
    if (pid == 0) {
        int before = atomic_load(&counted);
        for (int i = 0; i < 30; i++)
            nap();
        _exit(atomic_load(&counted) - before);
    }
    clause("only the thread that forks is in the child", status_of(pid) == 0);
    pthread_cancel(thread);
    pthread_join(thread, NULL);
    int ends[2];
    char byte = 0;
    if (pipe(ends) != 0)
        return;
    pid = fork();
    if (pid == 0)
        _exit(write(ends[1], "x", 1) != 1);
    clause("descriptors are shared", read(ends[0], &byte, 1) == 1 && byte == 'x' && status_of(pid) == 0);
    int fd = open("/proc/self/exe", O_RDONLY);
    pid = fork();
    if (pid == 0)
        _exit(lseek(fd, 100, SEEK_SET) != 100);
    clause("and their offsets", status_of(pid) == 0 && lseek(fd, 0, SEEK_CUR) == 100);
    clause("close works once", close(fd) == 0 && close(fd) == -1 && errno == EBADF);
    close(ends[0]);
    close(ends[1]);
}

static void waiting(void)
{
    int status = 0;
    clause("no child: ECHILD", waitpid(-1, &status, 0) == -1 && errno == ECHILD);
    clause("wrong options: EINVAL", waitpid(-1, &status, 0x7777) == -1 && errno == EINVAL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(300);
    clause("the status is modulo 256", waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 44);
    clause("once only: ECHILD", waitpid(pid, &status, 0) == -1 && errno == ECHILD);
    pid = fork();
    if (pid == 0)
        pause();
    clause("WNOHANG: 0 while it lives", waitpid(pid, &status, WNOHANG) == 0);
    kill(pid, SIGSTOP);
    clause("WUNTRACED tells that it stopped", waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
    kill(pid, SIGCONT);
    clause("WCONTINUED that it goes on", waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status));
    kill(pid, SIGTERM);
    siginfo_t info;
    clause("waitid WNOWAIT tells and leaves it", waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
    clause("CLD_KILLED and the signal",
           info.si_code == CLD_KILLED && info.si_status == SIGTERM && info.si_pid == pid);
    clause("wait returns it then",
           wait(&status) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    atomic_store(&handled, 0);
    signal(SIGCHLD, on_signal);
    pid = fork();
    if (pid == 0)
        _exit(0);
    status_of(pid);
    clause("SIGCHLD is sent", atomic_load(&handled) == SIGCHLD);
    signal(SIGCHLD, SIG_IGN);
    pid = fork();
    if (pid == 0)
        _exit(0);
    clause("SIGCHLD ignored: no zombie, ECHILD", waitpid(pid, &status, 0) == -1 && errno == ECHILD);
    signal(SIGCHLD, SIG_DFL);
    struct rusage usage;
    pid = fork();
    if (pid == 0)
        _exit(0);
    clause("wait4 tells the child's use", wait4(pid, &status, 0, &usage) == pid && usage.ru_maxrss > 0);
}

static int run(char *const argv[], const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr)
{
    char *const environment[] = {(char[]){"GIVEN=1"}, NULL};
    pid_t pid = 0;
    int error = posix_spawn(&pid, argv[0], actions, attr, argv, environment);
    return error != 0 ? -error : status_of(pid);
}

#define GREP(pattern)                                                                                        \
    ((char *const[]){(char[]){"/bin/grep"}, (char[]){"-q"}, (char[]){pattern}, status_file, NULL})
#define SHELL(text) ((char *const[]){(char[]){"/bin/sh"}, (char[]){"-c"}, (char[]){text}, NULL})

static char status_file[] = "/proc/self/status";

static void spawning(void)
{
    clause("the child's status", run(SHELL("exit 9"), NULL, NULL) == 9);
    clause("the environment is the one given", run(SHELL("[ \"$GIVEN\" = 1 ]"), NULL, NULL) == 0);
    clause("no such file: ENOENT", run((char *const[]){(char[]){"/no/such"}, NULL}, NULL, NULL) == -ENOENT);
    clause("not to be run: EACCES",
           run((char *const[]){(char[]){"/etc/passwd"}, NULL}, NULL, NULL) == -EACCES);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 7, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, 7, 8);
    posix_spawn_file_actions_addclose(&actions, 7);
    clause("file actions happen in order",
           run(SHELL("[ -e /proc/self/fd/8 ] && ! [ -e /proc/self/fd/7 ]"), &actions, NULL) == 0);
    posix_spawn_file_actions_addclose(&actions, 99999);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_t attr;
    sigset_t set;
    sigemptyset(&set);
    posix_spawnattr_init(&attr);
    sigaddset(&set, SIGTERM);
    posix_spawnattr_setsigmask(&attr, &set);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
    clause("SETSIGMASK: that mask", run(GREP("SigBlk:.*4000$"), NULL, &attr) == 0);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigdefault(&attr, &set);
    signal(SIGTERM, SIG_IGN);
    clause("SETSIGDEF: the default", run(SHELL("kill -TERM $$; sleep 1"), NULL, &attr) == 1000 + SIGTERM);
    clause("without: what is ignored stays so", run(SHELL("kill -TERM $$; exit 3"), NULL, NULL) == 3);
    signal(SIGTERM, SIG_DFL);
    posix_spawnattr_destroy(&attr);
}

static int in_child(void (*act)(void))
{
    pid_t pid = fork();
    if (pid == 0) {
        act();
        _exit(99);
    }
    return status_of(pid);
}

static void exec_blocking(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    execl("/bin/grep", "grep", "-q", "SigBlk:.*0200$", status_file, NULL);
}

static void exec_pending(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    execl("/bin/grep", "grep", "-q", "SigPnd:.*0200$", status_file, NULL);
}

static void exec_ignoring(void)
{
    signal(SIGUSR2, SIG_IGN);
    execl("/bin/grep", "grep", "-q", "SigIgn:.*0800$", status_file, NULL);
}

static void exec_catching(void)
{
    signal(SIGUSR2, on_signal);
    execl("/bin/grep", "grep", "-q", "SigCgt:.*0800$", status_file, NULL);
}

static void exec_closing(void)
{
    int kept = dup(1), closed = fcntl(1, F_DUPFD_CLOEXEC, 20);
    char script[128];
    snprintf(script, sizeof script, "[ -e /proc/self/fd/%d ] && ! [ -e /proc/self/fd/%d ] && exit 5", kept,
             closed);
    execl("/bin/sh", "sh", "-c", script, NULL);
}

static void exec_missing(void)
{
    _exit(execl("/no/such/file", "none", NULL) == -1 && errno == ENOENT ? 6 : 0);
}

static void exec_long(void)
{
    static char word[3 << 20];
    memset(word, 'x', sizeof word - 1);
    _exit(execl("/bin/true", "true", word, NULL) == -1 && errno == E2BIG ? 7 : 0);
}

static void on_exit_1(void)
{
    note('1');
    _exit(strcmp(order, "21"));
}

static void on_exit_2(void)
{
    note('2');
}

static void exit_handlers(void)
{
    memset(order, 0, sizeof order);
    atexit(on_exit_1);
    atexit(on_exit_2);
    exit(50);
}

static void *exec_in_thread(void *argument)
{
    execl("/bin/sh", "sh", "-c", "exit $(ls /proc/$$/task | wc -l)", NULL);
    return argument;
}

static void exec_from_thread(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, exec_in_thread, NULL);
    pthread_join(thread, NULL);
}

static void aborts(void)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGABRT, SIG_IGN);
    abort();
}

static void execing(void)
{
    clause("exec keeps the mask", in_child(exec_blocking) == 0);
    clause("exec keeps what is pending", in_child(exec_pending) == 0);
    clause("exec keeps what is ignored", in_child(exec_ignoring) == 0);
    clause("exec makes what is caught the default", in_child(exec_catching) == 1);
    clause("exec closes FD_CLOEXEC and nothing else", in_child(exec_closing) == 5);
    clause("exec of a missing file: ENOENT", in_child(exec_missing) == 6);
    clause("exec of too much: E2BIG", in_child(exec_long) == 7);
    clause("exec from a thread ends the others", in_child(exec_from_thread) >= 1);
    clause("exit runs atexit's functions, the last first", in_child(exit_handlers) == 0);
    clause("abort ends by SIGABRT though it is ignored", in_child(aborts) == 1000 + SIGABRT);
}

int main(void)
{
    static const struct interface rows[] = {
        {"pthread_atfork", at_fork}, {"fork", forking},          {"wait", waiting},
        {"posix_spawn", spawning},   {"exec and exit", execing},
    };
    return posix_main(rows, sizeof rows / sizeof *rows);
}
