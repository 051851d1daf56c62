/* A tree of frames by (caller, name). */
#include "viewer/formats/chrome_stacks.h"

#include "viewer/formats/json.h"

#include <errno.h>
#include <stdlib.h>

#define STACKS_MAX_BYTES ((size_t)1 << 30)

void chrome_stacks_init(struct chrome_stacks *stacks)
{
    *stacks = (struct chrome_stacks){0};
    bytes_init(&stacks->out, STACKS_MAX_BYTES);
}

void chrome_stacks_clear(struct chrome_stacks *stacks)
{
    bytes_clear(&stacks->out);
    map_clear(&stacks->stacks);
    map_clear(&stacks->frames);
}

static uint32_t frame_of(struct chrome_stacks *stacks, const struct report *report, uint32_t caller,
                         uint32_t name)
{
    const uint32_t key[] = {caller, name};
    uint32_t *stored;
    int is_new = 0;
    if (map_add(&stacks->frames, key, sizeof(key), stacks->count + 1, &stored, &is_new)) {
        stacks->error = -ENOMEM;
        return 0;
    }
    if (!is_new)
        return *stored;
    bytes_printf(&stacks->out, stacks->count++ ? ",\n\"%u\":{\"name\":" : "\n\"%u\":{\"name\":", *stored);
    json_put(&stacks->out, names_text(report->names, name));
    if (caller)
        bytes_printf(&stacks->out, ",\"parent\":%u", caller);
    bytes_puts(&stacks->out, "}");
    if (stacks->out.error)
        stacks->error = stacks->out.error;
    return *stored;
}

uint32_t chrome_stacks_id(struct chrome_stacks *stacks, const struct report *report, uint32_t process,
                          uint32_t stack)
{
    const uint32_t key[] = {process, stack};
    const uint32_t *known = map_find(&stacks->stacks, key, sizeof(key));
    struct frame *frames = known ? NULL : malloc(TREE_MAX_DEPTH * sizeof(*frames));
    uint32_t frame = 0, *stored;
    if (known)
        return *known;
    if (!frames) {
        stacks->error = -ENOMEM;
        return 0;
    }
    size_t count = resolved_stack(report->resolved, report->trace, process, stack, frames, TREE_MAX_DEPTH);
    for (size_t i = 0; i < count && !stacks->error; i++)
        frame = frame_of(stacks, report, frame, frames[i].name);
    free(frames);
    if (map_add(&stacks->stacks, key, sizeof(key), frame, &stored, NULL))
        stacks->error = -ENOMEM;
    return frame;
}
