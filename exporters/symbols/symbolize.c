/* From a profile of addresses to one of lines: groups locations by object, names them, and builds the new
 * profile. */
#include "exporters/symbols/symbolize.h"

#include "exporters/symbols/object.h"
#include "exporters/symbols/perf_map.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A location still to be named. */
struct task {
    uint32_t location;
    uint32_t file, build_id; /* strings of the profile: the object */
    uint64_t offset;         /* in the object's file */
};

/* The lines found for one location. */
struct resolved {
    uint32_t first, count; /* slice of lines */
};

struct work {
    const struct profile *in;
    const struct symbolize_options *options;
    struct profile *out; /* gets the functions first */
    struct task *tasks;  /* owned */
    size_t task_count;
    struct resolved *resolved;  /* owned; one per location of `in` */
    struct profile_line *lines; /* owned */
    size_t line_count, line_room;
    struct map shown_ids; /* raw name -> string of `out`: each is demangled once */
    uint64_t *outside;    /* owned: the addresses outside every file, ascending */
    struct perf_map perf_map;
};

static const struct profile_mapping *file_mapping(const struct profile *in,
                                                  const struct profile_location *location)
{
    const struct profile_mapping *mapping =
        location->mapping < in->mappings.count ? &in->mappings.data[location->mapping] : NULL;
    return mapping && mapping->file ? mapping : NULL;
}

static int add_line(struct work *work, uint32_t location, struct profile_line line)
{
    if (work->line_count == work->line_room) {
        size_t room = work->line_room ? work->line_room * 2 : 1024;
        struct profile_line *lines = reallocarray(work->lines, room, sizeof(*lines));
        if (!lines)
            return -ENOMEM;
        work->lines = lines;
        work->line_room = room;
    }
    struct resolved *resolved = &work->resolved[location];
    if (!resolved->count)
        resolved->first = (uint32_t)work->line_count;
    resolved->count++;
    work->lines[work->line_count++] = line;
    return 0;
}

/* The name as shown, in `out`'s strings. */
static const char *shown_name(struct work *work, const char *raw)
{
    uint32_t *id;
    const uint32_t *known = map_find(&work->shown_ids, raw, strlen(raw));
    if (known)
        return profile_text(work->out, *known);
    char *name = demangle_short(raw);
    uint32_t text = profile_string(work->out, name ? name : raw);
    free(name);
    if (map_add(&work->shown_ids, raw, strlen(raw), text, &id, NULL))
        work->out->error = work->out->error ? work->out->error : -ENOMEM;
    return profile_text(work->out, text);
}

/* A qualified name that no symbol table has ("(anonymous namespace)::f") gets no system name: where both are
 * the same the Go tool takes it for raw and cuts its parentheses out. */
static int add_frame(struct work *work, uint32_t location, const struct symbol_frame *frame)
{
    const char *shown = shown_name(work, frame->name);
    bool is_made = strcmp(shown, frame->name) == 0 && strstr(shown, "::");
    uint32_t function = profile_add_function(work->out, shown, is_made ? "" : frame->name,
                                             frame->file ? frame->file : "", frame->start_line);
    return add_line(work, location, (struct profile_line){function, frame->line});
}

/* Lines that the profile came with are kept as they are. */
static int keep_lines(struct work *work, uint32_t index)
{
    const struct profile *in = work->in;
    const struct profile_location *location = &in->locations.data[index];
    int error = 0;
    for (uint32_t i = 0; i < location->line_count && !error; i++) {
        struct profile_line line = in->lines.data[location->first_line + i];
        const struct profile_function *from = &in->functions.data[line.function];
        line.function =
            profile_add_function(work->out, profile_text(in, from->name), profile_text(in, from->system_name),
                                 profile_text(in, from->file), from->start_line);
        error = add_line(work, index, line);
    }
    return error;
}

/* Code outside every file: what made it may have said its name, which is not for demanglers; else its address
 * is all there is to say. */
static int name_outside(struct work *work, uint32_t index)
{
    uint64_t address = work->in->locations.data[index].address;
    const char *made = perf_map_find(&work->perf_map, address);
    char name[32];
    if (made)
        return add_line(work, index,
                        (struct profile_line){.function = profile_add_function(work->out, made, "", "", 0)});
    snprintf(name, sizeof(name), "0x%" PRIx64, address);
    return add_frame(work, index, &(struct symbol_frame){.name = name});
}

static int compare_tasks(const void *left, const void *right)
{
    const struct task *a = left, *b = right;
    if (a->file != b->file)
        return a->file < b->file ? -1 : 1;
    if (a->build_id != b->build_id)
        return a->build_id < b->build_id ? -1 : 1;
    if (a->offset != b->offset)
        return a->offset < b->offset ? -1 : 1;
    return (a->location > b->location) - (a->location < b->location);
}

static int compare_addresses(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* Reads the perf map, if there is one, for the addresses that may be in it. */
static int read_perf_map(struct work *work)
{
    const struct profile *in = work->in;
    const struct symbolize_options none = {0}, *options = work->options ? work->options : &none;
    const char *root = options->root ? options->root : "", *file = options->perf_map;
    char path[PATH_MAX];
    size_t count = 0, distinct = 0;
    if (!file || snprintf(path, sizeof(path), "%s%s", root, file) >= (int)sizeof(path))
        return 0;
    work->outside = calloc(in->locations.count + 1, sizeof(*work->outside));
    if (!work->outside)
        return -ENOMEM;
    for (size_t i = 0; i < in->locations.count; i++) {
        const struct profile_location *location = &in->locations.data[i];
        if (!location->line_count && !file_mapping(in, location))
            work->outside[count++] = location->address;
    }
    qsort(work->outside, count, sizeof(*work->outside), compare_addresses);
    for (size_t i = 0; i < count; i++) {
        if (!i || work->outside[i] != work->outside[i - 1])
            work->outside[distinct++] = work->outside[i];
    }
    int error = perf_map_init(&work->perf_map, work->outside, distinct);
    if (!error)
        error = perf_map_read(&work->perf_map, path);
    return error == -ENOMEM ? error : 0;
}

/* Settles what needs no object, and lists the rest, by object and address. */
static int plan(struct work *work)
{
    const struct profile *in = work->in;
    int error = 0;
    for (uint32_t i = 0; i < in->locations.count && !error; i++) {
        const struct profile_location *location = &in->locations.data[i];
        const struct profile_mapping *mapping = file_mapping(in, location);
        if (location->line_count)
            error = keep_lines(work, i);
        else if (!mapping)
            error = name_outside(work, i);
        else
            work->tasks[work->task_count++] = (struct task){
                i, mapping->file, mapping->build_id, location->address - mapping->start + mapping->offset};
    }
    qsort(work->tasks, work->task_count, sizeof(*work->tasks), compare_tasks);
    return error;
}

static int name_offset(struct work *work, struct symbol_object *object, const struct task *task)
{
    struct symbol_frame frames[FRAMES_MAX];
    int count = symbol_object_frames(object, task->offset, frames, FRAMES_MAX);
    int error = count < 0 ? count : 0;
    for (int i = 0; i < count && !error; i++)
        error = add_frame(work, task->location, &frames[i]);
    return error;
}

/* Names the tasks from `first` on that share its object; one object is open at a time. */
static int name_object(struct work *work, size_t first, size_t *ret_next)
{
    const struct task *task = &work->tasks[first];
    struct symbol_object object;
    int error = symbol_object_open(profile_text(work->in, task->file), profile_text(work->in, task->build_id),
                                   work->options, &object);
    size_t at = first;
    for (; at < work->task_count && !error; at++) {
        const struct task *next = &work->tasks[at];
        if (next->file != task->file || next->build_id != task->build_id)
            break;
        error = name_offset(work, &object, next);
    }
    symbol_object_close(&object);
    *ret_next = at;
    return error;
}

static void copy_strings(const struct profile *in, struct profile *out)
{
    for (size_t i = 0; i < in->types.count; i++)
        profile_add_type(out, profile_text(in, in->types.data[i].type),
                         profile_text(in, in->types.data[i].unit));
    for (size_t i = 0; i < in->comments.count; i++)
        profile_add_comment(out, profile_text(in, in->comments.data[i]));
    out->period_type.type = profile_string(out, profile_text(in, in->period_type.type));
    out->period_type.unit = profile_string(out, profile_text(in, in->period_type.unit));
    out->default_type = profile_string(out, profile_text(in, in->default_type));
    out->drop_frames = profile_string(out, profile_text(in, in->drop_frames));
    out->keep_frames = profile_string(out, profile_text(in, in->keep_frames));
    out->period = in->period;
    out->time_ns = in->time_ns;
    out->duration_ns = in->duration_ns;
}

/* Mappings keep their order, and so their index. All four flags are set where a location is: the Go tool
 * symbolizes again what looks half done, and loses what is there. */
static void copy_mappings(const struct profile *in, struct profile *out)
{
    for (size_t i = 0; i < in->mappings.count; i++) {
        const struct profile_mapping *from = &in->mappings.data[i];
        uint32_t index = profile_add_mapping(out, from->start, from->limit, from->offset,
                                             profile_text(in, from->file), profile_text(in, from->build_id));
        if (index >= out->mappings.count)
            return;
        struct profile_mapping *to = &out->mappings.data[index];
        to->has_functions = from->has_functions;
        to->has_filenames = from->has_filenames;
        to->has_lines = from->has_lines;
        to->has_inlines = from->has_inlines;
    }
    for (size_t i = 0; i < in->locations.count; i++) {
        uint32_t index = in->locations.data[i].mapping;
        if (index >= out->mappings.count)
            continue;
        struct profile_mapping *to = &out->mappings.data[index];
        to->has_functions = to->has_filenames = to->has_lines = to->has_inlines = true;
    }
}

/* Adds the locations with their lines; ret_ids gets the new index of each. */
static void copy_locations(struct work *work, uint32_t *ret_ids)
{
    for (size_t i = 0; i < work->in->locations.count; i++) {
        const struct profile_location *from = &work->in->locations.data[i];
        const struct resolved *resolved = &work->resolved[i];
        ret_ids[i] = profile_add_location(work->out, from->mapping, from->address,
                                          work->lines + resolved->first, resolved->count);
    }
}

static int copy_labels(const struct profile *in, const struct profile_sample *sample, struct profile *out,
                       struct profile_label *ret_labels)
{
    for (uint32_t i = 0; i < sample->label_count; i++) {
        struct profile_label label = in->labels.data[sample->first_label + i];
        label.key = profile_string(out, profile_text(in, label.key));
        label.text = profile_string(out, profile_text(in, label.text));
        label.unit = profile_string(out, profile_text(in, label.unit));
        ret_labels[i] = label;
    }
    return out->error;
}

static int copy_samples(const struct profile *in, const uint32_t *location_ids, struct profile *out)
{
    uint32_t stack_max = 1, labels_max = 1;
    for (size_t i = 0; i < in->samples.count; i++) {
        const struct profile_sample *sample = &in->samples.data[i];
        stack_max = sample->location_count > stack_max ? sample->location_count : stack_max;
        labels_max = sample->label_count > labels_max ? sample->label_count : labels_max;
    }
    uint32_t *stack = calloc(stack_max, sizeof(*stack));
    struct profile_label *labels = calloc(labels_max, sizeof(*labels));
    int error = stack && labels ? 0 : -ENOMEM;
    for (size_t i = 0; i < in->samples.count && !error; i++) {
        const struct profile_sample *sample = &in->samples.data[i];
        for (uint32_t j = 0; j < sample->location_count; j++)
            stack[j] = location_ids[in->sample_locations.data[sample->first_location + j]];
        error = copy_labels(in, sample, out, labels);
        if (!error)
            profile_add_sample(out, stack, sample->location_count, labels, sample->label_count,
                               in->values.data + sample->first_value);
    }
    free(stack);
    free(labels);
    return error;
}

/* Strings, types and mappings first: what names are added to. */
static int start(struct work *work)
{
    size_t count = work->in->locations.count + 1;
    work->out = profile_new();
    work->tasks = calloc(count, sizeof(*work->tasks));
    work->resolved = calloc(count, sizeof(*work->resolved));
    if (!work->out || !work->tasks || !work->resolved)
        return -ENOMEM;
    copy_strings(work->in, work->out);
    copy_mappings(work->in, work->out);
    int error = read_perf_map(work);
    return error ? error : plan(work);
}

static int finish(struct work *work)
{
    uint32_t *ids = calloc(work->in->locations.count + 1, sizeof(*ids));
    if (!ids)
        return -ENOMEM;
    copy_locations(work, ids);
    int error = copy_samples(work->in, ids, work->out);
    free(ids);
    return error ? error : work->out->error;
}

int symbolize_profile(const struct profile *in, const struct symbolize_options *options, struct profile **ret)
{
    if (in->error)
        return in->error;
    struct work work = {.in = in, .options = options};
    int error = start(&work);
    for (size_t at = 0; at < work.task_count && !error;)
        error = name_object(&work, at, &at);
    if (!error)
        error = finish(&work);
    if (error)
        profile_free(work.out);
    else
        *ret = work.out;
    free(work.tasks);
    free(work.resolved);
    free(work.lines);
    perf_map_clear(&work.perf_map);
    free(work.outside);
    map_clear(&work.shown_ids);
    return error;
}
