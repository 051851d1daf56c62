/* First a row for each; while they are too many, short neighbours that are alike become one, at the finest
 * grain that will do. */
#include "viewer/model/slices.h"

#include "base/map.h"
#include "viewer/model/trace_tables.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_GRAIN_SHIFT 14 /* of the trace's time: a pixel, where a screen shows an eighth of it */
#define OTHER_SHARE 6 /* of the rows each of the kinds that aren't drawn may have one part in so many */

/* What rows that become one have in common, all 64 bits wide: no padding to hash. */
struct likeness {
    uint64_t thread, kind, detail, object, stack, waker, waker_stack, failed;
};

static int by_start(const void *left, const void *right)
{
    const struct slice *a = left, *b = right;
    if (a->thread != b->thread)
        return a->thread < b->thread ? -1 : 1;
    if (a->start_ns != b->start_ns)
        return a->start_ns < b->start_ns ? -1 : 1;
    return (a->kind > b->kind) - (a->kind < b->kind);
}

/* Rows that are drawn need a finer grain than those that are only added up. */
static unsigned class_of(const struct slice *row)
{
    return row->kind == SLICE_SAMPLE ? 1 : row->kind == SLICE_INNER_CALL ? 2 : 0;
}

static int by_likeness(const void *left, const void *right)
{
    const struct slice *a = left, *b = right;
    if (class_of(a) != class_of(b))
        return class_of(a) < class_of(b) ? -1 : 1;
    if (a->alike != b->alike)
        return a->alike < b->alike ? -1 : 1;
    return (a->start_ns > b->start_ns) - (a->start_ns < b->start_ns);
}

static int by_sum(const void *left, const void *right)
{
    const struct slice *a = left, *b = right;
    if (a->sum_ns != b->sum_ns)
        return a->sum_ns > b->sum_ns ? -1 : 1;
    return by_start(left, right);
}

static struct slice wait_of(const struct trace *t, const struct timeline_step *step)
{
    const struct trace_moment *moment = &t->moments.data[step->moment];
    struct slice slice = {.thread = step->thread,
                          .stack = moment->stack,
                          .detail = moment->detail,
                          .waker = TRACE_NONE,
                          .start_ns = step->time_ns,
                          .end_ns = step->time_ns,
                          .count = 1};
    slice.end_ns = moment->end_ns > step->time_ns ? moment->end_ns : step->time_ns;
    slice.sum_ns = slice.max_ns = slice.end_ns - slice.start_ns;
    slice.object = moment->object;
    slice.opened = moment->is_open;
    if (moment->waker != TRACE_NONE) {
        slice.waker = t->moments.data[moment->waker].thread;
        slice.waker_stack = t->moments.data[moment->waker].stack;
        slice.wake_ns = t->moments.data[moment->waker].start_ns;
    }
    return slice;
}

static struct slice sample_of(const struct trace_moment *moment)
{
    return (struct slice){.thread = moment->thread,
                          .stack = moment->stack,
                          .kind = SLICE_SAMPLE,
                          .waker = TRACE_NONE,
                          .start_ns = moment->start_ns,
                          .end_ns = moment->start_ns,
                          .sum_ns = moment->value,
                          .max_ns = moment->value,
                          .count = 1};
}

static struct slice call_of(const struct trace_moment *moment, bool is_drawn)
{
    int64_t length_ns = moment->end_ns - moment->start_ns;
    return (struct slice){.thread = moment->thread,
                          .stack = moment->stack,
                          .kind = is_drawn ? SLICE_SYSCALL : SLICE_INNER_CALL,
                          .detail = moment->detail,
                          .waker = TRACE_NONE,
                          .start_ns = moment->start_ns,
                          .end_ns = moment->end_ns,
                          .sum_ns = length_ns,
                          .max_ns = length_ns,
                          .count = 1,
                          .failures = moment->value < 0};
}

static int collect(const struct trace *t, const struct timeline *timeline, struct slices *ret)
{
    ret->rows = calloc(timeline->count + t->moments.count + 1, sizeof(*ret->rows));
    bool *is_drawn = calloc(t->moments.count + 1, sizeof(*is_drawn));
    for (size_t i = 0; ret->rows && is_drawn && i < timeline->count; i++) {
        if (timeline->steps[i].kind == TIMELINE_BLOCK)
            ret->rows[ret->count++] = wait_of(t, &timeline->steps[i]);
        else if (timeline->steps[i].kind == TIMELINE_SYSCALL)
            is_drawn[timeline->steps[i].moment] = true;
    }
    /* All of these: the timeline leaves out those in the middle of a wait. */
    for (size_t i = 0; ret->rows && is_drawn && i < t->moments.count; i++) {
        if (t->moments.data[i].kind == TRACE_MOMENT_SAMPLE)
            ret->rows[ret->count++] = sample_of(&t->moments.data[i]);
        else if (t->moments.data[i].kind == TRACE_MOMENT_SYSCALL)
            ret->rows[ret->count++] = call_of(&t->moments.data[i], is_drawn[i]);
    }
    int error = ret->rows && is_drawn ? 0 : -ENOMEM;
    free(is_drawn);
    return error;
}

static void add(struct slice *to, const struct slice *from)
{
    to->start_ns = from->start_ns < to->start_ns ? from->start_ns : to->start_ns;
    to->end_ns = from->end_ns > to->end_ns ? from->end_ns : to->end_ns;
    to->wake_ns = from->wake_ns > to->wake_ns ? from->wake_ns : to->wake_ns;
    to->max_ns = from->max_ns > to->max_ns ? from->max_ns : to->max_ns;
    to->sum_ns = add_ns(to->sum_ns, from->sum_ns);
    to->count += from->count;
    to->failures += from->failures;
    to->opened += from->opened;
}

/* Numbers the rows by what they are, and puts those that are alike beside each other, by time. */
static int group(struct slices *slices)
{
    struct map known;
    int error = 0;
    map_init(&known);
    for (size_t i = 0; i < slices->count && !error; i++) {
        struct slice *row = &slices->rows[i];
        struct likeness like = {row->thread, row->kind,  row->detail,      row->object,
                                row->stack,  row->waker, row->waker_stack, row->failures > 0};
        uint32_t *number;
        error = map_add(&known, &like, sizeof(like), (uint32_t)known.used, &number, NULL);
        row->alike = error ? 0 : *number;
    }
    map_clear(&known);
    qsort(slices->rows, slices->count, sizeof(*slices->rows), by_likeness);
    return error;
}

static bool is_short(const struct slice *row, int64_t grain_ns)
{
    return !row->opened && (row->kind == SLICE_SAMPLE || row->max_ns < grain_ns);
}

/* How many rows are left when short ones that begin in the same grain are one. Unless `out` is NULL they are
 * written there; it may be `rows` or lie before it, for what is kept never overtakes what is read. */
static size_t merge(const struct slice *rows, size_t count, int64_t grain_ns, struct slice *out)
{
    size_t kept = 0, open = 0; /* the row that short ones are added to */
    int64_t open_grain = 0;
    uint32_t open_alike = UINT32_MAX; /* none: there are fewer rows than that */
    for (size_t i = 0; i < count; i++) {
        struct slice row = rows[i];
        int64_t grain = row.start_ns / grain_ns;
        bool is_added = is_short(&row, grain_ns);
        if (is_added && row.alike == open_alike && grain == open_grain) {
            if (out)
                add(&out[open], &row);
            continue;
        }
        if (is_added) {
            open = kept;
            open_grain = grain;
            open_alike = row.alike;
        }
        if (out)
            out[kept] = row;
        kept++;
    }
    return kept;
}

/* The finest grain that leaves no more than `max_rows`, or the whole time; 1 when all may stay. */
static int64_t grain_for(const struct slice *rows, size_t count, int64_t length_ns, size_t max_rows)
{
    if (count <= max_rows)
        return 1;
    unsigned shift = FIRST_GRAIN_SHIFT;
    while (shift > 0 && merge(rows, count, (length_ns >> shift) + 1, NULL) > max_rows)
        shift--;
    return (length_ns >> shift) + 1;
}

static int coarsen(struct slices *slices, const struct trace *t, size_t max_rows)
{
    const size_t shares[] = {max_rows - 2 * (max_rows / OTHER_SHARE), max_rows / OTHER_SHARE,
                             max_rows / OTHER_SHARE};
    size_t all = slices->count, read = 0, kept = 0;
    int error = group(slices);
    for (unsigned class = 0; class < ARRAY_SIZE(shares) && !error; class ++) {
        const struct slice *rows = slices->rows + read;
        size_t count = 0;
        while (read + count < all && class_of(&rows[count]) == class)
            count++;
        int64_t grain_ns = grain_for(rows, count, t->last_ns - t->first_ns, shares[class]);
        int64_t *told_ns = class ? &slices->sum_grain_ns : &slices->grain_ns;
        if (grain_ns > 1 && grain_ns > *told_ns)
            *told_ns = grain_ns;
        kept += merge(rows, count, grain_ns, slices->rows + kept);
        read += count;
    }
    slices->merged = all - kept;
    slices->count = kept;
    return error;
}

/* The rows that took least go. */
static void prune(struct slices *slices, size_t max_rows)
{
    qsort(slices->rows, slices->count, sizeof(*slices->rows), by_sum);
    for (size_t i = max_rows; i < slices->count; i++) {
        slices->pruned += slices->rows[i].count;
        slices->pruned_ns = add_ns(slices->pruned_ns, slices->rows[i].sum_ns);
    }
    slices->count = max_rows;
}

int slices_make(const struct trace *t, const struct timeline *timeline, size_t max_rows, struct slices *ret)
{
    struct slices slices = {0};
    int error = collect(t, timeline, &slices);
    if (!error && slices.count > max_rows)
        error = coarsen(&slices, t, max_rows);
    if (!error && slices.count > max_rows)
        prune(&slices, max_rows);
    if (error)
        slices_clear(&slices);
    else
        qsort(slices.rows, slices.count, sizeof(*slices.rows), by_start);
    *ret = slices;
    return error;
}

void slices_clear(struct slices *slices)
{
    free(slices->rows);
    *slices = (struct slices){0};
}
