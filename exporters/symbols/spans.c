/* Flattening of overlapping address ranges by one sweep with a stack. */
#include "exporters/symbols/spans.h"

#include <errno.h>
#include <stdlib.h>

int spans_add(struct spans *spans, struct span span)
{
    if (span.start >= span.end)
        return 0;
    if (spans->count == spans->room) {
        size_t room = spans->room ? spans->room * 2 : 64;
        struct span *data = reallocarray(spans->data, room, sizeof(*data));
        if (!data)
            return -ENOMEM;
        spans->data = data;
        spans->room = room;
    }
    spans->data[spans->count++] = span;
    return 0;
}

/* By start; the one that wins comes last, because later spans lie on top. */
static int compare(const void *left, const void *right)
{
    const struct span *a = left, *b = right;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    if (a->rank != b->rank)
        return a->rank > b->rank ? -1 : 1;
    return (a->id < b->id) - (a->id > b->id);
}

struct sweep {
    struct spans out;
    const struct span **stack; /* spans that have begun, the topmost last */
    size_t depth;
    uint64_t at; /* everything below is written */
};

/* Writes what the stack shows from `at` up to `until`. */
static int sweep_to(struct sweep *sweep, uint64_t until)
{
    while (sweep->depth && sweep->at < until) {
        const struct span *top = sweep->stack[sweep->depth - 1];
        uint64_t end = top->end < until ? top->end : until;
        if (end > sweep->at) {
            struct span piece = *top;
            piece.start = sweep->at;
            piece.end = end;
            int error = spans_add(&sweep->out, piece);
            if (error)
                return error;
            sweep->at = end;
        }
        if (top->end <= sweep->at)
            sweep->depth--;
    }
    sweep->at = until;
    return 0;
}

int spans_flatten(struct spans *spans)
{
    if (!spans->count)
        return 0;
    qsort(spans->data, spans->count, sizeof(*spans->data), compare);
    struct sweep sweep = {.stack = calloc(spans->count, sizeof(*sweep.stack))};
    int error = sweep.stack ? 0 : -ENOMEM;
    for (size_t i = 0; i < spans->count && !error; i++) {
        error = sweep_to(&sweep, spans->data[i].start);
        sweep.stack[sweep.depth++] = &spans->data[i];
    }
    if (!error)
        error = sweep_to(&sweep, UINT64_MAX);
    free(sweep.stack);
    if (error) {
        spans_clear(&sweep.out);
        return error;
    }
    spans_clear(spans);
    *spans = sweep.out;
    return 0;
}

const struct span *spans_find(const struct spans *spans, uint64_t address)
{
    size_t low = 0, high = spans->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (spans->data[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < spans->count && spans->data[low].start <= address ? &spans->data[low] : NULL;
}

void spans_clear(struct spans *spans)
{
    free(spans->data);
    *spans = (struct spans){0};
}
