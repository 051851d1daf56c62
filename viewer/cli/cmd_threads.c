/* `preflame threads`: every thread of a process now. */
#include "viewer/cli/ask.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/output.h"
#include "viewer/cli/usage.h"
#include "viewer/formats/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "usage: preflame threads [-o FILE] TARGET\n"
    "\n"
    "Every thread: its name, its state, what it waits for and since when, who holds that, its stack. TARGET "
    "is a pid,\n"
    "the name of a process (see `preflame ls`), a URL or a Unix socket.\n"
    "\n"
    "  -o, --output=FILE     where to (default: standard output)\n" USAGE_OPTIONS_HELP;

/* Names of threads are the program's: none may command the terminal. Lines and tabs are ours. */
static void put_lines(struct bytes *out, char *text)
{
    while (*text) {
        char *end = text + strcspn(text, "\n");
        bool is_line = *end == '\n';
        *end = 0;
        if (*text == '\t')
            bytes_puts(out, "    ");
        text_put(out, text + (*text == '\t'));
        if (is_line)
            bytes_puts(out, "\n");
        text = end + is_line;
    }
}

int cmd_threads(int argc, char **argv)
{
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'}, USAGE_LONG_OPTIONS, {NULL, 0, NULL, 0}};
    const char *output = NULL;
    int option;
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
        if (option == USAGE_HELP || option == USAGE_VERSION)
            return usage_answer(option, help);
        if (option == '?')
            return usage_bad_option("threads", argv);
        output = optarg;
    }
    if (optind + 1 != argc)
        return usage_error("threads", optind == argc ? "no target given" : "more than one target given:",
                           optind == argc ? NULL : argv[optind + 1]);
    struct endpoint endpoint;
    int status = ask_find(argv[optind], &endpoint);
    if (status == EXIT_DONE && endpoint.is_file) {
        fprintf(stderr, "preflame: '%s' is a file, which has no threads; give a process\n", endpoint.name);
        return EXIT_FAILED;
    }
    struct bytes body CLEANUP(bytes_clear), text CLEANUP(bytes_clear);
    bytes_init(&body, ASK_MAX_BYTES);
    bytes_init(&text, OUTPUT_MAX_BYTES);
    if (status == EXIT_DONE)
        status = ask(&endpoint, "/debug/pprof/goroutine?debug=2", "threads", 0, &body);
    if (status != EXIT_DONE)
        return status;
    if (body.len)
        put_lines(&text, (char *)body.data);
    return output_write(output, &text);
}
