/* Message to model: believes nothing. Every id must resolve and every string exist before it is used. */
#include "exporters/profile/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Ids may be any numbers but 0; sorted, they can be searched without trusting a hash with hostile keys. */
struct id {
    uint64_t id;
    uint32_t index;
};

struct id_table {
    struct id *data; /* owned, ascending */
    size_t count;
};

struct reader {
    const wire_profile *wire;
    struct profile *p;
    uint32_t *strings; /* owned; place on the wire -> model index */
    struct id_table mappings, functions, locations;
    /* Owned; room for the parts of one sample or location. */
    uint32_t *stack;
    struct profile_label *labels;
    struct profile_line *lines;
    const char *why; /* what is wrong, once something is */
};

static bool refuse(struct reader *r, const char *why)
{
    if (!r->why)
        r->why = why;
    return false;
}

static void reader_clear(struct reader *r)
{
    profile_free(r->p);
    free(r->strings);
    free(r->mappings.data);
    free(r->functions.data);
    free(r->locations.data);
    free(r->stack);
    free(r->labels);
    free(r->lines);
}

/* --- ids --- */

static int compare_ids(const void *left, const void *right)
{
    const struct id *a = left, *b = right;
    return (a->id > b->id) - (a->id < b->id);
}

static bool sort_ids(struct reader *r, struct id_table *table, const char *why)
{
    if (table->count > 1)
        qsort(table->data, table->count, sizeof(*table->data), compare_ids);
    for (size_t i = 0; i < table->count; i++)
        if (table->data[i].id == 0 || (i && table->data[i].id == table->data[i - 1].id))
            return refuse(r, why);
    return true;
}

static void append_id(struct id_table *table, uint64_t id, uint32_t index)
{
    table->data[table->count++] = (struct id){id, index};
}

static const struct id *find_id(const struct id_table *table, uint64_t id)
{
    /* Most writers count 1, 2, 3 … */
    if (id && id <= table->count && table->data[id - 1].id == id)
        return &table->data[id - 1];
    struct id key = {.id = id};
    return table->count ? bsearch(&key, table->data, table->count, sizeof(key), compare_ids) : NULL;
}

/* --- strings --- */

static bool read_strings(struct reader *r)
{
    const wire_profile *wire = r->wire;
    if (!wire->n_string_table || wire->string_table[0].len)
        return refuse(r, "the string table does not begin with an empty string");
    for (size_t i = 0; i < wire->n_string_table; i++)
        r->strings[i] =
            profile_string_n(r->p, (const char *)wire->string_table[i].data, wire->string_table[i].len);
    return !r->p->error;
}

static uint32_t string_at(struct reader *r, int64_t place)
{
    if (place >= 0 && (uint64_t)place < r->wire->n_string_table)
        return r->strings[place];
    refuse(r, "a string index is out of range");
    return 0;
}

static const char *text_at(struct reader *r, int64_t place)
{
    return profile_text(r->p, string_at(r, place));
}

/* --- the tables --- */

static bool read_types(struct reader *r)
{
    for (size_t i = 0; i < r->wire->n_sample_type; i++) {
        const wire_type *type = r->wire->sample_type[i];
        profile_add_type(r->p, text_at(r, type->type), text_at(r, type->unit));
    }
    return !r->why && !r->p->error;
}

static bool read_mappings(struct reader *r)
{
    for (size_t i = 0; i < r->wire->n_mapping; i++) {
        const wire_mapping *wire = r->wire->mapping[i];
        uint32_t index = profile_add_mapping(r->p, wire->memory_start, wire->memory_limit, wire->file_offset,
                                             text_at(r, wire->filename), text_at(r, wire->build_id));
        if (r->why || r->p->error)
            return false;
        struct profile_mapping *mapping = &r->p->mappings.data[index];
        mapping->has_functions = wire->has_functions;
        mapping->has_filenames = wire->has_filenames;
        mapping->has_lines = wire->has_line_numbers;
        mapping->has_inlines = wire->has_inline_frames;
        append_id(&r->mappings, wire->id, index);
    }
    return sort_ids(r, &r->mappings, "a mapping's id is 0 or not unique");
}

static bool read_functions(struct reader *r)
{
    for (size_t i = 0; i < r->wire->n_function; i++) {
        const wire_function *wire = r->wire->function[i];
        uint32_t index = profile_add_function(r->p, text_at(r, wire->name), text_at(r, wire->system_name),
                                              text_at(r, wire->filename), wire->start_line);
        append_id(&r->functions, wire->id, index);
    }
    return !r->why && !r->p->error && sort_ids(r, &r->functions, "a function's id is 0 or not unique");
}

static bool read_location(struct reader *r, const wire_location *wire)
{
    uint32_t mapping = PROFILE_NONE;
    if (wire->mapping_id) {
        const struct id *found = find_id(&r->mappings, wire->mapping_id);
        if (!found)
            return refuse(r, "a location's mapping does not exist");
        mapping = found->index;
    }
    for (size_t i = 0; i < wire->n_line; i++) {
        const struct id *found = find_id(&r->functions, wire->line[i]->function_id);
        if (!found)
            return refuse(r, "a line's function does not exist");
        r->lines[i] = (struct profile_line){found->index, wire->line[i]->line};
    }
    uint32_t index = profile_add_location(r->p, mapping, wire->address, r->lines, (uint32_t)wire->n_line);
    append_id(&r->locations, wire->id, index);
    return !r->p->error;
}

static bool read_locations(struct reader *r)
{
    for (size_t i = 0; i < r->wire->n_location; i++)
        if (!read_location(r, r->wire->location[i]))
            return false;
    return sort_ids(r, &r->locations, "a location's id is 0 or not unique");
}

/* --- samples --- */

/* Fills r->labels and returns how many there are: a label that says nothing is left out, as pprof does. */
static uint32_t read_labels(struct reader *r, const wire_sample *wire)
{
    uint32_t count = 0;
    for (size_t i = 0; i < wire->n_label; i++) {
        const wire_label *label = wire->label[i];
        if (!label->str && !label->num && !label->num_unit)
            continue;
        r->labels[count++] = (struct profile_label){string_at(r, label->key), string_at(r, label->str),
                                                    label->num, string_at(r, label->num_unit)};
    }
    return count;
}

static bool read_sample(struct reader *r, const wire_sample *wire)
{
    if (wire->n_value != r->wire->n_sample_type)
        return refuse(r, "a sample has not one value for each sample type");
    for (size_t i = 0; i < wire->n_location_id; i++) {
        const struct id *found = find_id(&r->locations, wire->location_id[i]);
        if (!found)
            return refuse(r, "a sample's location does not exist");
        r->stack[i] = found->index;
    }
    uint32_t label_count = read_labels(r, wire);
    if (r->why)
        return false;
    profile_add_sample(r->p, r->stack, (uint32_t)wire->n_location_id, r->labels, label_count, wire->value);
    return !r->p->error;
}

static bool read_samples(struct reader *r)
{
    if (r->wire->n_sample && !r->wire->n_sample_type)
        return refuse(r, "there are samples but no sample types");
    for (size_t i = 0; i < r->wire->n_sample; i++)
        if (!read_sample(r, r->wire->sample[i]))
            return false;
    return true;
}

/* --- the fields that occur once --- */

static bool read_header(struct reader *r)
{
    const wire_profile *wire = r->wire;
    for (size_t i = 0; i < wire->n_time_nanos; i++) {
        if (r->p->time_ns && wire->time_nanos[i])
            return refuse(r, "there are two start times: concatenated profiles?");
        if (wire->time_nanos[i])
            r->p->time_ns = wire->time_nanos[i];
    }
    r->p->duration_ns = wire->duration_nanos;
    r->p->period = wire->period;
    if (wire->period_type)
        r->p->period_type = (struct profile_type){string_at(r, wire->period_type->type),
                                                  string_at(r, wire->period_type->unit)};
    r->p->default_type = string_at(r, wire->default_sample_type);
    r->p->drop_frames = string_at(r, wire->drop_frames);
    r->p->keep_frames = string_at(r, wire->keep_frames);
    for (size_t i = 0; i < wire->n_comment; i++)
        profile_add_comment(r->p, text_at(r, wire->comment[i]));
    return !r->why && !r->p->error;
}

/* --- all together --- */

static bool reader_init(struct reader *r, const wire_profile *wire)
{
    *r = (struct reader){.wire = wire};
    size_t deepest = 0, most_labels = 0, most_lines = 0;
    for (size_t i = 0; i < wire->n_sample; i++) {
        if (deepest < wire->sample[i]->n_location_id)
            deepest = wire->sample[i]->n_location_id;
        if (most_labels < wire->sample[i]->n_label)
            most_labels = wire->sample[i]->n_label;
    }
    for (size_t i = 0; i < wire->n_location; i++)
        if (most_lines < wire->location[i]->n_line)
            most_lines = wire->location[i]->n_line;
    r->p = profile_new();
    r->strings = calloc(wire->n_string_table + 1, sizeof(*r->strings));
    r->mappings.data = calloc(wire->n_mapping + 1, sizeof(struct id));
    r->functions.data = calloc(wire->n_function + 1, sizeof(struct id));
    r->locations.data = calloc(wire->n_location + 1, sizeof(struct id));
    r->stack = calloc(deepest + 1, sizeof(*r->stack));
    r->labels = calloc(most_labels + 1, sizeof(*r->labels));
    r->lines = calloc(most_lines + 1, sizeof(*r->lines));
    return r->p && r->strings && r->mappings.data && r->functions.data && r->locations.data && r->stack &&
           r->labels && r->lines;
}

int profile_from_wire(const wire_profile *wire, struct profile **ret, const char **ret_why)
{
    struct reader r CLEANUP(reader_clear);
    if (!reader_init(&r, wire))
        return -ENOMEM;
    bool is_read = read_strings(&r) && read_header(&r) && read_types(&r) && read_mappings(&r) &&
                   read_functions(&r) && read_locations(&r) && read_samples(&r);
    if (!is_read) {
        if (r.why)
            *ret_why = r.why;
        return r.why ? -EINVAL : r.p->error;
    }
    *ret = r.p;
    r.p = NULL;
    return 0;
}
