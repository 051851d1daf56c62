/* Tables of functions, threads and locks. */
#include "viewer/cli/top_tables.h"

#include "viewer/formats/text.h"
#include "viewer/formats/value.h"
#include "viewer/model/frames.h"
#include "viewer/model/names.h"
#include "viewer/model/top.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_COST 1 /* of CPU and lock profiles: the count first, then what it cost */

/* Puts the costliest functions of a profile's second value under `heading`. Returns 0 or negative errno; the
 * sum in *ret_sum. */
static int put_functions(struct bytes *out, const struct profile *p, const char *heading, size_t max)
{
    struct names names;
    struct tree tree;
    struct top_row *rows = NULL;
    size_t count = 0;
    names_init(&names);
    tree_init(&tree, &names, TREE_MAX_NODES);
    int error = tree_add_profile(&tree, p, VALUE_COST, &names);
    if (!error)
        error = tree_finish(&tree);
    if (!error)
        error = top_functions(&tree, &rows, &count);
    bytes_printf(out, "\n%s\n", heading);
    for (size_t i = 0; !error && i < count && i < max; i++) {
        int64_t whole = tree.nodes[TREE_ROOT].total;
        text_put_value(out, 12, rows[i].flat, "nanoseconds");
        bytes_printf(out, " %6.2f%%", percent_of(rows[i].flat, whole));
        text_put_value(out, 12, rows[i].cumulative, "nanoseconds");
        bytes_printf(out, " %6.2f%%  ", percent_of(rows[i].cumulative, whole));
        text_put(out, names_text(&names, rows[i].name));
        bytes_puts(out, "\n");
    }
    free(rows);
    tree_clear(&tree);
    names_clear(&names);
    return error;
}

struct thread_row {
    int64_t tid, ns;
    const char *name;
};

static struct thread_row thread_of(const struct profile *p, const struct profile_sample *sample)
{
    struct thread_row row = {.name = "", .ns = p->values.data[sample->first_value + VALUE_COST]};
    for (uint32_t i = 0; i < sample->label_count; i++) {
        const struct profile_label *label = &p->labels.data[sample->first_label + i];
        const char *key = profile_text(p, label->key);
        if (strcmp(key, "tid") == 0)
            row.tid = label->number;
        else if (strcmp(key, "thread") == 0)
            row.name = profile_text(p, label->text);
    }
    return row;
}

static int by_tid(const void *left, const void *right)
{
    const struct thread_row *a = left, *b = right;
    if (a->tid != b->tid)
        return a->tid < b->tid ? -1 : 1;
    return strcmp(a->name, b->name);
}

static int by_time(const void *left, const void *right)
{
    const struct thread_row *a = left, *b = right;
    return a->ns != b->ns ? (a->ns > b->ns ? -1 : 1) : by_tid(left, right);
}

static int put_threads(struct bytes *out, const struct profile *p, size_t max)
{
    struct thread_row *rows = calloc(p->samples.count + 1, sizeof(*rows));
    size_t count = 0;
    if (!rows)
        return -ENOMEM;
    for (size_t i = 0; i < p->samples.count; i++)
        rows[i] = thread_of(p, &p->samples.data[i]);
    qsort(rows, p->samples.count, sizeof(*rows), by_tid);
    for (size_t i = 0; i < p->samples.count; i++) {
        if (count && by_tid(&rows[count - 1], &rows[i]) == 0)
            rows[count - 1].ns += rows[i].ns;
        else
            rows[count++] = rows[i];
    }
    qsort(rows, count, sizeof(*rows), by_time);
    bytes_puts(out, "\n         CPU  of a CPU       tid  thread\n");
    for (size_t i = 0; i < count && i < max; i++) {
        text_put_value(out, 12, rows[i].ns, "nanoseconds");
        bytes_printf(out, " %8.2f%% %9" PRId64 "  ", percent_of(rows[i].ns, p->duration_ns), rows[i].tid);
        text_put(out, rows[i].name);
        bytes_puts(out, "\n");
    }
    free(rows);
    return 0;
}

static bool is_of(const struct profile *p, const char *type)
{
    return p->types.count == 2 && strcmp(profile_text(p, p->types.data[VALUE_COST].type), type) == 0;
}

int top_put_cpu(struct bytes *out, const struct profile *cpu, size_t max_functions, size_t max_threads)
{
    if (!is_of(cpu, "cpu"))
        return -EINVAL;
    int64_t sum = 0;
    char text[VALUE_TEXT_SIZE], duration[VALUE_TEXT_SIZE];
    for (size_t i = 0; i < cpu->samples.count; i++)
        sum += cpu->values.data[cpu->samples.data[i].first_value + VALUE_COST];
    bytes_printf(out, "CPU time: %s in %s (%.1f%% of a CPU)\n", value_text(sum, "nanoseconds", text),
                 value_text(cpu->duration_ns, "nanoseconds", duration), percent_of(sum, cpu->duration_ns));
    int error = put_functions(out, cpu, "        flat   flat%         cum    cum%  function", max_functions);
    return error ? error : put_threads(out, cpu, max_threads);
}

int top_put_locks(struct bytes *out, const struct profile *before, struct profile *after, size_t max_locks)
{
    if (!is_of(before, "delay") || !is_of(after, "delay"))
        return -EINVAL;
    int error = profile_merge(after, before, -1);
    if (!error)
        error = after->error;
    return error ? error
                 : put_functions(
                       out, after,
                       "     delayed  share%         cum    cum%  holder of a lock that others waited for",
                       max_locks);
}
