/* Names of files carry a number, so that the oldest is known by its name. */
#include "viewer/cli/rolling.h"

#include "base/atomic_file.h"
#include "viewer/cli/ask.h"
#include "viewer/cli/commands.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The number in a name that is one of ours, or 0. */
static unsigned long number_of(const char *name, const char *behind)
{
    const char *dot = strchr(name, '.');
    if (!dot || dot[1] < '0' || dot[1] > '9')
        return 0;
    char *end;
    errno = 0;
    unsigned long number = strtoul(dot + 1, &end, 10);
    bool is_ours = !errno && strncmp(end, ".pprof", 6) == 0 && strcmp(end + 6, behind) == 0;
    return is_ours ? number : 0;
}

int rolling_begin(struct rolling *rolling)
{
    if (!rolling->folder)
        return 0;
    if (mkdir(rolling->folder, 0700) != 0 && errno != EEXIST)
        return -errno;
    DIR *folder = opendir(rolling->folder);
    if (!folder)
        return -errno;
    for (const struct dirent *entry; (entry = readdir(folder));) {
        unsigned long number = number_of(entry->d_name, rolling->behind);
        rolling->number = number > rolling->number ? number : rolling->number;
    }
    closedir(folder);
    return 0;
}

static int name_file(const struct rolling *rolling, const char *type, unsigned long number,
                     char path[PATH_MAX])
{
    int len = snprintf(path, PATH_MAX, "%s/%s.%06lu.pprof%s", rolling->folder, type, number, rolling->behind);
    return len < PATH_MAX ? 0 : -ENAMETOOLONG;
}

int rolling_put(const struct rolling *rolling, const char *type, const struct profile *profile)
{
    char path[PATH_MAX];
    struct bytes data CLEANUP(bytes_clear);
    if (!rolling->folder)
        return EXIT_DONE;
    bytes_init(&data, ASK_MAX_BYTES);
    int error = profile_encode_gzip(profile, &data);
    if (!error)
        error = name_file(rolling, type, rolling->number, path);
    if (!error)
        error = atomic_file_write(path, data.data, data.len, false);
    if (error) {
        fprintf(stderr, "preflame: cannot write '%s': %s; choose another place with -o\n", rolling->folder,
                strerror(-error));
        return EXIT_FAILED;
    }
    if (rolling->number > rolling->keep &&
        name_file(rolling, type, rolling->number - rolling->keep, path) == 0)
        unlink(path);
    return EXIT_DONE;
}
