/* life WAY [CPU_MS]: programs that live and end in unusual ways, each after burning CPU; one way a run. */
#include "life.h"

#include "base/clock.h"
#include "base/compiler.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

void say(const char *text)
{
    printf("%s\n", text);
    fflush(stdout);
}

int wait_for(pid_t pid)
{
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void close_everything(void)
{
    closefrom(3);
    close_range(3, UINT_MAX, 0);
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

static const struct {
    const char *name;
    int (*run)(int64_t cpu_ns, char **argv);
} ways[] = {
    {"fork", way_fork},
    {"raw-fork", way_raw_fork},
    {"_Fork", way_light_fork},
    {"fork-accepts", way_fork_accepts},
    {"_Fork-accepts", way_light_fork_accepts},
    {"_Fork-reads", way_light_fork_reads},
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
