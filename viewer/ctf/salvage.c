/* Taking a refused trace apart. */
#include "viewer/ctf/salvage.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int make_root(struct salvage *s)
{
    if (s->root[0])
        return 0;
    const char *base = getenv("TMPDIR");
    if (!base || !*base ||
        snprintf(s->root, sizeof(s->root), "%s/preflame-view-XXXXXX", base) >= (int)sizeof(s->root))
        snprintf(s->root, sizeof(s->root), "/tmp/preflame-view-XXXXXX");
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

void salvage_clear(struct salvage *s)
{
    char path[sizeof(s->root) + 64];
    for (size_t i = 0; i < s->count; i++) {
        snprintf(path, sizeof(path), "%s/%zu/metadata", s->root, i);
        unlink(path);
        snprintf(path, sizeof(path), "%s/%zu/stream", s->root, i);
        unlink(path);
        snprintf(path, sizeof(path), "%s/%zu", s->root, i);
        rmdir(path);
    }
    if (s->root[0])
        rmdir(s->root);
    *s = (struct salvage){0};
}
