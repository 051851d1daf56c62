/* The loaded objects as an immutable snapshot, readable in a handler without a lock, and the gate for
 * unloading. */
#ifndef PREFLAME_CAPTURE_MODULES_H
#define PREFLAME_CAPTURE_MODULES_H

#include "capture/thread.h"

#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define MODULE_BUILD_ID_MAX 32

/* One loaded object. */
struct module {
    uint64_t bias;        /* load bias: address = bias + vaddr */
    uint64_t low, high;   /* one executable segment, high exclusive */
    uint64_t file_offset; /* of `low`, page-aligned */
    uint64_t hdr;         /* .eh_frame_hdr, 0 = none */
    uint64_t table;       /* its search table: pairs of 32-bit offsets from hdr, sorted; 0 = none */
    uint64_t table_count;
    uint64_t data_low, data_high; /* the readable segment that holds it: unwind tables are read only there */
    uint32_t born_epoch,
        dead_epoch; /* valid for stacks of epochs [born, dead); dead UINT32_MAX while loaded */
    bool is_main;   /* the executable */
    uint16_t build_id_len;
    uint8_t build_id[MODULE_BUILD_ID_MAX];
    const char *path;        /* as the loader or /proc names it; lives for ever */
    const ElfW(Phdr) * phdr; /* for dl_iterate_phdr from capture code; NULL on an object's further segments */
    uint16_t phnum;
};

struct module_list {
    uint32_t count;
    struct module modules[]; /* loaded ones, sorted by low */
};

struct module_state {
    _Atomic(const struct module_list *) loaded; /* published with release */
    _Atomic uint32_t epoch;                     /* grows when addresses change their meaning */
    _Atomic uint32_t gate;                      /* > 0: an unload is under way; captures take the leaf only */
    _Atomic uint64_t gated;                     /* captures that met the gate */
    _Atomic uint32_t rules_generation; /* grows, behind the gate, with each unload: all rules are forgotten */
    const _Atomic uint32_t *opens;     /* calls that load, counted as they begin; NULL: none counted */
    _Atomic uint32_t opens_seen;       /* of them, those whose objects `loaded` has */
};

/* The epoch of a stack taken now: the next one while `loaded` lacks what was loaded last, which may lie where
 * other code lay. Signal-safe, lock-free. */
static inline uint32_t module_epoch(const struct module_state *state)
{
    /* Acquire: the epoch is no older than the list that has them. */
    uint32_t seen = atomic_load_explicit(&state->opens_seen, memory_order_acquire);
    bool is_behind = state->opens && atomic_load_explicit(state->opens, memory_order_relaxed) != seen;
    return atomic_load_explicit(&state->epoch, memory_order_relaxed) + is_behind;
}

/* The loaded module whose code holds pc, or NULL. Signal-safe, lock-free. */
const struct module *module_find(const struct module_state *state, uint64_t pc);

/* Asks the dynamic loader for the object whose code holds pc: one loaded since the list was read. Fills what
 * unwind rules need, and true; or false. Signal-safe, lock-free. */
bool module_ask_loader(uint64_t pc, struct module *ret);

/* Marks the thread as reading module tables. False when the gate is shut: take the leaf alone (counted); no
 * module_leave is due then. Signal-safe; nests within a thread. */
bool module_enter(struct module_state *state, struct thread_slot *slot);
void module_leave(struct thread_slot *slot);

#endif
