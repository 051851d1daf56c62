/* `preflame top`: functions, threads and locks of a running process, as they are now. */
#include "viewer/cli/ask.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/output.h"
#include "viewer/cli/terminal.h"
#include "viewer/cli/top_tables.h"
#include "viewer/cli/usage.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: preflame top [OPTIONS] TARGET\n"
    "\n"
    "What a process does now, each two seconds anew: the functions and threads that take CPU time, and who "
    "holds locks\n"
    "that others wait for. `q` ends it. Where standard output is no terminal, one round is printed. TARGET "
    "is "
    "a pid,\n"
    "the name of a process (see `preflame ls`), a URL or a Unix socket.\n"
    "\n"
    "  -n, --rounds=N        end after N rounds\n"
    "      --seconds=N       length of a round (default: 2)\n"
    "      --rows=N          lines of each table, where there is no terminal (default: "
    "20)\n" USAGE_OPTIONS_HELP;

struct top {
    struct endpoint endpoint;
    unsigned long rounds, seconds, rows;
    bool has_terminal;
    struct profile *locks; /* as of the last round; owned */
    char why[ASK_WHY_BYTES];
};

static bool go_on(void *context, int64_t elapsed_ns)
{
    (void)elapsed_ns;
    const struct top *top = context;
    return !top->has_terminal || !terminal_was_pressed('q');
}

/* A profile of the process, owned by the caller. An exit status or ASK_CANCELLED. */
static int get(struct top *top, const char *path, unsigned seconds, struct profile **ret)
{
    const struct ask_pause pause = {
        .watch_fd = top->has_terminal ? STDIN_FILENO : -1, .on_pause = go_on, .context = top};
    struct bytes body CLEANUP(bytes_clear);
    bytes_init(&body, ASK_MAX_BYTES);
    int status = ask_silently(&top->endpoint, path, seconds, &pause, &body, top->why);
    if (status != EXIT_DONE)
        return status == ASK_CANCELLED ? status : EXIT_FAILED;
    const char *detail = NULL;
    int error = profile_decode(body.data, body.len, ASK_MAX_BYTES, ret, &detail);
    if (error)
        snprintf(top->why, sizeof(top->why), "'%.200s' sent no profile: %s", top->endpoint.name,
                 detail ? detail : strerror(-error));
    return error ? EXIT_FAILED : EXIT_DONE;
}

static int show(struct top *top, const struct profile *cpu, struct profile *locks)
{
    size_t functions = top->rows, others = functions, rows, columns;
    if (top->has_terminal) {
        terminal_size(&rows, &columns);
        functions = rows > 16 ? (rows - 8) / 2 : 4;
        others = rows > 16 ? (rows - 8 - functions) / 2 : 2;
    }
    struct bytes text CLEANUP(bytes_clear);
    bytes_init(&text, OUTPUT_MAX_BYTES);
    bytes_printf(&text, "%s", top->endpoint.name);
    if (top->endpoint.pid)
        bytes_printf(&text, " (%d)", (int)top->endpoint.pid);
    bytes_puts(&text, ", ");
    int error = top_put_cpu(&text, cpu, functions, others);
    if (!error)
        error = top_put_locks(&text, top->locks, locks, others);
    error = error ? error : text.error;
    if (error) {
        snprintf(top->why, sizeof(top->why), "cannot show the profiles of '%.200s': %s", top->endpoint.name,
                 strerror(-error));
        return EXIT_FAILED;
    }
    if (!top->has_terminal)
        return output_write(NULL, &text);
    terminal_draw(bytes_text(&text));
    return EXIT_DONE;
}

static int do_round(struct top *top)
{
    struct profile *cpu CLEANUP(profile_freep) = NULL, *locks CLEANUP(profile_freep) = NULL,
                        *next CLEANUP(profile_freep) = NULL;
    char path[64];
    snprintf(path, sizeof(path), "/debug/pprof/profile?seconds=%lu", top->seconds);
    int status = top->locks ? EXIT_DONE : get(top, "/debug/pprof/mutex", 0, &top->locks);
    if (status == EXIT_DONE)
        status = get(top, path, (unsigned)top->seconds, &cpu);
    if (status == EXIT_DONE)
        status = get(top, "/debug/pprof/mutex", 0, &locks);
    if (status == EXIT_DONE && (next = profile_new()) && profile_merge(next, locks, 1) == 0)
        status = show(top, cpu, locks);
    if (status == EXIT_DONE) {
        profile_free(top->locks);
        top->locks = next;
        next = NULL;
    }
    return status;
}

static int watch(struct top *top)
{
    int status = EXIT_DONE;
    top->has_terminal = terminal_take();
    if (!top->rounds)
        top->rounds = top->has_terminal ? ULONG_MAX : 1;
    for (unsigned long round = 0; round < top->rounds && status == EXIT_DONE; round++)
        status = do_round(top);
    terminal_give_back();
    profile_free(top->locks);
    if (status == EXIT_FAILED && top->why[0])
        fprintf(stderr, "preflame: %s\n", top->why);
    return status == ASK_CANCELLED ? EXIT_DONE : status;
}

int cmd_top(int argc, char **argv)
{
    static const struct option options[] = {{"rounds", required_argument, NULL, 'n'},
                                            {"seconds", required_argument, NULL, 't'},
                                            {"rows", required_argument, NULL, 'r'},
                                            USAGE_LONG_OPTIONS,
                                            {NULL, 0, NULL, 0}};
    static struct top top = {.seconds = 2, .rows = 20};
    int option;
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, "n:", options, NULL)) != -1) {
        if (option == USAGE_HELP || option == USAGE_VERSION)
            return usage_answer(option, help);
        if (option == '?')
            return usage_bad_option("top", argv);
        unsigned long *number = option == 'n' ? &top.rounds : option == 't' ? &top.seconds : &top.rows;
        if (!usage_number(optarg, 1, option == 't' ? 3600 : 1000000, number))
            return usage_error("top", "bad number", optarg);
    }
    if (optind + 1 != argc)
        return usage_error("top", optind == argc ? "no target given" : "more than one target given:",
                           optind == argc ? NULL : argv[optind + 1]);
    if (ask_find(argv[optind], &top.endpoint) != EXIT_DONE)
        return EXIT_FAILED;
    if (top.endpoint.is_file) {
        fprintf(stderr, "preflame: '%s' is a file, which does nothing now; give a process\n",
                top.endpoint.name);
        return EXIT_FAILED;
    }
    return watch(&top);
}
