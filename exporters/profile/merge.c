/* Adding and subtracting profiles of different runs: what was the same code meets under the same index. */
#include "exporters/profile/arithmetic.h"
#include "exporters/profile/array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_BYTES UINT64_C(4096)

struct merge {
    struct profile *into;
    const struct profile *from;
    int64_t scale;
    /* Owned; index in `from` -> index in `into`. */
    uint32_t *mappings, *locations;
    /* Owned; room for the parts of one sample or location. */
    uint32_t *stack;
    struct profile_label *labels;
    struct profile_line *lines;
    int64_t *values;
};

static void merge_clear(struct merge *m)
{
    free(m->mappings);
    free(m->locations);
    free(m->stack);
    free(m->labels);
    free(m->lines);
    free(m->values);
}

static int merge_init(struct merge *m, struct profile *into, const struct profile *from, int64_t scale)
{
    *m = (struct merge){.into = into, .from = from, .scale = scale};
    size_t deepest = 0, most_labels = 0, most_lines = 0;
    for (size_t i = 0; i < from->samples.count; i++) {
        if (deepest < from->samples.data[i].location_count)
            deepest = from->samples.data[i].location_count;
        if (most_labels < from->samples.data[i].label_count)
            most_labels = from->samples.data[i].label_count;
    }
    for (size_t i = 0; i < from->locations.count; i++)
        if (most_lines < from->locations.data[i].line_count)
            most_lines = from->locations.data[i].line_count;
    m->mappings = calloc(from->mappings.count + 1, sizeof(*m->mappings));
    m->locations = calloc(from->locations.count + 1, sizeof(*m->locations));
    m->stack = calloc(deepest + 1, sizeof(*m->stack));
    m->labels = calloc(most_labels + 1, sizeof(*m->labels));
    m->lines = calloc(most_lines + 1, sizeof(*m->lines));
    m->values = calloc(from->types.count + 1, sizeof(*m->values));
    bool is_complete = m->mappings && m->locations && m->stack && m->labels && m->lines && m->values;
    return is_complete ? 0 : -ENOMEM;
}

/* A string of `from`, as an index into `into`. */
static uint32_t string_of(struct merge *m, uint32_t string)
{
    return profile_string(m->into, profile_text(m->from, string));
}

/* --- sample types --- */

static bool is_same_type(const struct profile *a, struct profile_type x, const struct profile *b,
                         struct profile_type y)
{
    return strcmp(profile_text(a, x.type), profile_text(b, y.type)) == 0 &&
           strcmp(profile_text(a, x.unit), profile_text(b, y.unit)) == 0;
}

static bool is_empty(const struct profile *p)
{
    return !p->types.count && !p->samples.count;
}

static int merge_types(struct profile *into, const struct profile *from)
{
    if (is_empty(into)) {
        for (size_t i = 0; i < from->types.count; i++)
            profile_add_type(into, profile_text(from, from->types.data[i].type),
                             profile_text(from, from->types.data[i].unit));
        return into->error;
    }
    if (into->types.count != from->types.count)
        return -EINVAL;
    for (size_t i = 0; i < from->types.count; i++)
        if (!is_same_type(into, into->types.data[i], from, from->types.data[i]))
            return -EINVAL;
    return 0;
}

/* --- mappings --- */

static uint64_t size_in_pages(const struct profile_mapping *mapping)
{
    return (mapping->limit - mapping->start + PAGE_BYTES - 1) / PAGE_BYTES;
}

static bool is_same_mapping(const struct profile *a, const struct profile_mapping *x, const struct profile *b,
                            const struct profile_mapping *y)
{
    if (x->offset != y->offset || size_in_pages(x) != size_in_pages(y) ||
        x->has_functions != y->has_functions)
        return false;
    const char *build_x = profile_text(a, x->build_id), *build_y = profile_text(b, y->build_id);
    if (*build_x || *build_y)
        return strcmp(build_x, build_y) == 0;
    const char *file_x = profile_text(a, x->file), *file_y = profile_text(b, y->file);
    if (strcmp(file_x, file_y) != 0)
        return false;
    /* Anonymous memory has nothing but its place to be recognized by. */
    return *file_x || x->start == y->start;
}

static uint32_t find_same_mapping(const struct merge *m, const struct profile_mapping *mapping, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_same_mapping(m->into, &m->into->mappings.data[i], m->from, mapping))
            return (uint32_t)i;
    return PROFILE_NONE;
}

static void merge_mappings(struct merge *m)
{
    /* Only what `into` had before: two mappings of one profile stay two, e.g. a library that was loaded
     * twice. */
    size_t known = m->into->mappings.count;
    for (size_t i = 0; i < m->from->mappings.count; i++) {
        const struct profile_mapping *mapping = &m->from->mappings.data[i];
        uint32_t index = find_same_mapping(m, mapping, known);
        if (index == PROFILE_NONE)
            index = profile_add_mapping(m->into, mapping->start, mapping->limit, mapping->offset,
                                        profile_text(m->from, mapping->file),
                                        profile_text(m->from, mapping->build_id));
        if (m->into->error)
            return;
        struct profile_mapping *merged = &m->into->mappings.data[index];
        merged->has_functions |= mapping->has_functions;
        merged->has_filenames |= mapping->has_filenames;
        merged->has_lines |= mapping->has_lines;
        merged->has_inlines |= mapping->has_inlines;
        m->mappings[i] = index;
    }
}

/* --- locations and samples --- */

static uint32_t merge_function(struct merge *m, uint32_t index)
{
    const struct profile *from = m->from;
    const struct profile_function *function = &from->functions.data[index];
    return profile_add_function(m->into, profile_text(from, function->name),
                                profile_text(from, function->system_name), profile_text(from, function->file),
                                function->start_line);
}

static void merge_locations(struct merge *m)
{
    for (size_t i = 0; i < m->from->locations.count && !m->into->error; i++) {
        const struct profile_location *location = &m->from->locations.data[i];
        for (uint32_t k = 0; k < location->line_count; k++) {
            struct profile_line line = m->from->lines.data[location->first_line + k];
            m->lines[k] = (struct profile_line){merge_function(m, line.function), line.line};
        }
        uint32_t mapping = PROFILE_NONE;
        uint64_t address = location->address;
        if (location->mapping != PROFILE_NONE) {
            mapping = m->mappings[location->mapping];
            if (!m->into->error) /* the same code may have been loaded somewhere else */
                address +=
                    m->into->mappings.data[mapping].start - m->from->mappings.data[location->mapping].start;
        }
        m->locations[i] = profile_add_location(m->into, mapping, address, m->lines, location->line_count);
    }
}

static void merge_sample(struct merge *m, const struct profile_sample *sample)
{
    const struct profile *from = m->from;
    for (uint32_t i = 0; i < sample->location_count; i++)
        m->stack[i] = m->locations[from->sample_locations.data[sample->first_location + i]];
    for (uint32_t i = 0; i < sample->label_count; i++) {
        const struct profile_label *label = &from->labels.data[sample->first_label + i];
        m->labels[i] = (struct profile_label){string_of(m, label->key), string_of(m, label->text),
                                              label->number, string_of(m, label->unit)};
    }
    for (size_t i = 0; i < from->types.count; i++)
        m->values[i] = saturating_multiply(from->values.data[sample->first_value + i], m->scale);
    profile_add_sample(m->into, m->stack, sample->location_count, m->labels, sample->label_count, m->values);
}

/* --- the rest --- */

static bool has_comment(const struct profile *p, uint32_t comment)
{
    for (size_t i = 0; i < p->comments.count; i++)
        if (p->comments.data[i] == comment)
            return true;
    return false;
}

static void merge_comments(struct merge *m)
{
    size_t known = m->into->comments.count;
    for (size_t i = 0; i < m->from->comments.count; i++) {
        uint32_t comment = string_of(m, m->from->comments.data[i]);
        if (!known || !has_comment(m->into, comment))
            profile_add_comment(m->into, profile_text(m->into, comment));
    }
}

static void merge_header(struct merge *m, bool was_empty)
{
    struct profile *into = m->into;
    const struct profile *from = m->from;
    if (!into->period_type.type && !into->period_type.unit)
        into->period_type =
            (struct profile_type){string_of(m, from->period_type.type), string_of(m, from->period_type.unit)};
    if (into->period < from->period)
        into->period = from->period;
    if (!into->default_type)
        into->default_type = string_of(m, from->default_type);
    if (!into->drop_frames)
        into->drop_frames = string_of(m, from->drop_frames);
    if (!into->keep_frames)
        into->keep_frames = string_of(m, from->keep_frames);
    if (m->scale < 0 && !was_empty)
        return; /* what is taken away tells nothing about when the rest was measured */
    if (!into->time_ns || (from->time_ns && from->time_ns < into->time_ns))
        into->time_ns = from->time_ns;
    into->duration_ns = saturating_add(into->duration_ns, from->duration_ns);
    merge_comments(m);
}

int profile_merge(struct profile *into, const struct profile *from, int64_t scale)
{
    if (into == from)
        return -EINVAL;
    if (into->error || from->error)
        return into->error ? into->error : from->error;
    bool was_empty = is_empty(into);
    int error = merge_types(into, from);
    if (error)
        return error;
    struct merge m CLEANUP(merge_clear);
    error = merge_init(&m, into, from, scale);
    if (error)
        return error;
    merge_mappings(&m);
    merge_locations(&m);
    for (size_t i = 0; i < from->samples.count && !into->error; i++)
        merge_sample(&m, &from->samples.data[i]);
    merge_header(&m, was_empty);
    return into->error;
}
