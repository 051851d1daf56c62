/* Rows by key, with a limit for each table. */
#include "viewer/model/trace_tables.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void *table_append(struct trace *t, void **data, size_t *count, size_t *room, size_t size, size_t max)
{
    if (*count >= max) {
        t->refused++;
        return NULL;
    }
    if (*count == *room) {
        size_t next = *room ? *room * 2 : 16;
        void *grown = realloc(*data, next * size);
        if (!grown) {
            t->error = -ENOMEM;
            return NULL;
        }
        *data = grown;
        *room = next;
    }
    return memset((char *)*data + size * (*count)++, 0, size);
}

uint32_t table_row(struct trace *t, struct trace_key key, void **data, size_t *count, size_t *room,
                   size_t size, size_t max, bool *ret_is_new)
{
    const uint32_t *known = map_find(&t->ids, &key, sizeof(key));
    if (ret_is_new)
        *ret_is_new = !known;
    if (known)
        return *known;
    if (!table_append(t, data, count, room, size, max))
        return TRACE_NONE;
    uint32_t row = (uint32_t)(*count - 1), *stored;
    if (map_add(&t->ids, &key, sizeof(key), row, &stored, NULL)) {
        t->error = -ENOMEM;
        (*count)--;
        return TRACE_NONE;
    }
    return row;
}

void trace_add_cost(struct trace *t, uint32_t process, uint64_t stack, enum trace_cost_kind kind,
                    uint32_t detail, int64_t ns)
{
    if (ns <= 0)
        return;
    struct trace_key key = {TABLE_COST, (uint64_t)kind << 32 | process, (uint32_t)stack, detail};
    bool is_new;
    uint32_t row = TABLE_ROW(t, key, &t->costs, TRACE_MAX_ROWS, &is_new);
    if (row == TRACE_NONE)
        return;
    struct trace_cost *cost = &t->costs.data[row];
    if (is_new)
        *cost =
            (struct trace_cost){.process = process, .stack = (uint32_t)stack, .kind = kind, .detail = detail};
    cost->count++;
    cost->total_ns = add_ns(cost->total_ns, ns);
}

uint32_t trace_add_moment(struct trace *t, const struct trace_moment *moment)
{
    struct trace_moment *kept = t->wants_moments ? TABLE_APPEND(t, &t->moments, TRACE_MAX_MOMENTS) : NULL;
    if (!kept)
        return TRACE_NONE;
    *kept = *moment;
    return (uint32_t)(t->moments.count - 1);
}
