/* The life of a profile: made, grown, freed. */
#include "exporters/profile/array.h"

#include "base/block.h"

#include <errno.h>
#include <stdlib.h>

/* Keys under construction are as long as the deepest stack; no real one comes near this. */
#define SCRATCH_MAX_BYTES ((size_t)INT32_MAX)

struct profile *profile_new(void)
{
    struct profile *p = calloc(1, sizeof(*p));
    if (!p)
        return NULL;
    map_init(&p->string_ids);
    map_init(&p->function_ids);
    map_init(&p->location_ids);
    map_init(&p->sample_ids);
    bytes_init(&p->scratch, SCRATCH_MAX_BYTES);
    profile_string(p, ""); /* index 0 means "" everywhere */
    if (p->error) {
        profile_free(p);
        return NULL;
    }
    return p;
}

#define ARRAY_FREE(array) block_free((array).data, (array).room * sizeof(*(array).data))

void profile_free(struct profile *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->strings.count; i++)
        free(p->strings.data[i]);
    ARRAY_FREE(p->strings);
    ARRAY_FREE(p->types);
    ARRAY_FREE(p->mappings);
    ARRAY_FREE(p->functions);
    ARRAY_FREE(p->lines);
    ARRAY_FREE(p->locations);
    ARRAY_FREE(p->samples);
    ARRAY_FREE(p->sample_locations);
    ARRAY_FREE(p->labels);
    ARRAY_FREE(p->values);
    ARRAY_FREE(p->comments);
    map_clear(&p->string_ids);
    map_clear(&p->function_ids);
    map_clear(&p->location_ids);
    map_clear(&p->sample_ids);
    bytes_clear(&p->scratch);
    free(p);
}

void profile_freep(struct profile **p)
{
    profile_free(*p);
    *p = NULL;
}

void profile_fail(struct profile *p, int error)
{
    if (!p->error)
        p->error = error;
}

void *profile_grown(struct profile *p, void *data, size_t count, size_t *room, size_t size, size_t extra)
{
    if (p->error || (data && extra <= *room - count)) /* room for nothing, too, is a pointer to count from */
        return data;
    if (extra >= PROFILE_NONE || count >= PROFILE_NONE - extra) {
        profile_fail(p, -E2BIG);
        return data;
    }
    size_t next = *room ? *room * 2 : 16;
    if (next < count + extra)
        next = count + extra;
    size_t bytes;
    void *moved =
        __builtin_mul_overflow(next, size, &bytes) ? NULL : block_resized(data, *room * size, bytes);
    if (!moved) {
        profile_fail(p, -ENOMEM);
        return data;
    }
    *room = next;
    return moved;
}
