/* What loading traces and profiles shares. */
#include "viewer/cli/load.h"

#include <string.h>
#include <sys/stat.h>

void loaded_init(struct loaded *l)
{
    *l = (struct loaded){0};
    names_init(&l->names);
    trace_init(&l->trace);
}

void loaded_clear(struct loaded *l)
{
    for (size_t i = 0; i < l->report.graph_count; i++)
        tree_clear(&l->report.graphs[i].tree);
    resolved_clear(&l->resolved);
    trace_clear(&l->trace);
    names_clear(&l->names);
    profile_free(l->profile);
    *l = (struct loaded){0};
}

bool load_is_trace(const char *path)
{
    struct stat about;
    return strcmp(path, "-") != 0 && stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

int load(struct loaded *l, const char *path, const struct load_options *options)
{
    return load_is_trace(path) ? load_trace(l, path, options) : load_profile(l, path, options);
}
