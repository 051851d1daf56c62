/* `preflame symbolize`, internal: a profile of addresses in, the same profile with functions and lines out.
 */
#include "base/atomic_file.h"
#include "exporters/symbols/symbolize.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/read_file.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INPUT_SIZE_MAX ((size_t)256 << 20)
/* Profiles compress well; a bomb compresses better. */
#define UNPACKED_SIZE_MAX ((size_t)1 << 30)

enum {
    OPTION_HELP = 'h',
    OPTION_OUTPUT = 'o',
    OPTION_CACHE = 0x100,
    OPTION_NO_CACHE,
    OPTION_ROOT,
    OPTION_PERF_MAP,
    OPTION_VERSION
};

static const char symbolize_help[] =
    "usage: preflame symbolize [options] [FILE]\n"
    "Read a profile (.pprof, compressed or not) from FILE or standard input, name its addresses by symbol "
    "tables and\n"
    "debug info, and write it compressed to standard output.\n"
    "  -o, --output=FILE  write FILE instead, whole or not at all\n"
    "  --cache=DIR        keep what was found in DIR (default: $XDG_CACHE_HOME/preflame or "
    "~/.cache/preflame)\n"
    "  --no-cache         keep nothing\n"
    "  --root=DIR         look for the profile's files below DIR, as /proc/PID/root for a container's\n"
    "  --perf-map=FILE    names of code made at run time: /tmp/perf-PID.map, as node --perf-basic-prof and "
    "others write "
    "it\n"
    "  --help, --version\n"
    "Debug info is also fetched from the servers in $DEBUGINFOD_URLS, if it is set.\n"
    "Exit status: 0; 1 for a profile that can't be read or written, 2 for wrong usage.\n";

struct symbolize_command {
    const char *input;  /* NULL = standard input */
    const char *output; /* NULL = standard output */
    const char *cache;  /* as typed, or NULL */
    bool is_without_cache;
    bool is_done; /* --help or --version was served */
    const char *root;
    const char *perf_map;
};

/* Says what happened and what to do; always 1. */
static int fail(const char *what, const char *file, const char *why, const char *advice)
{
    fprintf(stderr, "preflame: %s %s: %s; %s\n", what, file, why, advice);
    return 1;
}

/* 0, or 2 for wrong usage, of which getopt_long or this has told. */
static int parse(int argc, char **argv, struct symbolize_command *command)
{
    static const struct option options[] = {
        {"output", required_argument, NULL, OPTION_OUTPUT},
        {"cache", required_argument, NULL, OPTION_CACHE},
        {"no-cache", no_argument, NULL, OPTION_NO_CACHE},
        {"root", required_argument, NULL, OPTION_ROOT},
        {"perf-map", required_argument, NULL, OPTION_PERF_MAP},
        {"help", no_argument, NULL, OPTION_HELP},
        {"version", no_argument, NULL, OPTION_VERSION},
        {NULL, 0, NULL, 0},
    };
    int option;
    optind = 1;
    while (!command->is_done && (option = getopt_long(argc, argv, "ho:", options, NULL)) != -1) {
        if (option == OPTION_OUTPUT)
            command->output = optarg;
        else if (option == OPTION_CACHE)
            command->cache = optarg;
        else if (option == OPTION_NO_CACHE)
            command->is_without_cache = true;
        else if (option == OPTION_ROOT)
            command->root = optarg;
        else if (option == OPTION_PERF_MAP)
            command->perf_map = optarg;
        else if (option == OPTION_HELP || option == OPTION_VERSION)
            command->is_done =
                fputs(option == OPTION_HELP ? symbolize_help : "preflame " PREFLAME_VERSION "\n", stdout) >=
                0;
        else
            return 2;
    }
    if (argc - optind > 1) {
        fprintf(stderr, "preflame: one FILE at most: preflame symbolize [options] [FILE]\n");
        return 2;
    }
    if (optind < argc && strcmp(argv[optind], "-") != 0)
        command->input = argv[optind];
    return 0;
}

static int write_stdout(const struct bytes *data)
{
    for (size_t at = 0; at < data->len;) {
        ssize_t done = write(STDOUT_FILENO, data->data + at, data->len - at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -errno;
        at += (size_t)done;
    }
    return 0;
}

/* $XDG_CACHE_HOME must be absolute to count (XDG Base Directory Specification). NULL: nowhere. Owned by the
 * caller. */
static char *cache_folder(const struct symbolize_command *command)
{
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char *folder = NULL;
    if (command->is_without_cache)
        return NULL;
    if (command->cache)
        return strdup(command->cache);
    if (base && *base == '/')
        return asprintf(&folder, "%s/preflame", base) < 0 ? NULL : folder;
    if (home && *home == '/')
        return asprintf(&folder, "%s/.cache/preflame", home) < 0 ? NULL : folder;
    return NULL;
}

static int read_profile(const struct symbolize_command *command, struct profile **ret)
{
    const char *name = command->input ? command->input : "standard input", *why = NULL;
    struct bytes data;
    bytes_init(&data, INPUT_SIZE_MAX);
    int error = read_file(command->input, &data);
    if (!error)
        error = profile_decode(data.data, data.len, UNPACKED_SIZE_MAX, ret, &why);
    bytes_clear(&data);
    if (!error)
        return 0;
    return fail("cannot read", name, why ? why : strerror(-error), "give a .pprof file of at most 256 MiB");
}

static int write_profile(const struct symbolize_command *command, const struct profile *profile)
{
    const char *name = command->output ? command->output : "standard output";
    struct bytes data;
    bytes_init(&data, UNPACKED_SIZE_MAX);
    int error = profile_encode_gzip(profile, &data);
    if (!error && command->output)
        error = atomic_file_write(command->output, data.data, data.len, false);
    else if (!error)
        error = write_stdout(&data);
    bytes_clear(&data);
    return error ? fail("cannot write", name, strerror(-error), "check the place and its free space") : 0;
}

int cmd_symbolize(int argc, char **argv)
{
    struct symbolize_command command = {0};
    int status = parse(argc, argv, &command);
    if (status || command.is_done)
        return status;
    if (!command.output && isatty(STDOUT_FILENO)) {
        fprintf(stderr, "preflame: a profile is not for a terminal; use -o FILE or a pipe\n");
        return 2;
    }
    struct profile *in = NULL, *out = NULL;
    status = read_profile(&command, &in);
    if (status)
        return status;
    char *cache = cache_folder(&command);
    struct symbolize_options options = {
        .cache_dir = cache, .root = command.root ? command.root : "", .perf_map = command.perf_map};
    int error = symbolize_profile(in, &options, &out);
    if (error)
        status = fail("cannot name", "the addresses", strerror(-error), "try a smaller profile");
    else
        status = write_profile(&command, out);
    profile_free(in);
    profile_free(out);
    free(cache);
    return status;
}
