/* exec_storm ROUNDS: four threads start ROUNDS programs together, by fork and exec, vfork and exec, and
 * posix_spawn in turns; each computes a moment before and after its exec. Prints how many ended otherwise
 * than they should. */
#include "base/clock.h"

#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 4
#define BURN_NS INT64_C(2000000)
#define STATUS 7

static atomic_int rounds, wrong;
static char *child_argv[] = {(char[]){"exec_storm"}, (char[]){"child"}, NULL};

static void burn(void)
{
    int64_t end_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) + BURN_NS;
    while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < end_ns) {
    }
}

static void become(void)
{
    execv("/proc/self/exe", child_argv);
    _exit(99);
}

static pid_t start(int round)
{
    pid_t pid = -1;
    if (round % 3 == 0) {
        pid = fork();
        if (pid == 0) {
            burn();
            become();
        }
    } else if (round % 3 == 1) {
        pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork) */
        if (pid == 0) {
            become(); /* NOLINT(clang-analyzer-unix.Vfork) */
        }
    } else if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, child_argv, environ) != 0) {
        pid = -1;
    }
    return pid;
}

static void *storm(void *unused)
{
    int round;
    while ((round = atomic_fetch_sub(&rounds, 1)) > 0) {
        int status = 0;
        pid_t pid = start(round);
        if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
            WEXITSTATUS(status) != STATUS) {
            atomic_fetch_add(&wrong, 1);
        }
        burn();
    }
    return unused;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    if (argc > 1 && strcmp(argv[1], "child") == 0) {
        burn();
        return STATUS;
    }
    atomic_store(&rounds, argc > 1 ? atoi(argv[1]) : 0);
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, storm, NULL) != 0) {
            return 1;
        }
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    printf("wrong: %d\n", atomic_load(&wrong));
    return 0;
}
