/* Times starting a command until it has ended: bench-start-up [--operations=N] -- [NAME=VALUE]... COMMAND
 * [ARGUMENT]... The variables are set for the command alone, so that this program stays bare. */
#include "base/clock.h"
#include "tests/bench/timing.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The words behind `--`, or NULL. */
static char **words_after_dashes(char **argv)
{
    while (*argv && strcmp(*argv, "--") != 0) {
        argv++;
    }
    return *argv ? argv + 1 : NULL;
}

int main(int argc, char **argv)
{
    int64_t operations = timing_option(argc, argv, "--operations", 100);
    char **command = words_after_dashes(argv);
    while (command && *command && strchr(*command, '=')) {
        putenv(*command++);
    }
    if (!command || !*command) {
        fputs("bench-start-up: name a command behind --\n", stderr);
        return 2;
    }
    int64_t start_ns = clock_mono_ns();
    for (int64_t i = 0; i < operations; i++) {
        pid_t pid;
        int status = 0;
        if (posix_spawn(&pid, *command, NULL, NULL, command, environ) || waitpid(pid, &status, 0) != pid ||
            status) {
            fprintf(stderr, "bench-start-up: %s cannot be started or fails\n", *command);
            return 1;
        }
    }
    timing_print(operations, clock_mono_ns() - start_ns);
    return 0;
}
