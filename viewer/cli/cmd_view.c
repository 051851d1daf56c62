/* `preflame view`: a trace or a profile in, a page, a picture or a text out. */
#include "viewer/cli/attempt.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/load.h"
#include "viewer/cli/show.h"
#include "viewer/cli/usage.h"

#include <stdio.h>

#define DEFAULT_OUTPUT "report.html"

static const char help[] =
    "usage: preflame view [OPTIONS] TRACE|PROFILE\n"
    "\n"
    "Without -o and -f it writes a page for the browser, " DEFAULT_OUTPUT ", into the current folder.\n"
    "\n"
    "TRACE is a folder that `preflame record` or LTTng wrote, PROFILE a .pprof file (`-` is standard "
    "input).\n"
    "\n" SHOW_OPTIONS_HELP USAGE_OPTIONS_HELP;

struct view {
    const char *input;
    struct show show;
    bool is_default; /* nobody said what to write, nor where */
};

static int load_and_show(void *context, bool is_careful)
{
    struct view *view = context;
    struct loaded loaded;
    loaded_init(&loaded);
    view->show.load.is_careful = is_careful;
    int status = load(&loaded, view->input, &view->show.load);
    if (status == EXIT_DONE)
        status = show_report(&view->show, &loaded.report, view->input);
    loaded_clear(&loaded);
    if (status == EXIT_DONE && view->is_default)
        fputs("preflame: wrote " DEFAULT_OUTPUT "\n", stderr);
    return status;
}

int cmd_view(int argc, char **argv)
{
    static const struct option options[] = {SHOW_LONG_OPTIONS, USAGE_LONG_OPTIONS, {NULL, 0, NULL, 0}};
    struct view view;
    int option;
    show_init(&view.show);
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, SHOW_SHORT_OPTIONS, options, NULL)) != -1) {
        if (option == USAGE_HELP || option == USAGE_VERSION)
            return usage_answer(option, help);
        if (option == '?')
            return usage_bad_option("view", argv);
        if (show_take(&view.show, "view", option, optarg) < 0)
            return EXIT_USAGE;
    }
    if (optind == argc)
        return usage_error("view", "no trace or profile given", NULL);
    if (optind + 1 < argc)
        return usage_error("view", "more than one trace or profile given:", argv[optind + 1]);
    view.input = argv[optind];
    view.is_default = !view.show.output && !view.show.format;
    if (view.is_default)
        view.show.output = DEFAULT_OUTPUT;
    if (show_settle(&view.show, "view") < 0)
        return EXIT_USAGE;
    return load_is_trace(view.input) ? attempt(load_and_show, &view) : load_and_show(&view, false);
}
