/* One pass over the snapshot: stacks become locations, modules become mappings when a location needs them. */
#include "exporters/build.h"

#include "base/marker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM_LABELS_MAX 16

struct build {
    struct profile *profile;
    const struct profile_kind *kind;
    const struct snapshot *snapshot;
    bool has_both;
    uint32_t *mappings; /* by module: index in the profile, or PROFILE_NONE */
    /* Scratch: of the stacks under way, with a marker between or instead of them. */
    uint64_t pcs[SNAPSHOT_FRAMES_MAX];
    uint32_t locations[2 * SNAPSHOT_FRAMES_MAX + 1];
};

static uint32_t mapping_of(struct build *build, size_t index)
{
    const struct snapshot_module *module = &build->snapshot->modules[index];
    if (build->mappings[index] == PROFILE_NONE)
        build->mappings[index] = profile_add_mapping(build->profile, module->low, module->high,
                                                     module->file_offset, module->path, module->build_id);
    return build->mappings[index];
}

static uint32_t mapping_at(struct build *build, uint64_t pc, uint32_t epoch)
{
    for (size_t i = 0; i < build->snapshot->module_count; i++) {
        const struct snapshot_module *module = &build->snapshot->modules[i];
        if (pc >= module->low && pc < module->high && epoch >= module->born_epoch &&
            epoch < module->dead_epoch)
            return mapping_of(build, i);
    }
    return PROFILE_NONE;
}

static const char *marker_name(uint64_t pc)
{
    switch (pc) {
#define MARKER_CASE(symbol, value, name)                                                                     \
    case value:                                                                                              \
        return name;
        MARKERS(MARKER_CASE)
#undef MARKER_CASE
    default:
        return "[unknown]";
    }
}

static uint32_t location_of(struct build *build, uint64_t pc, uint32_t epoch)
{
    struct profile *profile = build->profile;
    if (pc >= PC_MARKERS)
        return profile_add_location(profile, mapping_at(build, pc, epoch), pc, NULL, 0);
    const char *name = marker_name(pc);
    struct profile_line line = {.function = profile_add_function(profile, name, name, "", 0)};
    return profile_add_location(profile, PROFILE_NONE, pc, &line, 1);
}

static uint32_t read_stack(struct build *build, uint32_t stack, uint32_t *ret_epoch)
{
    const struct snapshot *snapshot = build->snapshot;
    return stack ? snapshot->read_stack(snapshot->stacks, stack, build->pcs, ret_epoch) : 0;
}

/* The other side's stack, its root first: read from the leaf on, the way back from what ended the wait. */
static uint32_t add_other(struct build *build, const struct snapshot_row *row)
{
    uint32_t epoch = 0, count = 0;
    for (uint32_t i = read_stack(build, row->other, &epoch); i-- > 0;)
        build->locations[count++] = location_of(build, build->pcs[i], epoch);
    if (count)
        build->locations[count++] = location_of(build, PC_OTHER_SIDE, 0);
    return count;
}

/* What the program said of its work (preflame_label_set). */
static unsigned add_program_labels(struct profile *profile, const struct snapshot_row *row,
                                   struct profile_label *ret)
{
    const char *at = row->labels;
    unsigned count = 0;
    for (; at && count < row->label_count && count < PROGRAM_LABELS_MAX; count++) {
        const char *value = at + strlen(at) + 1;
        ret[count] = (struct profile_label){.key = profile_string(profile, at),
                                            .text = profile_string(profile, value)};
        at = value + strlen(value) + 1;
    }
    return count;
}

static void add_row(struct build *build, const struct snapshot_row *row)
{
    struct profile *profile = build->profile;
    int64_t values[SNAPSHOT_VALUES];
    if (!build->kind->values(build->snapshot, row, values))
        return;
    uint32_t count = build->has_both ? add_other(build, row) : 0, epoch = 0;
    uint32_t frames = read_stack(build, row->stack, &epoch);
    if (!frames)
        build->locations[count++] = location_of(build, row->thread ? PC_NO_STACK : PC_STACKS_FULL, 0);
    for (uint32_t i = 0; i < frames; i++)
        build->locations[count++] = location_of(build, build->pcs[i], epoch);
    struct profile_label labels[KIND_LABELS_MAX + PROGRAM_LABELS_MAX];
    unsigned label_count = build->kind->labels ? build->kind->labels(profile, row, labels) : 0;
    label_count += add_program_labels(profile, row, labels + label_count);
    profile_add_sample(profile, build->locations, count, labels, label_count, values);
}

static void add_comments(struct profile *profile, const struct snapshot *snapshot)
{
    const struct losses *losses = &snapshot->losses;
    char text[sizeof(snapshot->note) + 16];
    if (snapshot->note[0]) {
        snprintf(text, sizeof(text), "preflame: %s", snapshot->note);
        profile_add_comment(profile, text);
    }
#define LOSS_COMMENT(member, name)                                                                           \
    if (losses->member) {                                                                                    \
        snprintf(text, sizeof(text), "preflame: " name ": %llu", (unsigned long long)losses->member);        \
        profile_add_comment(profile, text);                                                                  \
    }
    LOSSES(LOSS_COMMENT)
#undef LOSS_COMMENT
}

static int fill(struct build *build)
{
    const struct snapshot *snapshot = build->snapshot;
    struct profile *profile = build->profile;
    for (size_t i = 0; i < snapshot->module_count; i++)
        build->mappings[i] = PROFILE_NONE;
    for (size_t i = 0; i < snapshot->module_count; i++) {
        if (snapshot->modules[i].is_main) /* the first mapping names the profile */
            mapping_of(build, i);
    }
    const struct profile_kind *kind = build->kind;
    for (unsigned i = 0; kind->types[i].type; i++)
        profile_add_type(profile, kind->types[i].type, kind->types[i].unit);
    profile->period_type.type = profile_string(profile, kind->period.type);
    profile->period_type.unit = profile_string(profile, kind->period.unit);
    profile->period = snapshot->period;
    if (kind->default_type)
        profile->default_type = profile_string(profile, kind->default_type);
    if (kind->drop_frames)
        profile->drop_frames = profile_string(profile, kind->drop_frames);
    profile->time_ns = snapshot->time_ns;
    profile->duration_ns = snapshot->duration_ns;
    for (size_t i = 0; i < snapshot->row_count && !profile->error; i++)
        add_row(build, &snapshot->rows[i]);
    add_comments(profile, snapshot);
    return profile->error;
}

int profile_build(const struct profile_kind *kind, const struct snapshot *snapshot, bool has_both,
                  struct profile **ret)
{
    struct build build = {.kind = kind,
                          .has_both = has_both,
                          .profile = profile_new(),
                          .snapshot = snapshot,
                          .mappings = calloc(snapshot->module_count + 1, sizeof(uint32_t))};
    int error = build.profile && build.mappings ? fill(&build) : -ENOMEM;
    free(build.mappings);
    if (error)
        profile_free(build.profile);
    else
        *ret = build.profile;
    return error;
}
