/* Adding samples: the same stack with the same labels is one sample, its values are summed. */
#include "exporters/profile/arithmetic.h"
#include "exporters/profile/array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int compare(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_labels(const void *left, const void *right)
{
    const struct profile_label *a = left, *b = right;
    int order = compare(a->key, b->key);
    if (!order)
        order = compare(a->text, b->text);
    if (!order)
        order = compare(a->number, b->number);
    return order ? order : compare(a->unit, b->unit);
}

/* The unit of a number that came without one; pprof drops a unit-less 0. These keys are the heap profiles'.
 */
static uint32_t missing_unit(struct profile *p, uint32_t key)
{
    static const char *const byte_keys[] = {"bytes", "request", "alignment"};
    for (size_t i = 0; i < ARRAY_SIZE(byte_keys); i++)
        if (strcmp(profile_text(p, key), byte_keys[i]) == 0)
            return profile_string(p, "bytes");
    return profile_string(p, "count");
}

/* Writes tidy labels behind the last used one, in an order that makes equal sets equal. There must be room.
 */
static struct profile_label *place_labels(struct profile *p, const struct profile_label *labels,
                                          uint32_t label_count)
{
    struct profile_label *placed = p->labels.data + p->labels.count;
    for (uint32_t i = 0; i < label_count; i++) {
        struct profile_label label = labels[i];
        if (label.text) {
            label.number = 0;
            label.unit = 0;
        } else if (!label.unit) {
            label.unit = missing_unit(p, label.key);
        }
        placed[i] = label;
    }
    if (label_count > 1)
        qsort(placed, label_count, sizeof(*placed), compare_labels);
    return placed;
}

/* Puts the sample's identity into the scratch buffer. */
static void make_key(struct profile *p, const uint32_t *locations, uint32_t location_count,
                     const struct profile_label *labels, uint32_t label_count)
{
    struct bytes *key = &p->scratch;
    key->len = 0;
    bytes_put(key, &location_count, sizeof(location_count));
    bytes_put(key, locations, location_count * sizeof(*locations));
    for (uint32_t i = 0; i < label_count; i++) {
        bytes_put(key, &labels[i].key, sizeof(labels[i].key));
        bytes_put(key, &labels[i].text, sizeof(labels[i].text));
        bytes_put(key, &labels[i].unit, sizeof(labels[i].unit));
        bytes_put(key, &labels[i].number, sizeof(labels[i].number));
    }
    profile_fail(p, key->error);
}

static bool are_indexes_valid(const struct profile *p, const uint32_t *locations, uint32_t location_count,
                              const struct profile_label *labels, uint32_t label_count)
{
    for (uint32_t i = 0; i < location_count; i++)
        if (locations[i] >= p->locations.count)
            return false;
    for (uint32_t i = 0; i < label_count; i++)
        if (labels[i].key >= p->strings.count || labels[i].text >= p->strings.count ||
            labels[i].unit >= p->strings.count)
            return false;
    return true;
}

/* Appends a sample of zeros; its labels are in place already and there is room for everything. */
static void append_sample(struct profile *p, const uint32_t *locations, uint32_t location_count,
                          uint32_t label_count)
{
    p->samples.data[p->samples.count++] = (struct profile_sample){
        .first_location = (uint32_t)p->sample_locations.count,
        .location_count = location_count,
        .first_label = (uint32_t)p->labels.count,
        .label_count = label_count,
        .first_value = (uint32_t)p->values.count,
    };
    for (uint32_t i = 0; i < location_count; i++)
        p->sample_locations.data[p->sample_locations.count++] = locations[i];
    p->labels.count += label_count;
    for (size_t i = 0; i < p->types.count; i++)
        p->values.data[p->values.count++] = 0;
}

static bool make_room(struct profile *p, uint32_t location_count, uint32_t label_count)
{
    return PROFILE_GROW(p, p->samples, 1) && PROFILE_GROW(p, p->sample_locations, location_count) &&
           PROFILE_GROW(p, p->labels, label_count) && PROFILE_GROW(p, p->values, p->types.count);
}

void profile_add_sample(struct profile *p, const uint32_t *locations, uint32_t location_count,
                        const struct profile_label *labels, uint32_t label_count, const int64_t *values)
{
    if (!p->types.count || !are_indexes_valid(p, locations, location_count, labels, label_count))
        profile_fail(p, -EINVAL);
    if (!make_room(p, location_count, label_count))
        return;
    const struct profile_label *placed = place_labels(p, labels, label_count);
    make_key(p, locations, location_count, placed, label_count);
    if (p->error)
        return;
    uint32_t *index;
    int is_new;
    int error =
        map_add(&p->sample_ids, p->scratch.data, p->scratch.len, (uint32_t)p->samples.count, &index, &is_new);
    if (error) {
        profile_fail(p, error);
        return;
    }
    if (is_new)
        append_sample(p, locations, location_count, label_count);
    int64_t *totals = p->values.data + p->samples.data[*index].first_value;
    for (size_t i = 0; i < p->types.count; i++)
        totals[i] = saturating_add(totals[i], values[i]);
}
