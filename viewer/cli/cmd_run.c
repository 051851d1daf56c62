/* `preflame run`: becomes the command, under the preload. */
#include "viewer/cli/commands.h"
#include "viewer/cli/preload_env.h"

#include <errno.h>
#include <stdio.h>

enum { RUN_HELP = 'h', RUN_VERSION = 'V', RUN_TRACE = 't' };

static const char run_help[] =
    "usage: preflame run [options] [--] COMMAND [ARGUMENT...]\n"
    "Run COMMAND under the preload. It keeps this process' id; its exit status is its "
    "own.\n" PRELOAD_OPTIONS_HELP
    "  --trace           load the LTTng provider at start, for a session of your own\n"
    "  --help, --version\n"
    "Exit status: COMMAND's; 2 for wrong usage, 127 when there is no COMMAND, 126 when it can't be run.\n";

int cmd_run(int argc, char **argv)
{
    static const struct option options[] = {
        PRELOAD_LONG_OPTIONS,
        {"trace", no_argument, NULL, RUN_TRACE},
        {"help", no_argument, NULL, RUN_HELP},
        {"version", no_argument, NULL, RUN_VERSION},
        {NULL, 0, NULL, 0},
    };
    struct preload_settings settings = {0};
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "+h", options, NULL)) != -1) {
        if (option == RUN_HELP || option == RUN_VERSION)
            return fputs(option == RUN_HELP ? run_help : "preflame " PREFLAME_VERSION "\n", stdout) < 0;
        if (option == RUN_TRACE)
            settings.is_traced = true;
        else if (preload_settings_take(&settings, option, optarg) < 0)
            return EXIT_USAGE; /* getopt_long or the value's check has said why */
    }
    if (optind == argc) {
        fprintf(stderr, "preflame: no command given: preflame run [options] -- COMMAND\n");
        return EXIT_USAGE;
    }
    settings.is_left_out = !preload_env_warn(argv[optind]);
    /* What fails here was just said; a program is never kept from running by its profiler. */
    if (preload_env_apply(&settings) < 0)
        fflush(stderr);
    return preload_exec(&argv[optind]);
}
