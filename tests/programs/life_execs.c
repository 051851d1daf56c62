/* Ways of `life` to become another program. */
#include "life.h"

#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int way_spawn(int64_t cpu_ns, char **argv)
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

int way_exec(int64_t cpu_ns, char **argv)
{
    burn_parent(cpu_ns);
    char *const next[] = {argv[0], (char[]){"exec-child"}, argv[2], NULL};
    execv("/proc/self/exe", next);
    return 1;
}

int way_exec_child(int64_t cpu_ns, char **argv)
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
int way_exec_fails(int64_t cpu_ns, char **argv)
{
    burn_parent(cpu_ns);
    for (int i = 0; i < 3; i++) {
        execv("/nowhere/at-all", argv);
        printf("%lld\n", written_ns());
    }
    return 0;
}
