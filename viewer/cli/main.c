/* The `preflame` command: finds the subcommand and hands over. */
#include "viewer/cli/commands.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static void print_help(FILE *to)
{
    fputs("usage: preflame COMMAND [OPTIONS] [ARGUMENTS]\n\nCommands:\n", to);
    for (const struct command *command = commands; command->name; command++)
        if (command->help)
            fprintf(to, "  %-10s %s\n", command->name, command->help);
    fputs(
        "\nOptions:\n  --help     show this, or with a command its own help\n  --version  show the version\n",
        to);
}

/* What was printed must have arrived: a full disk behind stdout is a failure. */
static int finish(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_DONE;
    fputs("preflame: could not write to standard output: check the disk or the program behind the pipe\n",
          stderr);
    return EXIT_FAILED;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fputs("preflame: no command given; try `preflame --help`\n", stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return finish();
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("preflame " PREFLAME_VERSION);
        return finish();
    }
    for (const struct command *command = commands; command->name; command++) {
        if (strcmp(command->name, argv[1]) == 0) {
            static char prefix[] = "preflame"; /* getopt's messages begin with argv[0] */
            argv[1] = prefix;
            return command->run(argc - 1, argv + 1);
        }
    }
    fprintf(stderr, "preflame: unknown command '%s'; try `preflame --help`\n", argv[1]);
    return EXIT_USAGE;
}
