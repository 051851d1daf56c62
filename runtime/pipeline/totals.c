/* The totals table: rows in arrival order, found through a hash map. */
#include "pipeline/totals.h"

#include "base/block.h"

#include <string.h>

void totals_init(struct totals *totals)
{
    *totals = (struct totals){0};
}

void totals_clear(struct totals *totals)
{
    size_t row_limit = totals->row_limit;
    map_clear(&totals->ids);
    block_free(totals->rows, totals->room * sizeof(*totals->rows));
    totals_init(totals);
    totals->row_limit = row_limit;
}

size_t totals_bytes(const struct totals *totals)
{
    return totals->room * sizeof(*totals->rows) + totals->ids.room * sizeof(*totals->ids.slots) +
           totals->ids.keys.room;
}

/* Makes an empty row for a new key: both or neither. Where the key's row number lies, or NULL. */
static uint32_t *add_key(struct totals *totals, const void *key, size_t key_size)
{
    if (totals->count >= (totals->row_limit ? totals->row_limit : TOTALS_MAX))
        return NULL;
    if (totals->count == totals->room) {
        size_t room = totals->room ? totals->room * 2 : 256;
        struct total *rows = block_resized(totals->rows, totals->room * sizeof(*rows), room * sizeof(*rows));
        if (!rows)
            return NULL;
        totals->rows = rows;
        totals->room = room;
    }
    uint32_t *at;
    if (map_add(&totals->ids, key, key_size, (uint32_t)totals->count, &at, NULL))
        return NULL;
    totals->rows[totals->count++] = (struct total){0};
    return at;
}

void totals_add(struct totals *totals, const struct record *record, const char *name)
{
    struct {
        uint32_t stack;
        int32_t tid;
        uint32_t labels;
    } key = {record->stack, record->tid, record->labels};
    uint32_t *at = map_find(&totals->ids, &key, sizeof(key));
    if (!at && !(at = add_key(totals, &key, sizeof(key)))) {
        totals->lost += record->count;
        return;
    }
    struct total *row = &totals->rows[*at];
    row->stack = record->stack;
    row->tid = record->tid;
    row->labels = record->labels;
    row->count += record->count;
    row->value += record->value;
    strncpy(row->name, name, sizeof(row->name) - 1);
}
