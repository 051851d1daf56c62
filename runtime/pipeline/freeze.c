/* Taking the snapshot: rows with their stacks, modules with their epochs. */
#include "pipeline/freeze.h"

#include "base/block.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_module(const struct module *module, void *context)
{
    struct snapshot *snapshot = context;
    if (snapshot->module_count == snapshot->module_room) {
        size_t room = snapshot->module_room ? snapshot->module_room * 2 : 64;
        struct snapshot_module *grown = realloc(snapshot->modules, room * sizeof(*grown));
        if (!grown) {
            snapshot->error = -ENOMEM;
            return;
        }
        snapshot->modules = grown;
        snapshot->module_room = room;
    }
    struct snapshot_module *to = &snapshot->modules[snapshot->module_count++];
    *to = (struct snapshot_module){.low = module->low,
                                   .high = module->high,
                                   .file_offset = module->file_offset,
                                   .born_epoch = module->born_epoch,
                                   .dead_epoch = module->dead_epoch,
                                   .is_main = module->is_main,
                                   .path = module->path};
    for (size_t i = 0; i < module->build_id_len && 2 * i + 2 < sizeof(to->build_id); i++)
        snprintf(to->build_id + 2 * i, 3, "%02x", module->build_id[i]);
}

static uint32_t read_stack(const void *stacks, uint32_t stack, uint64_t *pcs, uint32_t *ret_epoch)
{
    return stacks_read(stacks, stack, pcs, ret_epoch);
}

/* An empty snapshot with room for `room` rows, or negative errno. */
static int begin(const struct capture_state *state, size_t room, struct snapshot *ret)
{
    *ret = (struct snapshot){.read_stack = read_stack,
                             .stacks = state->stacks,
                             .row_room = room + 1,
                             .rows = block_new((room + 1) * sizeof(*ret->rows))};
    return ret->rows ? 0 : -ENOMEM;
}

static void add_labels(const struct label_table *table, uint32_t id, struct snapshot_row *row)
{
    const struct label_set *set = labels_set(table, id);
    if (!set)
        return;
    row->labels = set->pairs;
    row->label_count = set->count;
}

static struct snapshot_row row_of(struct capture_state *state, const struct total *total)
{
    struct snapshot_row row = {
        .stack = total->stack, .tid = total->tid, .values = {(int64_t)total->count, total->value}};
    add_labels(state->labels, total->labels, &row);
    memcpy(row.thread_name, total->name, sizeof(row.thread_name));
    return row;
}

int freeze(struct capture_state *state, const struct totals *totals, each_module_fn each_module,
           struct snapshot *ret)
{
    if (begin(state, totals->count, ret))
        return -ENOMEM;
    for (size_t i = 0; i < totals->count; i++)
        ret->rows[ret->row_count++] = row_of(state, &totals->rows[i]);
    each_module(add_module, ret);
    return ret->error;
}

struct bucket_copy {
    struct capture_state *state;
    struct snapshot *snapshot;
    size_t room;
};

static void copy_bucket(struct bucket *bucket, void *context)
{
    struct bucket_copy *copy = context;
    struct snapshot_row row = {
        .stack = bucket->key.stack, .other = bucket->key.other, .detail = bucket->key.detail};
    int64_t any = 0;
    for (unsigned i = 0; i < SNAPSHOT_VALUES; i++)
        any |= row.values[i] = atomic_load_explicit(&bucket->values[i], memory_order_relaxed);
    if (!any || copy->snapshot->row_count == copy->room)
        return;
    add_labels(copy->state->labels, bucket->key.labels, &row);
    copy->snapshot->rows[copy->snapshot->row_count++] = row;
}

static void count_bucket(struct bucket *bucket, void *context)
{
    (void)bucket;
    ++*(size_t *)context;
}

/* The buckets of `kind`, with room for `more` rows. */
static int copy_buckets(struct capture_state *state, enum bucket_kind kind, size_t more, struct snapshot *ret)
{
    size_t count = 0;
    buckets_each(state->buckets, kind, count_bucket, &count);
    struct bucket_copy copy = {.state = state, .snapshot = ret, .room = count + count / 8 + 64};
    if (begin(state, copy.room + more, ret))
        return -ENOMEM;
    buckets_each(state->buckets, kind, copy_bucket, &copy);
    return 0;
}

int freeze_buckets(struct capture_state *state, enum bucket_kind kind, each_module_fn each_module,
                   struct snapshot *ret)
{
    if (copy_buckets(state, kind, 0, ret))
        return -ENOMEM;
    each_module(add_module, ret);
    return ret->error;
}

int freeze_waits(struct capture_state *state, const struct thread_view *views, size_t count,
                 each_module_fn each_module, struct snapshot *ret)
{
    if (copy_buckets(state, BUCKET_BLOCK, count, ret))
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        if (views[i].waited_ns <= 0)
            continue;
        struct snapshot_row *row = &ret->rows[ret->row_count++];
        *row = (struct snapshot_row){
            .stack = views[i].stack, .detail = views[i].reason, .values = {1, views[i].waited_ns}};
    }
    each_module(add_module, ret);
    return ret->error;
}

int freeze_threads(struct capture_state *state, const struct thread_view *views, size_t count,
                   each_module_fn each_module, struct snapshot *ret)
{
    if (begin(state, count, ret))
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        struct snapshot_row *row = &ret->rows[ret->row_count++];
        *row = (struct snapshot_row){
            .stack = views[i].stack, .tid = views[i].tid, .values = {1}, .thread = &views[i]};
        memcpy(row->thread_name, views[i].name, sizeof(row->thread_name));
    }
    each_module(add_module, ret);
    return ret->error;
}

_Static_assert(SNAPSHOT_VALUES == BUCKET_VALUES, "a row holds a bucket's values");
_Static_assert(SNAPSHOT_FRAMES_MAX == STACK_FRAMES_MAX, "a stack fits where readers have room for it");
