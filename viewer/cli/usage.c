/* Usage errors, help, version, numbers. */
#include "viewer/cli/usage.h"

#include "viewer/cli/commands.h"

#include <stdio.h>
#include <stdlib.h>

int usage_error(const char *command, const char *problem, const char *value)
{
    fprintf(stderr, "preflame: %s%s%s; try `preflame %s --help`\n", problem, value ? " " : "",
            value ? value : "", command);
    return EXIT_USAGE;
}

int usage_bad_option(const char *command, char *const argv[])
{
    return usage_error(command, "unknown option, or one without its value:", argv[optind - 1]);
}

int usage_answer(int option, const char *help)
{
    fputs(option == USAGE_VERSION ? "preflame " PREFLAME_VERSION "\n" : help, stdout);
    if (fflush(stdout) == 0)
        return EXIT_DONE;
    fputs("preflame: could not write to standard output: check the disk or the program behind the pipe\n",
          stderr);
    return EXIT_FAILED;
}

bool usage_number(const char *text, unsigned long min, unsigned long max, unsigned long *ret)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || number < min || number > max)
        return false;
    *ret = number;
    return true;
}
