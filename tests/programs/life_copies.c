/* Ways of `life` to become two: forks of every kind, daemons, children that load objects of their own. */
#include "life.h"

#include <dlfcn.h>
#include <limits.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int way_fork(int64_t cpu_ns, char **argv)
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

int way_raw_fork(int64_t cpu_ns, char **argv)
{
    (void)argv;
    pid_t pid = (pid_t)syscall(SYS_fork);
    if (pid == 0) {
        exit(child_after_a_wait(cpu_ns));
    }
    return finish_with(pid, cpu_ns);
}

int way_light_fork(int64_t cpu_ns, char **argv)
{
    (void)argv;
    pid_t pid = _Fork();
    if (pid == 0) {
        exit(child_after_a_wait(cpu_ns));
    }
    return finish_with(pid, cpu_ns);
}

/* A worker that serves by calls which wait: it is asked once its parent's input has a line, or ends. */
static int serve_once(pid_t (*copy)(void), bool accepts, int64_t cpu_ns)
{
    int ends[2];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    int server = socket(AF_INET, SOCK_STREAM, 0);
    if (pipe(ends) != 0 || bind(server, (struct sockaddr *)&address, size) != 0 || listen(server, 1) != 0 ||
        getsockname(server, (struct sockaddr *)&address, &size) != 0) {
        return 1;
    }
    pid_t pid = copy();
    if (pid == 0) {
        char byte;
        bool is_asked = accepts ? accept(server, NULL, NULL) >= 0 : read(ends[0], &byte, 1) == 1;
        burn_child(cpu_ns);
        _exit(is_asked ? 3 : 1);
    }
    usleep(20000);
    getchar();
    int client = socket(AF_INET, SOCK_STREAM, 0);
    bool has_asked =
        accepts ? connect(client, (struct sockaddr *)&address, size) == 0 : write(ends[1], "x", 1) == 1;
    printf("child was asked: %d\n", has_asked);
    return finish_with(pid, cpu_ns);
}

int way_fork_accepts(int64_t cpu_ns, char **argv)
{
    (void)argv;
    return serve_once(fork, true, cpu_ns);
}

int way_light_fork_accepts(int64_t cpu_ns, char **argv)
{
    (void)argv;
    return serve_once(_Fork, true, cpu_ns);
}

int way_light_fork_reads(int64_t cpu_ns, char **argv)
{
    (void)argv;
    return serve_once(_Fork, false, cpu_ns);
}

static int clone_main(void *arg)
{
    return child_after_a_wait(*(int64_t *)arg);
}

int way_clone(int64_t cpu_ns, char **argv)
{
    static char stack[256 * 1024] __attribute__((aligned(16)));
    (void)argv;
    pid_t pid = clone(clone_main, stack + sizeof stack, SIGCHLD, &cpu_ns);
    return finish_with(pid, cpu_ns);
}

/* The old way to become a daemon; the pipe tells the first process (and so the test) that the last one is
 * done. */
int way_daemon(int64_t cpu_ns, char **argv)
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

int way_fork_dlopen(int64_t cpu_ns, char **argv)
{
    (void)argv;
    return fork_and_load(cpu_ns, load_plainly);
}

int way_fork_dlmopen(int64_t cpu_ns, char **argv)
{
    (void)argv;
    return fork_and_load(cpu_ns, load_by_namespace);
}
