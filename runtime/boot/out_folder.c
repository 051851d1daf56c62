/* Making the folder, once. */
#include "boot/out_folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[PATH_MAX];
static char temporary[PATH_MAX];
static bool is_made;

void out_folder_init(void)
{
    const char *given = getenv("TMPDIR");
    snprintf(temporary, sizeof(temporary), "%s", given && given[0] == '/' ? given : "/tmp");
}

static bool make_named(const char *name)
{
    struct stat status;
    if (!realpath(name, path)) {
        if (mkdir(name, 0700) != 0 && errno != EEXIST)
            return false;
        if (!realpath(name, path))
            return false;
    }
    if (stat(path, &status) != 0)
        return false;
    if (!S_ISDIR(status.st_mode)) {
        errno = ENOTDIR;
        return false;
    }
    return access(path, W_OK | X_OK) == 0;
}

static bool make_fresh(void)
{
    return snprintf(path, sizeof(path), "%s/profileXXXXXX", temporary) < (int)sizeof(path) && mkdtemp(path);
}

const char *out_folder(const struct engine_host *host)
{
    const char *named = host->options->out;
    if (!is_made)
        is_made = named[0] ? make_named(named) : make_fresh();
    if (!is_made)
        host->log(LOG_WARN, "no profile: %s: %s; set PREFLAME_OUT to a writable folder",
                  named[0] ? named : path, strerror(errno));
    return is_made ? path : NULL;
}
