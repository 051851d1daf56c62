/* Taking the snapshot: rows with their stacks, modules with their epochs. */
#include "pipeline/freeze.h"

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

static struct snapshot_row row_of(struct stack_table *stacks, const struct total *total)
{
    struct snapshot_row row = {.tid = total->tid, .samples = total->count, .value = total->value};
    const struct stack_entry *entry = stacks_entry(stacks, total->stack);
    if (entry) {
        row.pcs = entry->pcs;
        row.frame_count = entry->count;
        row.epoch = entry->epoch;
    }
    memcpy(row.thread_name, total->name, sizeof(row.thread_name));
    return row;
}

int freeze(struct capture_state *state, const struct totals *totals, each_module_fn each_module,
           struct snapshot *ret)
{
    *ret = (struct snapshot){.rows = calloc(totals->count + 1, sizeof(*ret->rows))};
    if (!ret->rows)
        return -ENOMEM;
    for (size_t i = 0; i < totals->count; i++)
        ret->rows[ret->row_count++] = row_of(state->stacks, &totals->rows[i]);
    each_module(add_module, ret);
    return ret->error;
}
