/* Taking a refused trace apart. */
#include "viewer/ctf/salvage.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "preflame-view-%d-" /* the process' id: others may have to clear away after it */

static const char *base_folder(void)
{
    const char *base = getenv("TMPDIR");
    return base && *base && strlen(base) < 900 ? base : "/tmp";
}

static int make_root(struct salvage *s)
{
    if (s->root[0])
        return 0;
    snprintf(s->root, sizeof(s->root), "%s/" NAME "XXXXXX", base_folder(), (int)getpid());
    if (mkdtemp(s->root))
        return 0;
    s->root[0] = 0;
    return -errno;
}

static int link_file(const char *trace_dir, const char *file, const char *folder)
{
    char target[PATH_MAX], path[PATH_MAX], whole[PATH_MAX];
    if (!realpath(trace_dir, whole))
        return -errno;
    if (snprintf(target, sizeof(target), "%s/%s", whole, file) >= (int)sizeof(target) ||
        snprintf(path, sizeof(path), "%s/%s", folder, strcmp(file, "metadata") == 0 ? file : "stream") >=
            (int)sizeof(path))
        return -ENAMETOOLONG;
    return symlink(target, path) ? -errno : 0;
}

int salvage_make(struct salvage *s, const char *trace_dir, const char *stream, char *ret, size_t ret_size)
{
    if (s->count >= SALVAGE_MAX_STREAMS)
        return -E2BIG;
    int error = make_root(s);
    if (error)
        return error;
    if (snprintf(ret, ret_size, "%s/%zu", s->root, s->count) >= (int)ret_size)
        return -ENAMETOOLONG;
    if (mkdir(ret, 0700))
        return -errno;
    s->count++;
    error = link_file(trace_dir, "metadata", ret);
    return error || !stream ? error : link_file(trace_dir, stream, ret);
}

static void remove_root(const char *root)
{
    char path[PATH_MAX];
    for (size_t i = 0; i < SALVAGE_MAX_STREAMS; i++) {
        snprintf(path, sizeof(path), "%s/%zu/metadata", root, i);
        unlink(path);
        snprintf(path, sizeof(path), "%s/%zu/stream", root, i);
        unlink(path);
        snprintf(path, sizeof(path), "%s/%zu", root, i);
        if (rmdir(path))
            break; /* they are numbered without a gap */
    }
    rmdir(root);
}

void salvage_clear(struct salvage *s)
{
    if (s->root[0])
        remove_root(s->root);
    *s = (struct salvage){0};
}

void salvage_clear_after(pid_t child)
{
    char name[64], path[PATH_MAX];
    struct stat about;
    DIR *folder = opendir(base_folder());
    if (!folder)
        return;
    snprintf(name, sizeof(name), NAME, (int)child);
    const struct dirent *entry;
    while ((entry = readdir(folder))) {
        if (strncmp(entry->d_name, name, strlen(name)) != 0 ||
            snprintf(path, sizeof(path), "%s/%s", base_folder(), entry->d_name) >= (int)sizeof(path))
            continue;
        if (lstat(path, &about) == 0 && S_ISDIR(about.st_mode) && about.st_uid == geteuid())
            remove_root(path);
    }
    closedir(folder);
}
