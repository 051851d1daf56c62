/* What loading traces and profiles shares. */
#include "viewer/cli/load.h"

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
