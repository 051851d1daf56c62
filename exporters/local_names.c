/* ELF names by object, read once and kept: the fallback where DWARF can't be had. */
#include "exporters/local_names.h"

#include "base/map.h"
#include "exporters/symbols/elf_names.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OBJECTS_MAX 512

static struct map object_ids; /* path → index */
static struct elf_names *objects[OBJECTS_MAX];
static uint32_t object_count;

static const struct elf_names *names_of(const char *path)
{
    size_t len = strlen(path);
    const uint32_t *known = map_find(&object_ids, path, len);
    if (known)
        return objects[*known];
    uint32_t *at;
    if (object_count == OBJECTS_MAX || map_add(&object_ids, path, len, object_count, &at, NULL))
        return NULL;
    if (elf_names_from_file(path, &objects[object_count]))
        objects[object_count] = NULL;
    return objects[object_count++];
}

uint64_t local_name(const char *path, uint64_t low, uint64_t file_offset, uint64_t pc, char *name,
                    size_t size)
{
    const struct elf_names *names = names_of(path);
    uint64_t start = 0;
    uint64_t offset = pc - low + file_offset;
    uint64_t vaddr = names ? elf_names_vaddr_of_offset(names, offset) : UINT64_MAX;
    const char *found = vaddr == UINT64_MAX ? NULL : elf_names_find(names, vaddr, &start);
    const char *slash = strrchr(path, '/');
    if (found)
        snprintf(name, size, "%s", found);
    else
        snprintf(name, size, "%s+0x%" PRIx64, slash ? slash + 1 : path, vaddr == UINT64_MAX ? offset : vaddr);
    return found ? pc - (vaddr - start) : 0;
}

static uint32_t named_location(struct profile *to, const struct profile *from,
                               const struct profile_location *location)
{
    char name[1024];
    if (location->mapping == PROFILE_NONE) {
        snprintf(name, sizeof(name), "0x%" PRIx64, location->address);
    } else {
        const struct profile_mapping *mapping = &from->mappings.data[location->mapping];
        local_name(profile_text(from, mapping->file), mapping->start, mapping->offset, location->address,
                   name, sizeof(name));
        struct profile_mapping *out = &to->mappings.data[location->mapping];
        out->has_functions = out->has_filenames = out->has_lines = out->has_inlines = true;
    }
    struct profile_line line = {.function = profile_add_function(to, name, name, "", 0)};
    return profile_add_location(to, location->mapping, location->address, &line, 1);
}

static uint32_t copied_location(struct profile *to, const struct profile *from,
                                const struct profile_location *location)
{
    const struct profile_line *old = &from->lines.data[location->first_line];
    const struct profile_function *function = &from->functions.data[old->function];
    struct profile_line line = {.line = old->line,
                                .function = profile_add_function(to, profile_text(from, function->name),
                                                                 profile_text(from, function->system_name),
                                                                 profile_text(from, function->file),
                                                                 function->start_line)};
    return profile_add_location(to, location->mapping, location->address, &line, 1);
}

static void copy_sample(struct profile *to, const struct profile *from, const struct profile_sample *sample,
                        const uint32_t *moved, uint32_t *locations)
{
    struct profile_label labels[16];
    uint32_t label_count = sample->label_count < 16 ? sample->label_count : 16;
    for (uint32_t i = 0; i < label_count; i++) {
        const struct profile_label *label = &from->labels.data[sample->first_label + i];
        labels[i] = (struct profile_label){.key = profile_string(to, profile_text(from, label->key)),
                                           .text = profile_string(to, profile_text(from, label->text)),
                                           .number = label->number,
                                           .unit = profile_string(to, profile_text(from, label->unit))};
    }
    for (uint32_t i = 0; i < sample->location_count; i++)
        locations[i] = moved[from->sample_locations.data[sample->first_location + i]];
    profile_add_sample(to, locations, sample->location_count, labels, label_count,
                       &from->values.data[sample->first_value]);
}

static void copy_head(struct profile *to, const struct profile *from)
{
    for (size_t i = 0; i < from->types.count; i++)
        profile_add_type(to, profile_text(from, from->types.data[i].type),
                         profile_text(from, from->types.data[i].unit));
    for (size_t i = 0; i < from->mappings.count; i++) {
        const struct profile_mapping *mapping = &from->mappings.data[i];
        profile_add_mapping(to, mapping->start, mapping->limit, mapping->offset,
                            profile_text(from, mapping->file), profile_text(from, mapping->build_id));
    }
    for (size_t i = 0; i < from->comments.count; i++)
        profile_add_comment(to, profile_text(from, from->comments.data[i]));
    to->period_type.type = profile_string(to, profile_text(from, from->period_type.type));
    to->period_type.unit = profile_string(to, profile_text(from, from->period_type.unit));
    to->period = from->period;
    to->time_ns = from->time_ns;
    to->duration_ns = from->duration_ns;
}

void local_names_finish(struct profile *p)
{
    struct profile *named = profile_new();
    uint32_t *moved = calloc(p->locations.count + 1, sizeof(*moved));
    uint32_t *locations = calloc(p->sample_locations.count + 1, sizeof(*locations));
    if (named && moved && locations) {
        copy_head(named, p);
        for (size_t i = 0; i < p->locations.count; i++) {
            const struct profile_location *location = &p->locations.data[i];
            moved[i] = location->line_count ? copied_location(named, p, location)
                                            : named_location(named, p, location);
        }
        for (size_t i = 0; i < p->samples.count; i++)
            copy_sample(named, p, &p->samples.data[i], moved, locations);
        profile_add_comment(named, "preflame: names from symbol tables only: no lines, no inlined frames");
        if (!named->error) {
            struct profile old = *p;
            *p = *named;
            *named = old;
        }
    }
    profile_free(named);
    free(moved);
    free(locations);
}
