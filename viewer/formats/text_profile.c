/* The text summary of a profile: kinds of values, labels, comments. */
#include "viewer/formats/text.h"

#include "viewer/formats/value.h"

#include <inttypes.h>
#include <stdlib.h>

static void put_types(struct bytes *out, const struct report *report)
{
    const struct profile *p = report->profile;
    bytes_puts(out, "Sample types: ");
    for (size_t i = 0; i < p->types.count; i++) {
        bytes_puts(out, i ? ", " : "");
        text_put(out, profile_text(p, p->types.data[i].type));
        bytes_puts(out, "/");
        text_put(out, profile_text(p, p->types.data[i].unit));
        bytes_puts(out, i == report->value_index ? " (shown)" : "");
    }
    bytes_printf(out, "\nSamples: %zu\n", p->samples.count);
    char text[VALUE_TEXT_SIZE];
    if (p->duration_ns > 0)
        bytes_printf(out, "Duration: %s\n", value_text(p->duration_ns, "nanoseconds", text));
    for (size_t i = 0; i < p->comments.count; i++) {
        bytes_puts(out, "Comment: ");
        text_put(out, profile_text(p, p->comments.data[i]));
        bytes_puts(out, "\n");
    }
}

struct label_row {
    uint32_t key, text, unit;
    int64_t number, total;
};

/* Rows of one key stay together; within a key the costliest comes first. */
static int by_key_and_cost(const void *left, const void *right)
{
    const struct label_row *a = left, *b = right;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    if (a->total != b->total)
        return a->total > b->total ? -1 : 1;
    return a->text != b->text      ? (a->text < b->text ? -1 : 1)
           : a->number < b->number ? -1
                                   : a->number > b->number;
}

static int by_identity(const void *left, const void *right)
{
    const struct label_row *a = left, *b = right;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    if (a->text != b->text)
        return a->text < b->text ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

static size_t sum_rows(struct label_row *rows, size_t count)
{
    size_t used = 0;
    qsort(rows, count, sizeof(*rows), by_identity);
    for (size_t i = 0; i < count; i++) {
        if (used && by_identity(&rows[used - 1], &rows[i]) == 0) {
            if (__builtin_add_overflow(rows[used - 1].total, rows[i].total, &rows[used - 1].total))
                rows[used - 1].total = INT64_MAX;
        } else {
            rows[used++] = rows[i];
        }
    }
    qsort(rows, used, sizeof(*rows), by_key_and_cost);
    return used;
}

static void put_rows(struct bytes *out, const struct report *report, const struct label_row *rows,
                     size_t count, size_t max_rows)
{
    const struct profile *p = report->profile;
    int64_t whole = report->graphs[0].tree.nodes[TREE_ROOT].total;
    size_t shown = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_first = i == 0 || rows[i].key != rows[i - 1].key;
        shown = is_first ? 0 : shown + 1;
        if (is_first) {
            bytes_puts(out, "  ");
            text_put(out, profile_text(p, rows[i].key));
            bytes_puts(out, "\n");
        }
        if (shown == max_rows)
            bytes_puts(out, "        …\n");
        if (shown >= max_rows)
            continue;
        char number[VALUE_TEXT_SIZE];
        text_put_value(out, 12, rows[i].total, report->graphs[0].unit);
        bytes_printf(out, " %6.2f%%  ", percent_of(rows[i].total, whole));
        text_put(out, rows[i].text ? profile_text(p, rows[i].text)
                                   : value_text(rows[i].number, profile_text(p, rows[i].unit), number));
        bytes_puts(out, "\n");
    }
}

static void put_labels(struct bytes *out, const struct report *report, size_t max_rows)
{
    const struct profile *p = report->profile;
    struct label_row *rows = calloc(p->labels.count ? p->labels.count : 1, sizeof(*rows));
    size_t count = 0;
    for (size_t i = 0; rows && i < p->samples.count; i++) {
        const struct profile_sample *sample = &p->samples.data[i];
        for (uint32_t at = 0; at < sample->label_count && count < p->labels.count; at++) {
            const struct profile_label *label = &p->labels.data[sample->first_label + at];
            rows[count++] =
                (struct label_row){.key = label->key,
                                   .text = label->text,
                                   .unit = label->unit,
                                   .number = label->number,
                                   .total = p->values.data[sample->first_value + report->value_index]};
        }
    }
    if (count) {
        bytes_puts(out, "\nLabels\n");
        put_rows(out, report, rows, sum_rows(rows, count), max_rows);
    }
    free(rows);
}

void text_put_profile(struct bytes *out, const struct report *report, size_t max_rows)
{
    put_types(out, report);
    put_labels(out, report, max_rows);
}
