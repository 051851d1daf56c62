/* Reading the module snapshot. It is written by hooks/module_list.c, outside signal handlers. */
#include "capture/modules.h"

#include "capture/cfi.h"

#include <dlfcn.h>
#include <stddef.h>

#include "base/banned.h"

const struct module *module_find(const struct module_state *state, uint64_t pc)
{
    const struct module_list *list = atomic_load_explicit(&state->loaded, memory_order_acquire);
    if (!list)
        return NULL;
    uint32_t low = 0, high = list->count;
    while (low < high) {
        uint32_t middle = (low + high) >> 1;
        if (list->modules[middle].low <= pc)
            low = middle + 1;
        else
            high = middle;
    }
    if (!low)
        return NULL;
    const struct module *module = &list->modules[low - 1];
    return pc < module->high ? module : NULL;
}

bool module_ask_loader(uint64_t pc, struct module *ret)
{
    struct dl_find_object found; /* glibc 2.35: async-signal-safe by its manual */
    if (_dl_find_object((void *)(uintptr_t)pc, &found) != 0 || !found.dlfo_eh_frame)
        return false;
    *ret = (struct module){.low = (uintptr_t)found.dlfo_map_start,
                           .high = (uintptr_t)found.dlfo_map_end,
                           .hdr = (uintptr_t)found.dlfo_eh_frame,
                           .data_low = (uintptr_t)found.dlfo_map_start,
                           .data_high = (uintptr_t)found.dlfo_map_end};
    cfi_find_table(ret);
    return true;
}

bool module_enter(struct module_state *state, struct thread_slot *slot)
{
    uint32_t depth = atomic_load_explicit(&slot->in_capture, memory_order_relaxed);
    atomic_store_explicit(&slot->in_capture, depth + 1, memory_order_relaxed);
    /* Pairs with the fence of whoever shuts the gate: it sees us inside, or we see the gate shut. */
    atomic_thread_fence(memory_order_seq_cst);
    if (LIKELY(!atomic_load_explicit(&state->gate, memory_order_relaxed)))
        return true;
    module_leave(slot);
    atomic_fetch_add_explicit(&state->gated, 1, memory_order_relaxed);
    return false;
}

void module_leave(struct thread_slot *slot)
{
    uint32_t depth = atomic_load_explicit(&slot->in_capture, memory_order_relaxed);
    /* Release: our reads of the tables are over. */
    atomic_store_explicit(&slot->in_capture, depth - 1, memory_order_release);
}
