/* Walking a trace folder. */
#include "viewer/ctf/trace_dirs.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int add(struct trace_dirs *dirs, const char *file)
{
    if (dirs->count >= TRACE_DIRS_MAX)
        return -E2BIG;
    char **paths = realloc(dirs->paths, (dirs->count + 1) * sizeof(*paths));
    if (!paths)
        return -ENOMEM;
    dirs->paths = paths;
    const char *slash = strrchr(file, '/');
    /* fts joins with a slash always: "." becomes "./metadata". */
    paths[dirs->count] = strndup(file, slash ? (size_t)(slash - file) : 0);
    if (!paths[dirs->count])
        return -ENOMEM;
    dirs->count++;
    return 0;
}

static int by_name(const FTSENT **left, const FTSENT **right)
{
    return strcmp((*left)->fts_name, (*right)->fts_name);
}

static int walk(FTS *tree, struct trace_dirs *dirs)
{
    FTSENT *entry;
    while ((entry = fts_read(tree))) {
        /* Only the folder that was asked for must be readable; others count as holding no trace. */
        if (entry->fts_level == 0 && (entry->fts_info == FTS_DNR || entry->fts_info == FTS_NS))
            return -entry->fts_errno;
        if (entry->fts_level == 0 && entry->fts_info != FTS_D && entry->fts_info != FTS_DP)
            return -ENOTDIR;
        if (entry->fts_info == FTS_D && entry->fts_level > TRACE_DIRS_MAX_DEPTH)
            fts_set(tree, entry, FTS_SKIP);
        if (entry->fts_info == FTS_F && entry->fts_level > 0 && strcmp(entry->fts_name, "metadata") == 0) {
            int error = add(dirs, entry->fts_path);
            if (error)
                return error;
        }
    }
    return 0;
}

int trace_dirs_find(const char *root, struct trace_dirs *ret)
{
    *ret = (struct trace_dirs){0};
    char *copy = strdup(root);
    char *const roots[] = {copy, NULL};
    FTS *tree = copy ? fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_COMFOLLOW, by_name) : NULL;
    int error = !copy ? -ENOMEM : !tree ? -errno : walk(tree, ret);
    if (tree)
        fts_close(tree);
    free(copy);
    if (error)
        trace_dirs_clear(ret);
    return error;
}

void trace_dirs_clear(struct trace_dirs *dirs)
{
    for (size_t i = 0; i < dirs->count; i++)
        free(dirs->paths[i]);
    free(dirs->paths);
    *dirs = (struct trace_dirs){0};
}
