/* life WAY [CPU_MS]: programs that live and end in unusual ways, each after burning CPU; one way a run. */
#include "base/clock.h"
#include "base/compiler.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((noinline)) void burn_parent(int64_t cpu_ns);
__attribute__((noinline)) void burn_child(int64_t cpu_ns);

static uint64_t sink;

static inline __attribute__((always_inline)) void burn(int64_t cpu_ns)
{
    int64_t end_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) + cpu_ns;
    while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < end_ns) {
        for (uint64_t i = 0; i < 20000; i++) {
            sink = sink * 31 + i;
        }
    }
}

void burn_parent(int64_t cpu_ns)
{
    burn(cpu_ns);
    sink++;
}

void burn_child(int64_t cpu_ns)
{
    burn(cpu_ns);
    sink--;
}

static void say(const char *text)
{
    printf("%s\n", text);
    fflush(stdout);
}

static int wait_for(pid_t pid)
{
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int way_fork(int64_t cpu_ns, char **argv)
{
    (void)argv;
    pid_t pid = fork();
    if (pid == 0) {
        burn_child(cpu_ns);
        say("child is done");
        exit(3);
    }
    burn_parent(cpu_ns);
    printf("child ended with %d\n", wait_for(pid));
    return 4;
}

/* A child made by other means than fork: it works after its first wait, as a server would. */
static int child_after_a_wait(int64_t cpu_ns)
{
    usleep(1000);
    burn_child(cpu_ns);
    say("child is done");
    return 3;
}

static int finish_with(pid_t pid, int64_t cpu_ns)
{
    burn_parent(cpu_ns);
    printf("child ended with %d\n", wait_for(pid));
    return 4;
}

static int way_raw_fork(int64_t cpu_ns, char **argv)
{
    (void)argv;
    pid_t pid = (pid_t)syscall(SYS_fork);
    if (pid == 0) {
        exit(child_after_a_wait(cpu_ns));
    }
    return finish_with(pid, cpu_ns);
}

static int way_light_fork(int64_t cpu_ns, char **argv)
{
    (void)argv;
    pid_t pid = _Fork();
    if (pid == 0) {
        exit(child_after_a_wait(cpu_ns));
    }
    return finish_with(pid, cpu_ns);
}

static int clone_main(void *arg)
{
    return child_after_a_wait(*(int64_t *)arg);
}

static int way_clone(int64_t cpu_ns, char **argv)
{
    static char stack[256 * 1024] __attribute__((aligned(16)));
    (void)argv;
    pid_t pid = clone(clone_main, stack + sizeof stack, SIGCHLD, &cpu_ns);
    return finish_with(pid, cpu_ns);
}

/* Leaves by the system call that ends a thread: the last one's ends the process. */
static int way_raw_exit(int64_t cpu_ns, char **argv)
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

static int way_raw_exit_of_all(int64_t cpu_ns, char **argv)
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

static void close_everything(void)
{
    closefrom(3);
    close_range(3, UINT_MAX, 0);
}

/* The old way to become a daemon; the pipe tells the first process (and so the test) that the last one is
 * done. */
static int way_daemon(int64_t cpu_ns, char **argv)
{
    (void)argv;
    int done[2];
    char byte = 'd';
    if (pipe(done) != 0) {
        return 1;
    }
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        if (fork() != 0) {
            _exit(0);
        }
        dup2(done[1], 1);
        close_everything();
        burn_child(cpu_ns);
        exit(write(1, &byte, 1) == 1 ? 0 : 1);
    }
    close(done[1]);
    burn_parent(cpu_ns);
    wait_for(pid);
    printf("the daemon said %zd byte\n", read(done[0], &byte, 1));
    printf("and ended: %s\n", read(done[0], &byte, 1) == 0 ? "yes" : "no");
    return 0;
}

static int way_closes(int64_t cpu_ns, char **argv)
{
    (void)argv;
    close_everything();
    int fd = open("/dev/null", O_RDONLY);
    printf("the next descriptor is %d\n", fd);
    burn_parent(cpu_ns);
    return 6;
}

static void *say_last(void *arg)
{
    burn_child(*(int64_t *)arg);
    say("the last thread is done");
    return NULL;
}

static int way_main_exits_thread(int64_t cpu_ns, char **argv)
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

static int64_t callback_cpu_ns;

static int burn_in_callback(int value)
{
    burn_child(callback_cpu_ns);
    return value;
}

/* A child that loads an object of its own, and computes below it. */
static int fork_and_load(int64_t cpu_ns, void *(*load)(void))
{
    burn_parent(cpu_ns);
    pid_t pid = fork();
    if (pid == 0) {
        void *plugin = load();
        int (*call)(int (*)(int), int) =
            plugin != NULL ? (int (*)(int (*)(int), int))dlsym(plugin, "plugin_call") : NULL;
        callback_cpu_ns = cpu_ns;
        exit(call != NULL && call(burn_in_callback, 1) == 2 ? 0 : 1);
    }
    printf("child ended with %d\n", wait_for(pid));
    return 0;
}

static void *load_plainly(void)
{
    return dlopen("libcalls_plugin.so", RTLD_NOW);
}

static void *load_by_namespace(void)
{
    return dlmopen(LM_ID_BASE, "libcalls_plugin.so", RTLD_NOW);
}

static int way_fork_dlopen(int64_t cpu_ns, char **argv)
{
    (void)argv;
    return fork_and_load(cpu_ns, load_plainly);
}

static int way_fork_dlmopen(int64_t cpu_ns, char **argv)
{
    (void)argv;
    return fork_and_load(cpu_ns, load_by_namespace);
}

static int way_spawn(int64_t cpu_ns, char **argv)
{
    (void)argv;
    pid_t pid = -1;
    char *const words[] = {(char[]){"true"}, NULL};
    burn_parent(cpu_ns);
    if (posix_spawn(&pid, "/bin/true", NULL, NULL, words, environ) != 0) {
        return 1;
    }
    printf("spawned: %d\n", wait_for(pid));
    return 0;
}

static int way_exec(int64_t cpu_ns, char **argv)
{
    burn_parent(cpu_ns);
    char *const next[] = {argv[0], (char[]){"exec-child"}, argv[2], NULL};
    execv("/proc/self/exe", next);
    return 1;
}

static int way_exec_child(int64_t cpu_ns, char **argv)
{
    (void)argv;
    burn_child(cpu_ns);
    say("after exec");
    return 7;
}

/* When the profile was last written. */
static long long written_ns(void)
{
    struct stat status;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/cpu.pprof", getenv("PREFLAME_OUT"));
    return stat(path, &status) == 0 ? status.st_mtim.tv_sec * 1000000000LL + status.st_mtim.tv_nsec : -1;
}

/* As a shell that looks for a command: prints the time of the profile after each try. */
static int way_exec_fails(int64_t cpu_ns, char **argv)
{
    burn_parent(cpu_ns);
    for (int i = 0; i < 3; i++) {
        execv("/nowhere/at-all", argv);
        printf("%lld\n", written_ns());
    }
    return 0;
}

static int way_return(int64_t cpu_ns, char **argv)
{
    (void)argv;
    burn_parent(cpu_ns);
    say("returns");
    return 8;
}

static int way_exit(int64_t cpu_ns, char **argv)
{
    (void)argv;
    burn_parent(cpu_ns);
    say("exits");
    exit(9);
}

static int way_exit_at_once(int64_t cpu_ns, char **argv)
{
    (void)argv;
    burn_parent(cpu_ns);
    say("exits at once");
    _exit(10);
}

static int way_exit_at_once_c99(int64_t cpu_ns, char **argv)
{
    (void)argv;
    burn_parent(cpu_ns);
    say("exits at once, as C has it");
    _Exit(12);
}

static void *burn_apart(void *cpu_ns)
{
    burn_child(*(int64_t *)cpu_ns);
    return NULL;
}

/* Blocks all that can be blocked, in each thread. */
static int way_blocks_signals(int64_t cpu_ns, char **argv)
{
    (void)argv;
    pthread_t thread;
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    if (pthread_create(&thread, NULL, burn_apart, &cpu_ns) != 0) {
        return 1;
    }
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    burn_parent(cpu_ns);
    pthread_join(thread, NULL);
    say("blocks signals");
    return 13;
}

static int way_quick_exit(int64_t cpu_ns, char **argv)
{
    (void)argv;
    burn_parent(cpu_ns);
    say("exits quickly");
    quick_exit(11);
}

/* Waits for a signal from outside: says so first. */
static int way_signal(int64_t cpu_ns, char **argv)
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

static int way_abort(int64_t cpu_ns, char **argv)
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
static int way_abort_caught(int64_t cpu_ns, char **argv)
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
static int way_main_cancelled(int64_t cpu_ns, char **argv)
{
    (void)argv;
    burn_parent(cpu_ns);
    say("is cancelled");
    pthread_cancel(pthread_self());
    pause();
    return 1;
}

static const struct {
    const char *name;
    int (*run)(int64_t cpu_ns, char **argv);
} ways[] = {
    {"fork", way_fork},
    {"raw-fork", way_raw_fork},
    {"_Fork", way_light_fork},
    {"clone", way_clone},
    {"raw-exit", way_raw_exit},
    {"raw-exit-of-all", way_raw_exit_of_all},
    {"daemon", way_daemon},
    {"closes", way_closes},
    {"main-pthread-exit", way_main_exits_thread},
    {"exec", way_exec},
    {"exec-child", way_exec_child},
    {"fork-dlopen", way_fork_dlopen},
    {"fork-dlmopen", way_fork_dlmopen},
    {"spawn", way_spawn},
    {"_Exit", way_exit_at_once_c99},
    {"blocks-signals", way_blocks_signals},
    {"exec-fails", way_exec_fails},
    {"return", way_return},
    {"exit", way_exit},
    {"_exit", way_exit_at_once},
    {"quick_exit", way_quick_exit},
    {"signal", way_signal},
    {"abort", way_abort},
    {"abort-caught", way_abort_caught},
    {"main-cancelled", way_main_cancelled},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(ways); i++) {
        if (strcmp(argv[1], ways[i].name) == 0) {
            return ways[i].run(argc > 2 ? atoi(argv[2]) * INT64_C(1000000) : 0, argv);
        }
    }
    fprintf(stderr, "usage: life WAY [CPU_MS]\n");
    return 2;
}
