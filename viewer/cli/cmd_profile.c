/* `preflame profile`: one profile of a running process, to a file. */
#include "viewer/cli/ask.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/output.h"
#include "viewer/cli/profile_path.h"
#include "viewer/cli/show.h"
#include "viewer/cli/usage.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: preflame profile [OPTIONS] TARGET\n"
    "\n"
    "Fetch a profile. TARGET is a pid, the name of a process (see `preflame ls`), a URL, a Unix socket or a "
    "file.\n"
    "\n"
    "  -t, --type=TYPE       cpu (the default), wall, heap, allocs, mutex, block, goroutine, threadcreate, "
    "syscall or io\n"
    "      --seconds=N       what happens in N seconds (cpu and wall: 30); without it, of the others, all "
    "since the start\n"
    "  -o, --output=FILE     where to (default: NAME.PID.TYPE.pprof, or standard output for another "
    "format)\n"
    "  -f, --format=FORMAT   pprof (the default), text, folded, svg or speedscope\n"
    "                        (default: by the ending of FILE)\n"
    "  -s, --sample=TYPE     which of its values, as inuse_space; --reverse, --inverted, --title, --width, "
    "--rows:\n"
    "                        as `preflame view` has them\n" USAGE_OPTIONS_HELP;

struct fetching {
    const char *type;
    unsigned long seconds;
    struct show show;
    bool is_raw; /* as the target sends it */
    struct endpoint endpoint;
};

static int parse(struct fetching *f, int argc, char **argv)
{
    static const struct option options[] = {{"type", required_argument, NULL, 't'},
                                            {"seconds", required_argument, NULL, 'T'},
                                            SHOW_LONG_OPTIONS,
                                            USAGE_LONG_OPTIONS,
                                            {NULL, 0, NULL, 0}};
    int option;
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, "t:" SHOW_SHORT_OPTIONS, options, NULL)) != -1) {
        if (option == USAGE_HELP || option == USAGE_VERSION)
            return -usage_answer(option, help) - 1;
        if (option == '?')
            return usage_bad_option("profile", argv);
        if (option == 't')
            f->type = optarg;
        else if (option == 'T' && !usage_number(optarg, 1, PROFILE_SECONDS_MAX, &f->seconds))
            return usage_error("profile", "bad number of seconds", optarg);
        else if (option != 'T' && show_take(&f->show, "profile", option, optarg) < 0)
            return EXIT_USAGE;
    }
    if (optind + 1 != argc)
        return usage_error("profile", optind == argc ? "no target given" : "more than one target given:",
                           optind == argc ? NULL : argv[optind + 1]);
    return EXIT_DONE;
}

/* A name for the file that says what is in it: "redis-server.4711.cpu.pprof". */
static void name_file(const struct fetching *f, char *path, size_t size)
{
    char name[128];
    snprintf(name, sizeof(name), "%.100s", f->endpoint.name);
    for (char *at = name; *at; at++)
        if (strchr("/:[]", *at))
            *at = *at == ':' ? '.' : '_';
    if (f->endpoint.pid)
        snprintf(path, size, "%s.%d.%s.pprof", name, (int)f->endpoint.pid, f->type);
    else
        snprintf(path, size, "%s.%s.pprof", name, f->type);
}

static int deliver_raw(const struct fetching *f, const struct bytes *body)
{
    char chosen[PATH_MAX];
    const char *path = f->show.output;
    if (!path) {
        name_file(f, chosen, sizeof(chosen));
        path = chosen;
    }
    int status = output_write(path, body);
    if (status == EXIT_DONE && path == chosen)
        printf("%s\n", path);
    return status;
}

static int show_body(const struct fetching *f, const struct bytes *body)
{
    struct loaded loaded;
    loaded_init(&loaded);
    int status = load_profile_bytes(&loaded, body, f->endpoint.name, &f->show.load);
    if (status == EXIT_DONE && !f->is_raw)
        status = show_report(&f->show, &loaded.report, f->endpoint.name);
    loaded_clear(&loaded);
    if (status == EXIT_DONE && f->is_raw)
        status = deliver_raw(f, body);
    return status;
}

int cmd_profile(int argc, char **argv)
{
    struct fetching f = {.type = "cpu"};
    show_init(&f.show);
    int status = parse(&f, argc, argv);
    if (status)
        return status < 0 ? -(status + 1) : status;
    f.is_raw = !f.show.format && (!f.show.output || !format_by_path(f.show.output));
    if (f.show.format && strcmp(f.show.format->name, "pprof") == 0 && !f.show.load.sample_type)
        f.is_raw = true;
    if (!f.is_raw && show_settle(&f.show, "profile") < 0)
        return EXIT_USAGE;
    status = ask_find(argv[optind], &f.endpoint);
    struct bytes body CLEANUP(bytes_clear);
    bytes_init(&body, ASK_MAX_BYTES);
    char path[PROFILE_PATH_BYTES], what[PROFILE_PATH_BYTES];
    if (status == EXIT_DONE) {
        unsigned seconds = profile_path(&f.endpoint, f.type, (unsigned)f.seconds, path);
        snprintf(what, sizeof(what), "%s profile of %.200s", f.type, f.endpoint.name);
        status = ask(&f.endpoint, path, what, seconds, &body);
    }
    return status == EXIT_DONE ? show_body(&f, &body) : status;
}
