/* Which locations, functions and mappings are worth writing. */
#include "exporters/profile/used.h"

#include <errno.h>
#include <stdlib.h>

bool profile_is_sample_zero(const struct profile *p, const struct profile_sample *sample)
{
    for (size_t i = 0; i < p->types.count; i++)
        if (p->values.data[sample->first_value + i])
            return false;
    return true;
}

static bool is_slice(size_t first, size_t count, size_t total)
{
    return first <= total && count <= total - first;
}

static void widen(size_t *widest, size_t count)
{
    if (*widest < count)
        *widest = count;
}

static int mark_location(struct used *used, const struct profile *p, uint32_t index)
{
    if (index >= p->locations.count)
        return -EINVAL;
    if (used->locations[index])
        return 0;
    used->locations[index] = 1;
    const struct profile_location *location = &p->locations.data[index];
    if (!is_slice(location->first_line, location->line_count, p->lines.count))
        return -EINVAL;
    if (location->mapping != PROFILE_NONE) {
        if (location->mapping >= p->mappings.count)
            return -EINVAL;
        used->mappings[location->mapping] = 1;
    }
    for (uint32_t i = 0; i < location->line_count; i++) {
        uint32_t function = p->lines.data[location->first_line + i].function;
        if (function >= p->functions.count)
            return -EINVAL;
        used->functions[function] = 1;
    }
    widen(&used->widest_lines, location->line_count);
    return 0;
}

static int mark_sample(struct used *used, const struct profile *p, const struct profile_sample *sample)
{
    if (!is_slice(sample->first_value, p->types.count, p->values.count) ||
        !is_slice(sample->first_location, sample->location_count, p->sample_locations.count) ||
        !is_slice(sample->first_label, sample->label_count, p->labels.count))
        return -EINVAL;
    if (profile_is_sample_zero(p, sample))
        return 0;
    for (uint32_t i = 0; i < sample->location_count; i++) {
        int error = mark_location(used, p, p->sample_locations.data[sample->first_location + i]);
        if (error)
            return error;
    }
    widen(&used->widest_stack, sample->location_count);
    widen(&used->widest_labels, sample->label_count);
    return 0;
}

/* Turns marks into ids that count up without gaps: some readers use them as indexes. */
static void number(uint32_t *ids, size_t count)
{
    uint32_t next = 1;
    for (size_t i = 0; i < count; i++)
        if (ids[i])
            ids[i] = next++;
}

int used_init(struct used *used, const struct profile *p)
{
    *used = (struct used){0};
    used->locations = calloc(p->locations.count + 1, sizeof(*used->locations));
    used->functions = calloc(p->functions.count + 1, sizeof(*used->functions));
    used->mappings = calloc(p->mappings.count + 1, sizeof(*used->mappings));
    if (!used->locations || !used->functions || !used->mappings)
        return -ENOMEM;
    used->mappings[0] = 1; /* the main executable, by which viewers name the profile */
    for (size_t i = 0; i < p->samples.count; i++) {
        int error = mark_sample(used, p, &p->samples.data[i]);
        if (error)
            return error;
    }
    number(used->locations, p->locations.count);
    number(used->functions, p->functions.count);
    number(used->mappings, p->mappings.count);
    return 0;
}

void used_clear(struct used *used)
{
    free(used->locations);
    free(used->functions);
    free(used->mappings);
    *used = (struct used){0};
}
