/* Forks in the ways of servers and shells: prefork, vfork, spawn, from signal handlers, from among threads.
 */
#include "transcript.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    WORKERS = 4,
    REQUESTS = 20,
    HANDLER_FORKS = 25,
    STORM_FORKS = 15,
    STORM_THREADS = 3,
    VFORKS = 20,
    EACH_FORKS = 5
};

static int wait_for(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) == -1) {
        if (errno != EINTR) {
            return -1;
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void *return_argument(void *arg)
{
    free(malloc(100));
    return arg;
}

/* What a child must be able to do: allocate, start a thread, wait, fork again. */
static int child_works(void)
{
    pthread_t thread;
    void *result = NULL;
    char *text = malloc(5000);
    memset(text, 'x', 5000);
    free(text);
    if (pthread_create(&thread, NULL, return_argument, &result) != 0 || pthread_join(thread, &result) != 0) {
        return 90;
    }
    pid_t pid = fork();
    if (pid == 0) {
        _exit(17);
    }
    return wait_for(pid) == 17 ? 0 : 91;
}

/* A worker takes one request after the other from the shared socket, and answers with it. */
static _Noreturn void work(int requests, int answers)
{
    char request;
    while (recv(requests, &request, 1, 0) == 1 && request != 'q') {
        if (write(answers, &request, 1) != 1) {
            _exit(92);
        }
    }
    exit(child_works());
}

static void prefork(void)
{
    int ends[2], answers[2];
    pid_t workers[WORKERS];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0 || pipe(answers) != 0) {
        return;
    }
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = fork();
        if (workers[i] == 0) {
            close(ends[0]);
            work(ends[1], answers[1]);
        }
    }
    int answered = 0, ended = 0;
    char byte;
    for (int i = 0; i < REQUESTS; i++) {
        answered += send(ends[0], "r", 1, 0) == 1 && read(answers[0], &byte, 1) == 1 && byte == 'r';
    }
    for (int i = 0; i < WORKERS; i++) {
        send(ends[0], "q", 1, 0);
    }
    for (int i = 0; i < WORKERS; i++) {
        ended += wait_for(workers[i]) == 0;
    }
    transcript_line("prefork: %d requests answered, %d workers ended well", answered, ended);
    close(ends[0]);
    close(ends[1]);
    close(answers[0]);
    close(answers[1]);
}

static void on_usr2(int number)
{
    (void)number;
}

/* A shell's child: everything that it changes before exec must be its own. */
static pid_t vfork_like_a_shell(int output)
{
    pid_t pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork): the call under test */
    if (pid == 0) {
        /* As shells do, against the standard's word: NOLINTBEGIN(clang-analyzer-unix.Vfork) */
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_SETMASK, &all, NULL);
        signal(SIGUSR2, SIG_IGN);
        setpgid(0, 0);
        dup2(output, 1);
        closefrom(3);
        sigemptyset(&all);
        sigprocmask(SIG_SETMASK, &all, NULL);
        execl("/bin/echo", "echo", "from the child", (char *)NULL);
        _exit(93);
        /* NOLINTEND(clang-analyzer-unix.Vfork) */
    }
    return pid;
}

static void shells(void)
{
    int ends[2];
    volatile int good = 0; /* vfork may clobber what is in a register */
    char text[64] = "";
    struct sigaction action;
    sigset_t mask;
    signal(SIGUSR2, on_usr2);
    if (pipe(ends) != 0) {
        return;
    }
    transcript_line("vfork and exec = %d", wait_for(vfork_like_a_shell(ends[1])));
    ssize_t size = read(ends[0], text, sizeof text - 1);
    transcript_line("it wrote %zd bytes: %.14s", size, text);
    sigaction(SIGUSR2, NULL, &action);
    sigprocmask(SIG_SETMASK, NULL, &mask);
    transcript_line("the parent's handler stays: %s; its signals are open: %s",
                    action.sa_handler == on_usr2 ? "yes" : "no",
                    sigismember(&mask, SIGTERM) || sigismember(&mask, SIGSTKFLT) ? "no" : "yes");
    for (int i = 0; i < VFORKS; i++) {
        pid_t pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork): the call under test */
        if (pid == 0) {
            _exit(i);
        }
        good += wait_for(pid) == i;
    }
    transcript_line("%d vforks ended as they should", good);
    close(ends[0]);
    close(ends[1]);
    /* NOLINTNEXTLINE(cert-env33-c): the calls under test */
    transcript_line("system = %d", system("exit 7") >> 8);
    FILE *file = popen("echo one; exit 5", "r"); /* NOLINT(cert-env33-c) */
    if (file != NULL && fgets(text, sizeof text, file) != NULL) {
        transcript_line("popen gave %.3s and %d", text, pclose(file) >> 8);
    }
}

static void spawns(void)
{
    char *const arguments[] = {(char[]){"sh"}, (char[]){"-c"},
                               (char[]){"grep -E 'SigBlk|SigIgn' /proc/self/status | tr -d '\\t'"}, NULL};
    char *const environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t set;
    pid_t pid = -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    posix_spawnattr_setsigmask(&attributes, &set);
    sigaddset(&set, SIGUSR2);
    posix_spawnattr_setsigdefault(&attributes, &set);
    int error = posix_spawn(&pid, "/bin/sh", &actions, &attributes, arguments, environment);
    int status = wait_for(pid);
    transcript_line("posix_spawn with attributes = %d, ended with %d", error, status);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
}

static volatile sig_atomic_t handler_forks, handler_good;

static void fork_in_handler(int number)
{
    (void)number;
    int error = errno, status = 0;
    if (handler_forks >= HANDLER_FORKS) {
        return;
    }
    handler_forks++;
    pid_t pid = fork();
    if (pid == 0) {
        _exit(21);
    }
    handler_good += waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 21;
    errno = error;
}

/* The handler comes in the middle of locks, waits, and forks. */
static void forks_in_handlers(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = fork_in_handler;
    action.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &action, NULL);
    const struct itimerval often = {{0, 3000}, {0, 3000}}, never = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &often, NULL);
    int good = 0, tried = 0;
    while (handler_forks < HANDLER_FORKS) {
        for (int i = 0; i < 200; i++) {
            pthread_mutex_lock(&lock);
            pthread_mutex_unlock(&lock);
        }
        usleep(100);
        pid_t pid = fork();
        if (pid == 0) {
            _exit(22);
        }
        good += wait_for(pid) == 22;
        tried++;
    }
    setitimer(ITIMER_REAL, &never, NULL);
    signal(SIGALRM, SIG_DFL);
    transcript_line("%d forks in handlers, %d good; the others all good: %s", (int)handler_forks,
                    (int)handler_good, good == tried ? "yes" : "no");
    alarm(60);
}

static atomic_bool storm_is_over;

static void *storm(void *arg)
{
    while (!atomic_load(&storm_is_over)) {
        for (size_t i = 1; i < 200; i++) {
            free(malloc(i * 16));
        }
    }
    return arg;
}

/* Forks while other threads allocate and are being sampled. */
static void forks_among_threads(void)
{
    pthread_t threads[STORM_THREADS];
    int good = 0;
    for (int i = 0; i < STORM_THREADS; i++) {
        pthread_create(&threads[i], NULL, storm, NULL);
    }
    for (int i = 0; i < STORM_FORKS; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            exit(child_works());
        }
        good += wait_for(pid) == 0;
    }
    atomic_store(&storm_is_over, true);
    for (int i = 0; i < STORM_THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    transcript_line("forks among threads: %d children worked", good);
}

static void *fork_many(void *arg)
{
    int *good = arg;
    for (int i = 0; i < EACH_FORKS; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            exit(child_works());
        }
        *good += wait_for(pid) == 0;
    }
    return arg;
}

static void forks_at_once(void)
{
    pthread_t threads[3];
    int good[3] = {0, 0, 0};
    for (int i = 0; i < 3; i++) {
        pthread_create(&threads[i], NULL, fork_many, &good[i]);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    transcript_line("forks by three threads at once: %d children worked", good[0] + good[1] + good[2]);
}

int main(void)
{
    transcript_begin();
    prefork();
    shells();
    spawns();
    forks_in_handlers();
    forks_among_threads();
    forks_at_once();
    transcript_line("no child is left: %s", waitpid(-1, NULL, 0) == -1 && errno == ECHILD ? "yes" : "no");
    return 0;
}
