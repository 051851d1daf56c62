/* Building a profile: everything is interned on the way in, so that equal things have equal indexes. */
#include "exporters/profile/array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- keys: numbers of fixed width behind each other, without the padding that structs have --- */

static void key_start(struct profile *p)
{
    p->scratch.len = 0;
}

static void key_u32(struct profile *p, uint32_t number)
{
    bytes_put(&p->scratch, &number, sizeof(number));
}

static void key_u64(struct profile *p, uint64_t number)
{
    bytes_put(&p->scratch, &number, sizeof(number));
}

/* Looks the finished key up in `ids`; adds it with `next` if it is new. Returns its index. */
static uint32_t key_index(struct profile *p, struct map *ids, size_t next, bool *ret_is_new)
{
    uint32_t *index = NULL;
    int is_new = 0;
    int error = p->scratch.error;
    if (!error)
        error = map_add(ids, p->scratch.data, p->scratch.len, (uint32_t)next, &index, &is_new);
    *ret_is_new = !error && is_new;
    if (!error)
        return *index;
    profile_fail(p, error);
    return 0;
}

/* --- types, mappings, functions, comments --- */

void profile_add_type(struct profile *p, const char *type, const char *unit)
{
    if (p->samples.count) /* the values of the samples would no longer line up */
        profile_fail(p, -EINVAL);
    struct profile_type added = {profile_string(p, type), profile_string(p, unit)};
    if (PROFILE_GROW(p, p->types, 1))
        p->types.data[p->types.count++] = added;
}

uint32_t profile_add_mapping(struct profile *p, uint64_t start, uint64_t limit, uint64_t offset,
                             const char *file, const char *build_id)
{
    struct profile_mapping added = {.start = start, .limit = limit, .offset = offset};
    added.file = profile_string(p, file);
    added.build_id = profile_string(p, build_id);
    if (!PROFILE_GROW(p, p->mappings, 1))
        return 0;
    p->mappings.data[p->mappings.count] = added;
    return (uint32_t)p->mappings.count++;
}

uint32_t profile_find_mapping(const struct profile *p, uint64_t address)
{
    for (size_t i = p->mappings.count; i-- > 0;)
        if (address >= p->mappings.data[i].start && address < p->mappings.data[i].limit)
            return (uint32_t)i;
    return PROFILE_NONE;
}

uint32_t profile_add_function(struct profile *p, const char *name, const char *system_name, const char *file,
                              int64_t start_line)
{
    struct profile_function added = {profile_string(p, name), profile_string(p, system_name),
                                     profile_string(p, file), start_line};
    if (!PROFILE_GROW(p, p->functions, 1))
        return 0;
    key_start(p);
    key_u32(p, added.name);
    key_u32(p, added.system_name);
    key_u32(p, added.file);
    key_u64(p, (uint64_t)start_line);
    bool is_new;
    uint32_t index = key_index(p, &p->function_ids, p->functions.count, &is_new);
    if (is_new)
        p->functions.data[p->functions.count++] = added;
    return index;
}

void profile_add_comment(struct profile *p, const char *text)
{
    uint32_t comment = profile_string(p, text);
    if (PROFILE_GROW(p, p->comments, 1))
        p->comments.data[p->comments.count++] = comment;
}

/* --- locations --- */

static bool are_lines_valid(const struct profile *p, const struct profile_line *lines, uint32_t line_count)
{
    for (uint32_t i = 0; i < line_count; i++)
        if (lines[i].function >= p->functions.count)
            return false;
    return true;
}

/* Appends lines; there must be room for them. Returns the index of the first. */
static uint32_t append_lines(struct profile *p, const struct profile_line *lines, uint32_t line_count)
{
    uint32_t first = (uint32_t)p->lines.count;
    for (uint32_t i = 0; i < line_count; i++)
        p->lines.data[p->lines.count++] = lines[i];
    return first;
}

uint32_t profile_add_location(struct profile *p, uint32_t mapping, uint64_t address,
                              const struct profile_line *lines, uint32_t line_count)
{
    if ((mapping != PROFILE_NONE && mapping >= p->mappings.count) || !are_lines_valid(p, lines, line_count))
        profile_fail(p, -EINVAL);
    if (!PROFILE_GROW(p, p->locations, 1) || !PROFILE_GROW(p, p->lines, line_count))
        return 0;
    key_start(p);
    key_u32(p, mapping);
    key_u64(p, address);
    for (uint32_t i = 0; i < line_count; i++) {
        key_u32(p, lines[i].function);
        key_u64(p, (uint64_t)lines[i].line);
    }
    bool is_new;
    uint32_t index = key_index(p, &p->location_ids, p->locations.count, &is_new);
    if (is_new) {
        uint32_t first_line = append_lines(p, lines, line_count);
        p->locations.data[p->locations.count++] =
            (struct profile_location){mapping, address, first_line, line_count};
    }
    return index;
}
