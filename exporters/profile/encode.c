/* Model to bytes. The message is written in parts of one field each, which protobuf allows, so that the
 * memory needed beside the output is a few numbers per location and string. */
#include "exporters/profile/used.h"
#include "exporters/profile/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct encoder {
    const struct profile *p;
    struct bytes *out;
    struct used used;
    uint32_t *string_places; /* model index -> place in the written table; 0 = not met yet */
    uint32_t *string_order;  /* the reverse */
    uint32_t string_count;
    /* Room for the parts of the widest sample and location, refilled for each. */
    uint64_t *stack;
    wire_label *labels, **label_list;
    wire_line *lines, **line_list;
};

static void encoder_clear(struct encoder *e)
{
    used_clear(&e->used);
    free(e->string_places);
    free(e->string_order);
    free(e->stack);
    free(e->labels);
    free(e->label_list);
    free(e->lines);
    free(e->line_list);
}

static int encoder_init(struct encoder *e, const struct profile *p, struct bytes *out)
{
    *e = (struct encoder){.p = p, .out = out, .string_count = 1};
    int error = used_init(&e->used, p);
    if (error)
        return error;
    e->string_places = calloc(p->strings.count, sizeof(*e->string_places));
    e->string_order = calloc(p->strings.count, sizeof(*e->string_order));
    e->stack = calloc(e->used.widest_stack + 1, sizeof(*e->stack));
    e->labels = calloc(e->used.widest_labels + 1, sizeof(*e->labels));
    e->label_list = calloc(e->used.widest_labels + 1, sizeof(*e->label_list));
    e->lines = calloc(e->used.widest_lines + 1, sizeof(*e->lines));
    e->line_list = calloc(e->used.widest_lines + 1, sizeof(*e->line_list));
    bool is_complete = e->string_places && e->string_order && e->stack && e->labels && e->label_list &&
                       e->lines && e->line_list;
    if (!is_complete)
        return -ENOMEM;
    for (size_t i = 0; i < e->used.widest_labels; i++)
        e->label_list[i] = &e->labels[i];
    for (size_t i = 0; i < e->used.widest_lines; i++)
        e->line_list[i] = &e->lines[i];
    return 0;
}

/* The place of a string in the written table, given out at first use. */
static int64_t place(struct encoder *e, uint32_t string)
{
    if (string == 0 || string >= e->p->strings.count)
        return 0;
    if (!e->string_places[string]) {
        e->string_order[e->string_count] = string;
        e->string_places[string] = e->string_count++;
    }
    return e->string_places[string];
}

static void put_part(struct encoder *e, const wire_profile *part)
{
    size_t len = preflame__pprof__profile__get_packed_size(part);
    uint8_t *to = bytes_reserve(e->out, len);
    if (to)
        e->out->len += preflame__pprof__profile__pack(part, to);
}

static wire_type type_of(struct encoder *e, struct profile_type type)
{
    wire_type wire = PREFLAME__PPROF__VALUE_TYPE__INIT;
    wire.type = place(e, type.type);
    wire.unit = place(e, type.unit);
    return wire;
}

static void put_types(struct encoder *e)
{
    for (size_t i = 0; i < e->p->types.count; i++) {
        wire_type type = type_of(e, e->p->types.data[i]);
        wire_profile part = PREFLAME__PPROF__PROFILE__INIT;
        part.n_sample_type = 1;
        part.sample_type = (wire_type *[]){&type};
        put_part(e, &part);
    }
}

static void put_sample(struct encoder *e, const struct profile_sample *sample)
{
    const struct profile *p = e->p;
    for (uint32_t i = 0; i < sample->location_count; i++)
        e->stack[i] = e->used.locations[p->sample_locations.data[sample->first_location + i]];
    for (uint32_t i = 0; i < sample->label_count; i++) {
        const struct profile_label *label = &p->labels.data[sample->first_label + i];
        preflame__pprof__label__init(&e->labels[i]);
        e->labels[i].key = place(e, label->key);
        e->labels[i].str = place(e, label->text);
        e->labels[i].num = label->number;
        e->labels[i].num_unit = place(e, label->unit);
    }
    wire_sample wire = PREFLAME__PPROF__SAMPLE__INIT;
    wire.n_location_id = sample->location_count;
    wire.location_id = e->stack;
    wire.n_value = p->types.count;
    wire.value = p->values.data + sample->first_value;
    wire.n_label = sample->label_count;
    wire.label = e->label_list;
    wire_profile part = PREFLAME__PPROF__PROFILE__INIT;
    part.n_sample = 1;
    part.sample = (wire_sample *[]){&wire};
    put_part(e, &part);
}

static void put_mapping(struct encoder *e, const struct profile_mapping *mapping, uint32_t id)
{
    wire_mapping wire = PREFLAME__PPROF__MAPPING__INIT;
    wire.id = id;
    wire.memory_start = mapping->start;
    wire.memory_limit = mapping->limit;
    wire.file_offset = mapping->offset;
    wire.filename = place(e, mapping->file);
    wire.build_id = place(e, mapping->build_id);
    wire.has_functions = mapping->has_functions;
    wire.has_filenames = mapping->has_filenames;
    wire.has_line_numbers = mapping->has_lines;
    wire.has_inline_frames = mapping->has_inlines;
    wire_profile part = PREFLAME__PPROF__PROFILE__INIT;
    part.n_mapping = 1;
    part.mapping = (wire_mapping *[]){&wire};
    put_part(e, &part);
}

static void put_location(struct encoder *e, const struct profile_location *location, uint32_t id)
{
    for (uint32_t i = 0; i < location->line_count; i++) {
        const struct profile_line *line = &e->p->lines.data[location->first_line + i];
        preflame__pprof__line__init(&e->lines[i]);
        e->lines[i].function_id = e->used.functions[line->function];
        e->lines[i].line = line->line;
    }
    wire_location wire = PREFLAME__PPROF__LOCATION__INIT;
    wire.id = id;
    wire.mapping_id = location->mapping == PROFILE_NONE ? 0 : e->used.mappings[location->mapping];
    wire.address = location->address;
    wire.n_line = location->line_count;
    wire.line = e->line_list;
    wire_profile part = PREFLAME__PPROF__PROFILE__INIT;
    part.n_location = 1;
    part.location = (wire_location *[]){&wire};
    put_part(e, &part);
}

static void put_function(struct encoder *e, const struct profile_function *function, uint32_t id)
{
    wire_function wire = PREFLAME__PPROF__FUNCTION__INIT;
    wire.id = id;
    wire.name = place(e, function->name);
    wire.system_name = place(e, function->system_name);
    wire.filename = place(e, function->file);
    wire.start_line = function->start_line;
    wire_profile part = PREFLAME__PPROF__PROFILE__INIT;
    part.n_function = 1;
    part.function = (wire_function *[]){&wire};
    put_part(e, &part);
}

/* The fields that occur once. */
static void put_header(struct encoder *e)
{
    const struct profile *p = e->p;
    wire_profile part = PREFLAME__PPROF__PROFILE__INIT;
    int64_t time_ns = p->time_ns;
    part.n_time_nanos = time_ns != 0;
    part.time_nanos = &time_ns;
    part.duration_nanos = p->duration_ns;
    part.period = p->period;
    part.drop_frames = place(e, p->drop_frames);
    part.keep_frames = place(e, p->keep_frames);
    part.default_sample_type = place(e, p->default_type);
    wire_type period_type = type_of(e, p->period_type);
    if (period_type.type || period_type.unit)
        part.period_type = &period_type;
    put_part(e, &part);
}

static void put_comments(struct encoder *e)
{
    for (size_t i = 0; i < e->p->comments.count; i++) {
        int64_t comment = place(e, e->p->comments.data[i]);
        wire_profile part = PREFLAME__PPROF__PROFILE__INIT;
        part.n_comment = 1;
        part.comment = &comment;
        put_part(e, &part);
    }
}

/* Last, when every string in use has its place. */
static void put_strings(struct encoder *e)
{
    for (uint32_t i = 0; i < e->string_count; i++) {
        char *text = e->p->strings.data[e->string_order[i]];
        ProtobufCBinaryData wire = {.len = strlen(text), .data = (uint8_t *)text};
        wire_profile part = PREFLAME__PPROF__PROFILE__INIT;
        part.n_string_table = 1;
        part.string_table = &wire;
        put_part(e, &part);
    }
}

static void put_all(struct encoder *e)
{
    const struct profile *p = e->p;
    put_types(e);
    for (size_t i = 0; i < p->samples.count; i++)
        if (!profile_is_sample_zero(p, &p->samples.data[i]))
            put_sample(e, &p->samples.data[i]);
    for (size_t i = 0; i < p->mappings.count; i++)
        if (e->used.mappings[i])
            put_mapping(e, &p->mappings.data[i], e->used.mappings[i]);
    for (size_t i = 0; i < p->locations.count; i++)
        if (e->used.locations[i])
            put_location(e, &p->locations.data[i], e->used.locations[i]);
    for (size_t i = 0; i < p->functions.count; i++)
        if (e->used.functions[i])
            put_function(e, &p->functions.data[i], e->used.functions[i]);
    put_header(e);
    put_comments(e);
    put_strings(e);
}

int profile_encode(const struct profile *p, struct bytes *out)
{
    if (p->error)
        return p->error;
    if (out->error)
        return out->error;
    size_t start = out->len;
    struct encoder e CLEANUP(encoder_clear);
    int error = encoder_init(&e, p, out);
    if (error)
        return error;
    put_all(&e);
    if (out->error)
        out->len = start;
    if (out->data)
        out->data[out->len] = 0;
    return out->error;
}

int profile_encode_gzip(const struct profile *p, struct bytes *out)
{
    struct bytes plain CLEANUP(bytes_clear);
    bytes_init(&plain, INT32_MAX); /* what protobuf readers accept */
    int error = profile_encode(p, &plain);
    return error ? error : gzip_bytes(plain.data, plain.len, out);
}
