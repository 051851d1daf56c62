/* Names for the stacks of a trace. */
#include "viewer/model/resolve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void add_modules(struct profile *p, const struct trace *t, uint32_t process)
{
    for (size_t i = 0; i < t->modules.count; i++) {
        const struct trace_module *module = &t->modules.data[i];
        uint64_t limit;
        if (module->process == process && !__builtin_add_overflow(module->base, module->size, &limit))
            profile_add_mapping(p, module->base, limit, module->file_offset,
                                names_text(&t->names, module->path), names_text(&t->names, module->build_id));
    }
}

/* A profile of nothing but addresses: what the symbolizer eats. A forked child keeps its parent's modules. */
static struct profile *addresses_of(const struct trace *t, uint32_t process)
{
    struct profile *p = profile_new();
    if (!p)
        return NULL;
    profile_add_type(p, "samples", "count");
    for (uint32_t image = process; image != TRACE_NONE; image = t->processes.data[image].parent)
        add_modules(p, t, image);
    for (size_t i = 0; i < t->stacks.count; i++) {
        const struct trace_stack *stack = &t->stacks.data[i];
        for (uint32_t pc = 0; stack->process == process && pc < stack->count; pc++) {
            uint64_t address = t->pcs.data[stack->first_pc + pc];
            profile_add_location(p, profile_find_mapping(p, address), address, NULL, 0);
        }
    }
    return p;
}

static int index_addresses(struct resolved_process *process, const struct profile *p)
{
    for (uint32_t i = 0; i < p->locations.count; i++) {
        uint64_t address = p->locations.data[i].address;
        uint32_t *stored;
        if (map_add(&process->by_address, &address, sizeof(address), i, &stored, NULL))
            return -ENOMEM;
    }
    return 0;
}

static int resolve_process(struct trace *t, struct profile *in, symbolize_function symbolize,
                           struct resolved_process *ret)
{
    if (in->error)
        return in->error;
    struct profile *named = NULL;
    int failure = symbolize(in, &named);
    ret->failed_symbolize = failure ? (uint32_t)-failure : 0;
    const struct profile *from = failure ? in : named;
    int error = frames_init(&ret->frames, from, &t->names);
    if (!error)
        error = index_addresses(ret, from);
    profile_free(named);
    return error;
}

int resolve_trace(struct trace *t, symbolize_function symbolize, struct resolved *ret)
{
    size_t count = t->processes.count;
    struct resolved r = {.processes = calloc(count ? count : 1, sizeof(*r.processes)), .count = count};
    int error = r.processes ? 0 : -ENOMEM;
    for (uint32_t i = 0; i < count && !error; i++) {
        struct profile *in = addresses_of(t, i);
        error = in ? resolve_process(t, in, symbolize, &r.processes[i]) : -ENOMEM;
        profile_free(in);
    }
    if (error)
        resolved_clear(&r);
    else
        *ret = r;
    return error;
}

void resolved_clear(struct resolved *r)
{
    for (size_t i = 0; r->processes && i < r->count; i++) {
        frames_clear(&r->processes[i].frames);
        map_clear(&r->processes[i].by_address);
    }
    free(r->processes);
    *r = (struct resolved){0};
}

size_t resolved_stack(const struct resolved *r, struct trace *t, uint32_t process, uint32_t id,
                      struct frame *ret, size_t max)
{
    const struct trace_stack *stack = id ? trace_find_stack(t, process, id) : NULL;
    if (!stack || !stack->count) {
        if (!max)
            return 0;
        ret[0] = (struct frame){.name = names_add(&t->names, id ? "[stack not in trace]" : "[no stack]")};
        return 1;
    }
    /* The dictionary entry may be the parent's; so are then its addresses. */
    const struct resolved_process *owner = &r->processes[stack->process];
    uint32_t locations[TRACE_MAX_STACK_DEPTH];
    for (uint32_t i = 0; i < stack->count; i++) {
        const uint32_t *known =
            map_find(&owner->by_address, &t->pcs.data[stack->first_pc + i], sizeof(uint64_t));
        locations[i] = known ? *known : UINT32_MAX;
    }
    return frames_of_stack(&owner->frames, locations, stack->count, ret, max);
}

static uint32_t reason_frame(struct trace *t, uint32_t reason)
{
    char text[96];
    snprintf(text, sizeof(text), "[%s]", wait_reason_name(reason));
    return names_add(&t->names, text);
}

static uint32_t process_frame(struct trace *t, uint32_t process)
{
    char text[NAME_MAX_BYTES];
    snprintf(text, sizeof(text), "%.1024s (%d)", trace_process_name(t, process),
             t->processes.data[process].pid);
    return names_add(&t->names, text);
}

bool trace_has_several_images(const struct trace *t)
{
    for (size_t i = 0; i < t->costs.count; i++)
        if (t->costs.data[i].process != t->costs.data[0].process)
            return true;
    return false;
}

size_t resolved_rooted_stack(const struct resolved *r, struct trace *t, uint32_t process, uint32_t id,
                             bool has_several, struct frame *ret)
{
    size_t count = 0;
    if (has_several)
        ret[count++] = (struct frame){.name = process_frame(t, process)};
    return count + resolved_stack(r, t, process, id, ret + count, RESOLVE_MAX_FRAMES);
}

size_t resolved_wait(const struct resolved *r, struct trace *t, uint32_t process, uint32_t stack,
                     uint32_t reason, bool has_several, struct frame *ret)
{
    size_t count = resolved_rooted_stack(r, t, process, stack, has_several, ret);
    ret[count++] = (struct frame){.name = reason_frame(t, reason)};
    return count;
}

int tree_add_trace(struct tree *tree, const struct resolved *r, struct trace *t, bool is_waiting)
{
    struct frame *frames = malloc(RESOLVED_WAIT_FRAMES * sizeof(*frames));
    if (!frames)
        return -ENOMEM;
    bool has_several = trace_has_several_images(t);
    for (size_t i = 0; i < t->costs.count; i++) {
        const struct trace_cost *cost = &t->costs.data[i];
        if ((cost->kind != TRACE_COST_CPU) != is_waiting)
            continue;
        size_t count =
            is_waiting ? resolved_wait(r, t, cost->process, cost->stack, cost->detail, has_several, frames)
                       : resolved_rooted_stack(r, t, cost->process, cost->stack, has_several, frames);
        tree_add(tree, frames, count, cost->total_ns);
    }
    free(frames);
    return tree->error;
}
