/* Three layouts of a head line and stacks; one way to print a stack. */
#include "exporters/debug_text.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS 3 /* those that are aligned: mark, address, function */
#define TAB 8
#define CELL_BYTES 512

struct text {
    const struct profile_kind *kind;
    const struct profile *profile;
    function_start_fn start;
    void *context;
    struct bytes *out;
    size_t *order; /* owned: indexes of samples, largest first */
};

static const int64_t *values_of(const struct profile *p, size_t sample)
{
    return &p->values.data[p->samples.data[sample].first_value];
}

static uint64_t address_of(const struct profile *p, const struct profile_sample *sample, uint32_t i)
{
    uint32_t location = p->sample_locations.data[sample->first_location + i];
    return p->locations.data[location].address + (i > 0); /* return addresses, as Go's */
}

static void put_addresses(struct text *text, const struct profile_sample *sample)
{
    for (uint32_t i = 0; i < sample->location_count; i++)
        bytes_printf(text->out, " 0x%" PRIx64, address_of(text->profile, sample, i));
    bytes_puts(text->out, "\n");
}

/* --- a stack, aligned as Go's tabwriter does (minimum 1, tabs of 8, padding 1) --- */

struct cells {
    char cell[COLUMNS + 1][CELL_BYTES];
};

static void fill_cells(struct text *text, const struct profile_location *location, uint64_t address,
                       const struct profile_line *line, struct cells *cells)
{
    const struct profile *p = text->profile;
    const struct profile_function *function = &p->functions.data[line->function];
    uint64_t start = text->start(text->context, location->address);
    snprintf(cells->cell[0], CELL_BYTES, "#");
    snprintf(cells->cell[1], CELL_BYTES, "0x%" PRIx64, address);
    snprintf(cells->cell[2], CELL_BYTES, "%s+0x%" PRIx64, profile_text(p, function->name), address - start);
    snprintf(cells->cell[3], CELL_BYTES, "%s:%" PRId64, profile_text(p, function->file), line->line);
}

static size_t count_lines(const struct profile *p, const struct profile_sample *sample)
{
    size_t count = 0;
    for (uint32_t i = 0; i < sample->location_count; i++)
        count += p->locations.data[p->sample_locations.data[sample->first_location + i]].line_count;
    return count;
}

static void put_rows(struct bytes *out, const struct cells *rows, size_t count)
{
    size_t width[COLUMNS] = {0};
    for (size_t i = 0; i < count; i++) {
        for (unsigned k = 0; k < COLUMNS; k++) {
            size_t len = strlen(rows[i].cell[k]) + 1;
            width[k] = len > width[k] ? len : width[k];
        }
    }
    for (size_t i = 0; i < count; i++) {
        for (unsigned k = 0; k < COLUMNS; k++) {
            size_t full = (width[k] + TAB - 1) / TAB * TAB, len = strlen(rows[i].cell[k]);
            bytes_puts(out, rows[i].cell[k]);
            for (size_t tabs = (full - len + TAB - 1) / TAB; tabs; tabs--)
                bytes_puts(out, "\t");
        }
        bytes_printf(out, "%s\n", rows[i].cell[COLUMNS]);
    }
}

static int put_stack(struct text *text, const struct profile_sample *sample)
{
    const struct profile *p = text->profile;
    struct cells *rows = calloc(count_lines(p, sample) + 1, sizeof(*rows));
    if (!rows)
        return -ENOMEM;
    size_t count = 0;
    for (uint32_t i = 0; i < sample->location_count; i++) {
        uint32_t index = p->sample_locations.data[sample->first_location + i];
        const struct profile_location *location = &p->locations.data[index];
        for (uint32_t k = 0; k < location->line_count; k++)
            fill_cells(text, location, address_of(p, sample, i), &p->lines.data[location->first_line + k],
                       &rows[count++]);
    }
    put_rows(text->out, rows, count);
    bytes_puts(text->out, "\n");
    free(rows);
    return 0;
}

/* --- the layouts --- */

static void sum(const struct profile *p, int64_t *ret)
{
    for (size_t i = 0; i < p->samples.count; i++) {
        for (size_t k = 0; k < p->types.count && k < SNAPSHOT_VALUES; k++)
            ret[k] += values_of(p, i)[k];
    }
}

/* Heap texts hold what was sampled, not what that stands for; pprof does the scaling by itself. */
static int64_t sampled(const struct profile *p, const struct profile_sample *sample, int64_t value)
{
    double size = 0;
    for (uint32_t i = 0; i < sample->label_count; i++) {
        const struct profile_label *label = &p->labels.data[sample->first_label + i];
        if (strcmp(profile_text(p, label->key), "bytes") == 0)
            size = (double)label->number;
    }
    double share = p->period > 1 && size > 0 ? -expm1(-size / (double)p->period) : 1;
    return (int64_t)llround((double)value * share);
}

static void put_heap_head(struct text *text)
{
    const struct profile *p = text->profile;
    int64_t total[SNAPSHOT_VALUES] = {0};
    for (size_t i = 0; i < p->samples.count; i++) {
        for (unsigned k = 0; k < SNAPSHOT_VALUES; k++)
            total[k] += sampled(p, &p->samples.data[i], values_of(p, i)[k]);
    }
    bytes_printf(text->out,
                 "heap profile: %" PRId64 ": %" PRId64 " [%" PRId64 ": %" PRId64 "] @ heap/%" PRId64 "\n",
                 total[2], total[3], total[0], total[1], 2 * p->period);
}

static void put_heap_values(struct text *text, size_t i)
{
    const struct profile *p = text->profile;
    int64_t values[SNAPSHOT_VALUES];
    for (unsigned k = 0; k < SNAPSHOT_VALUES; k++)
        values[k] = sampled(p, &p->samples.data[i], values_of(p, i)[k]);
    bytes_printf(text->out, "%" PRId64 ": %" PRId64 " [%" PRId64 ": %" PRId64 "] @", values[2], values[3],
                 values[0], values[1]);
}

static void put_contention_head(struct text *text)
{
    bool is_mutex = text->kind->bucket == BUCKET_MUTEX;
    bytes_puts(text->out, is_mutex ? "--- mutex:\n" : "--- contention:\n");
    bytes_puts(text->out, "cycles/second=1000000000\n"); /* a cycle is a nanosecond here */
    if (is_mutex)
        bytes_puts(text->out, "sampling period=1\n"); /* the values are scaled already */
}

static void put_contention_values(struct text *text, size_t i)
{
    const int64_t *values = values_of(text->profile, i);
    bytes_printf(text->out, "%" PRId64 " %" PRId64 " @", values[1], values[0]);
}

static void put_count_head(struct text *text)
{
    int64_t total[SNAPSHOT_VALUES] = {0};
    sum(text->profile, total);
    bytes_printf(text->out, "%s profile: total %" PRId64 "\n", text->kind->name, total[0]);
}

static void put_count_values(struct text *text, size_t i)
{
    bytes_printf(text->out, "%" PRId64 " @", values_of(text->profile, i)[0]);
}

struct layout {
    void (*put_head)(struct text *text);
    void (*put_values)(struct text *text, size_t sample);
    size_t key; /* the value that stacks are sorted by */
};

static const struct layout *layout_of(const struct profile_kind *kind)
{
    static const struct layout heap = {put_heap_head, put_heap_values, 3};
    static const struct layout contention = {put_contention_head, put_contention_values, 1};
    static const struct layout count = {put_count_head, put_count_values, 0};
    return kind->bucket == BUCKET_HEAP ? &heap : kind->types[1].type ? &contention : &count;
}

struct order {
    const struct profile *profile;
    size_t key;
};

static int compare(const void *left, const void *right, void *context)
{
    const struct order *order = context;
    size_t a = *(const size_t *)left, b = *(const size_t *)right;
    int64_t x = values_of(order->profile, a)[order->key], y = values_of(order->profile, b)[order->key];
    return x != y ? (x < y ? 1 : -1) : (a > b) - (a < b);
}

static void put_mappings(struct text *text)
{
    const struct profile *p = text->profile;
    bytes_puts(text->out, "\n--- Memory map: ---\n");
    for (size_t i = 0; i < p->mappings.count; i++) {
        const struct profile_mapping *mapping = &p->mappings.data[i];
        bytes_printf(text->out, "%08" PRIx64 "-%08" PRIx64 " r-xp %08" PRIx64 " 00:00 0 %s\n", mapping->start,
                     mapping->limit, mapping->offset, profile_text(p, mapping->file));
    }
}

int debug_text(const struct profile_kind *kind, const struct profile *profile, function_start_fn start,
               void *context, struct bytes *out)
{
    const struct layout *layout = layout_of(kind);
    struct text text = {.kind = kind,
                        .profile = profile,
                        .start = start,
                        .context = context,
                        .out = out,
                        .order = calloc(profile->samples.count + 1, sizeof(size_t))};
    if (!text.order)
        return -ENOMEM;
    for (size_t i = 0; i < profile->samples.count; i++)
        text.order[i] = i;
    struct order order = {profile, layout->key};
    qsort_r(text.order, profile->samples.count, sizeof(size_t), compare, &order);
    layout->put_head(&text);
    int error = 0;
    for (size_t i = 0; i < profile->samples.count && !error; i++) {
        layout->put_values(&text, text.order[i]);
        put_addresses(&text, &profile->samples.data[text.order[i]]);
        error = put_stack(&text, &profile->samples.data[text.order[i]]);
    }
    put_mappings(&text);
    free(text.order);
    return error ? error : out->error;
}
