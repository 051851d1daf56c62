/* The data of a profile's page: its samples as rows that point into one tree of frames. */
#include "viewer/formats/html_page.h"
#include "viewer/formats/json.h"
#include "viewer/formats/value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct writing {
    struct bytes *out;
    const struct profile *profile;
    struct names names;
    struct tree tree;
    struct map label_sets;  /* their JSON → number */
    struct bytes labels;    /* those, behind each other */
    uint32_t *nodes, *sets; /* owned; of each sample */
    uint64_t cut;
};

static void put_types(struct writing *w, size_t first)
{
    const struct profile *p = w->profile;
    bytes_printf(w->out, ",\"kind\":\"profile\",\"first\":%zu,\"types\":[", first);
    for (size_t i = 0; i < p->types.count; i++) {
        bytes_puts(w->out, i ? ",{\"name\":" : "{\"name\":");
        json_put(w->out, profile_text(p, p->types.data[i].type));
        bytes_puts(w->out, ",\"unit\":");
        json_put(w->out, profile_text(p, p->types.data[i].unit));
        bytes_puts(w->out, "}");
    }
    bytes_puts(w->out, "]");
}

static void put_label(struct writing *w, struct bytes *set, const struct profile_label *label)
{
    char text[VALUE_TEXT_SIZE];
    bytes_puts(set, set->len ? "," : "{");
    json_put(set, profile_text(w->profile, label->key));
    bytes_puts(set, ":");
    json_put(set, label->text ? profile_text(w->profile, label->text)
                              : value_text(label->number, profile_text(w->profile, label->unit), text));
}

/* The number of a sample's set of labels. */
static int set_of(struct writing *w, const struct profile_sample *sample, uint32_t *ret)
{
    struct bytes set CLEANUP(bytes_clear);
    bytes_init(&set, HTML_DATA_BYTES);
    for (uint32_t i = 0; i < sample->label_count; i++)
        put_label(w, &set, &w->profile->labels.data[sample->first_label + i]);
    bytes_puts(&set, set.len ? "}" : "{}");
    uint32_t *at;
    int is_new;
    int error = set.error
                    ? set.error
                    : map_add(&w->label_sets, set.data, set.len, (uint32_t)w->label_sets.used, &at, &is_new);
    if (error)
        return error;
    *ret = *at;
    if (is_new) {
        bytes_puts(&w->labels, w->labels.len ? "," : "");
        bytes_put(&w->labels, set.data, set.len);
    }
    return 0;
}

static int add_samples(struct writing *w)
{
    const struct profile *p = w->profile;
    struct frames frames;
    int error = frames_init(&frames, p, &w->names);
    struct frame *stack = error ? NULL : malloc(RESOLVE_MAX_FRAMES * sizeof(*stack));
    if (!error && !stack)
        error = -ENOMEM;
    for (size_t i = 0; i < p->samples.count && !error; i++) {
        const struct profile_sample *sample = &p->samples.data[i];
        size_t count = frames_of_stack(&frames, &p->sample_locations.data[sample->first_location],
                                       sample->location_count, stack, RESOLVE_MAX_FRAMES);
        bool is_cut;
        w->nodes[i] = tree_leaf(&w->tree, stack, count, &is_cut);
        w->cut += is_cut;
        error = w->tree.error ? w->tree.error : set_of(w, sample, &w->sets[i]);
    }
    free(stack);
    frames_clear(&frames);
    return error;
}

static void put_samples(struct writing *w)
{
    const struct profile *p = w->profile;
    size_t count = p->samples.count;
    bytes_printf(w->out, ",\n\"cut\":%llu,\"samples\":{\"count\":%zu", (unsigned long long)w->cut, count);
    HTML_COLUMN(w->out, "node", count, i, w->nodes[i]);
    HTML_COLUMN(w->out, "labels", count, i, w->sets[i]);
    bytes_puts(w->out, ",\n\"values\":[");
    for (size_t type = 0; type < p->types.count; type++) {
        bytes_puts(w->out, type ? ",\n[" : "[");
        for (size_t i = 0; i < count; i++)
            bytes_printf(w->out, i ? ",%lld" : "%lld",
                         (long long)p->values.data[p->samples.data[i].first_value + type]);
        bytes_puts(w->out, "]");
    }
    bytes_puts(w->out, "]},\n\"labels\":[");
    bytes_put(w->out, w->labels.data, w->labels.len);
    bytes_puts(w->out, "]");
}

int html_put_profile(struct bytes *out, const struct report *report)
{
    const struct profile *p = report->profile;
    struct writing w = {.out = out, .profile = p};
    names_init(&w.names);
    tree_init(&w.tree, &w.names, HTML_MAX_NODES);
    map_init(&w.label_sets);
    bytes_init(&w.labels, HTML_DATA_BYTES);
    w.nodes = calloc(p->samples.count + 1, sizeof(*w.nodes));
    w.sets = calloc(p->samples.count + 1, sizeof(*w.sets));
    int error = w.nodes && w.sets ? add_samples(&w) : -ENOMEM;
    if (!error) {
        put_types(&w, report->value_index);
        html_put_names(out, &w.names);
        html_put_nodes(out, &w.tree);
        put_samples(&w);
        error = w.labels.error;
    }
    free(w.nodes);
    free(w.sets);
    bytes_clear(&w.labels);
    map_clear(&w.label_sets);
    tree_clear(&w.tree);
    names_clear(&w.names);
    return error;
}
