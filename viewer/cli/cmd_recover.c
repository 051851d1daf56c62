/* `preflame recover`: the profiles of a process that was killed, from the spool that it left. */
#include "base/atomic_file.h"
#include "exporters/profile/profile.h"
#include "exporters/spool.h"
#include "exporters/symbols/symbolize.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/read_file.h"

#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPOOL_BYTES_MAX ((size_t)256 << 20)

static const char recover_help[] =
    "usage: preflame recover [-o FOLDER] SPOOL\n"
    "Write the profiles of a process that was killed: NAME.pprof for each that PREFLAME_PROFILE named, as "
    "they were\n"
    "within a second before its end. SPOOL is the file preflame.spool.PID in the folder of its profiles.\n"
    "  -o, --output=FOLDER  where to (default: the spool's folder); files that are there are kept\n"
    "  --help, --version\n"
    "Exit status: 0; 1 when nothing, or not everything, could be recovered; 2 for wrong usage.\n";

struct recovery {
    const char *folder;
    unsigned written;
};

static int fail(const char *what, const char *why, const char *advice)
{
    fprintf(stderr, "preflame: %s: %s; %s\n", what, why, advice);
    return 1;
}

static int write_profile(const struct profile *profile, const char *path)
{
    struct bytes data CLEANUP(bytes_clear);
    bytes_init(&data, SPOOL_BYTES_MAX);
    int error = profile_encode_gzip(profile, &data);
    return error ? error : atomic_file_write(path, data.data, data.len, true);
}

/* One profile of the spool. Returns 0 to go on, 1 after a message. */
static int recover_one(void *context, const char *name, const void *data, size_t len)
{
    struct recovery *recovery = context;
    struct profile *raw CLEANUP(profile_freep) = NULL, *named CLEANUP(profile_freep) = NULL;
    const struct symbolize_options options = {.root = ""};
    char path[PATH_MAX];
    const char *why = NULL;
    if (snprintf(path, sizeof(path), "%s/%s.pprof", recovery->folder, name) >= (int)sizeof(path))
        return fail(recovery->folder, strerror(ENAMETOOLONG), "give a shorter folder");
    int error = profile_decode(data, len, SPOOL_BYTES_MAX, &raw, &why);
    if (error)
        return fail(name, why ? why : strerror(-error), "the spool is damaged");
    error = symbolize_profile(raw, &options, &named);
    if (!error)
        error = write_profile(named, path);
    if (error)
        return fail(path, strerror(-error), "name another folder with -o");
    printf("%s\n", path);
    recovery->written++;
    return 0;
}

int cmd_recover(int argc, char **argv)
{
    static const struct option options[] = {{"output", required_argument, NULL, 'o'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"version", no_argument, NULL, 'V'},
                                            {NULL, 0, NULL, 0}};
    struct recovery recovery = {0};
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "ho:", options, NULL)) != -1) {
        if (option == 'h' || option == 'V')
            return fputs(option == 'h' ? recover_help : "preflame " PREFLAME_VERSION "\n", stdout) < 0;
        if (option != 'o')
            return 2;
        recovery.folder = optarg;
    }
    if (argc - optind != 1) {
        fprintf(stderr, "preflame: one SPOOL is needed: preflame recover [-o FOLDER] SPOOL\n");
        return 2;
    }
    const char *spool = argv[optind];
    char folder[PATH_MAX];
    snprintf(folder, sizeof(folder), "%s", spool);
    if (!recovery.folder)
        recovery.folder = dirname(folder);
    struct bytes data CLEANUP(bytes_clear);
    bytes_init(&data, SPOOL_BYTES_MAX);
    int error = read_file(spool, &data);
    if (error)
        return fail(spool, strerror(-error), "give the file preflame.spool.PID of a killed process");
    int status = spool_each(data.data, data.len, recover_one, &recovery);
    if (status < 0)
        return fail(spool, recovery.written ? "the rest is damaged" : "this is no spool, or it is damaged",
                    "give the file preflame.spool.PID of a killed process");
    return status;
}
