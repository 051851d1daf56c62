/* Frames of profile locations. */
#include "viewer/model/frames.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A stack may be this long with inlined frames; the tree cuts further. */
#define STACK_MAX_FRAMES ((size_t)TREE_MAX_DEPTH * 4)

static uint32_t unnamed(const struct profile *p, const struct profile_location *location, struct names *names)
{
    char text[512];
    if (location->mapping < p->mappings.count) {
        const struct profile_mapping *mapping = &p->mappings.data[location->mapping];
        const char *file = profile_text(p, mapping->file);
        const char *slash = strrchr(file, '/');
        snprintf(text, sizeof(text), "%.400s+0x%" PRIx64, slash ? slash + 1 : file,
                 location->address - mapping->start + mapping->offset);
    } else {
        snprintf(text, sizeof(text), "0x%" PRIx64, location->address);
    }
    return names_add(names, text);
}

static uint32_t line_name(const struct profile *p, const struct profile_line *line, struct names *names)
{
    if (line->function >= p->functions.count)
        return names_add(names, "[unknown]");
    const struct profile_function *function = &p->functions.data[line->function];
    const char *name = profile_text(p, function->name);
    if (!*name)
        name = profile_text(p, function->system_name);
    return names_add(names, *name ? name : "[unknown]");
}

static size_t line_count(const struct profile *p, const struct profile_location *location)
{
    if (location->first_line > p->lines.count)
        return 0;
    size_t left = p->lines.count - location->first_line;
    return location->line_count < left ? location->line_count : left;
}

static size_t put_location(const struct profile *p, const struct profile_location *location,
                           struct names *names, struct frame *to)
{
    size_t count = line_count(p, location);
    if (!count) {
        *to = (struct frame){.name = unnamed(p, location, names)};
        return 1;
    }
    /* line[0] is the innermost; frames run from the outermost, which alone is a real function of its own. */
    for (size_t i = 0; i < count; i++) {
        const struct profile_line *line = &p->lines.data[location->first_line + count - 1 - i];
        to[i] = (struct frame){.name = line_name(p, line, names), .is_inlined = i > 0};
    }
    return count;
}

int frames_init(struct frames *f, const struct profile *p, struct names *names)
{
    *f = (struct frames){.location_count = p->locations.count};
    size_t total = 1;
    for (size_t i = 0; i < p->locations.count; i++)
        total += line_count(p, &p->locations.data[i]) + 1;
    f->data = calloc(total, sizeof(*f->data));
    f->first = calloc(p->locations.count + 1, sizeof(*f->first));
    if (!f->data || !f->first) {
        frames_clear(f);
        return -ENOMEM;
    }
    for (size_t i = 0; i < p->locations.count; i++)
        f->first[i + 1] = f->first[i] + put_location(p, &p->locations.data[i], names, f->data + f->first[i]);
    return 0;
}

void frames_clear(struct frames *f)
{
    free(f->data);
    free(f->first);
    *f = (struct frames){0};
}

size_t frames_of_stack(const struct frames *f, const uint32_t *locations, size_t count, struct frame *ret,
                       size_t max)
{
    size_t used = 0;
    while (count-- > 0) {
        if (locations[count] >= f->location_count)
            continue;
        for (size_t at = f->first[locations[count]]; at < f->first[locations[count] + 1]; at++)
            if (used < max)
                ret[used++] = f->data[at];
    }
    return used;
}

int tree_add_profile(struct tree *t, const struct profile *p, size_t value_index, struct names *names)
{
    struct frames frames;
    int error = frames_init(&frames, p, names);
    if (error)
        return error;
    struct frame *stack = malloc(STACK_MAX_FRAMES * sizeof(*stack));
    if (!stack) {
        frames_clear(&frames);
        return -ENOMEM;
    }
    for (size_t i = 0; i < p->samples.count; i++) {
        const struct profile_sample *sample = &p->samples.data[i];
        size_t count = frames_of_stack(&frames, &p->sample_locations.data[sample->first_location],
                                       sample->location_count, stack, STACK_MAX_FRAMES);
        tree_add(t, stack, count, p->values.data[sample->first_value + value_index]);
    }
    free(stack);
    frames_clear(&frames);
    return t->error;
}
