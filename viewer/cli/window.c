/* Subtraction, but for what is a state and no sum. */
#include "viewer/cli/window.h"

#include <errno.h>
#include <string.h>

static bool is_state(const struct profile *p, size_t type)
{
    const char *name = profile_text(p, p->types.data[type].type);
    return strncmp(name, "inuse_", 6) == 0 || p->types.count == 1; /* threads, one value */
}

int window_since(const struct profile *before, struct profile *now)
{
    struct profile *sums CLEANUP(profile_freep) = profile_new();
    if (!sums)
        return -ENOMEM;
    int error = profile_merge(sums, before, 1);
    for (size_t i = 0; !error && i < sums->samples.count; i++)
        for (size_t type = 0; type < sums->types.count; type++)
            if (is_state(sums, type))
                sums->values.data[sums->samples.data[i].first_value + type] = 0;
    if (!error)
        error = profile_merge(now, sums, -1);
    return error ? error : now->error;
}
