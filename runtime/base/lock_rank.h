/* Every lock of the runtime, by rank: whoever holds one may only take those below it in this list. Each is
 * noted when it is taken, in a word of the thread's own, so that a wrong order is told the first time it
 * happens and not when two threads meet in it.
 *
 * Handlers take none of them, nor do hooks, but for these:
 *   dlclose and loader_refresh take the loader's, then writer_lock, one after the other; dlclose's gate
 * (capture/modules.h) is no lock: it waits for captures, which never wait. The fork handlers take load_lock,
 * and the provider's under it, before the fork, and give them back after it. A constructor that forks holds
 * the loader's meanwhile, where the order is the other way round: hence a fork waits for load_lock for a time
 * only (boot/trace.c). Hooks of exec and of the ways out have the keeper write, which takes control_lock and
 * below. They themselves wait for it, bounded; where no keeper could be started they take control_lock and
 * below instead of it. The first wait in a forked child starts its endpoints, and takes ready_lock. The
 * functions of preflame.h take program_lock, control_lock and below, or trace_lock alone. In a forked child
 * all are made anew. scripts/check_layers.py holds that no lock is missing here. */
#ifndef PREFLAME_BASE_LOCK_RANK_H
#define PREFLAME_BASE_LOCK_RANK_H

#include <stdbool.h>
#include <stdint.h>

/*    rank           lock (where)                             what it protects */
#define LOCK_RANKS(RANK)                                                                                     \
    RANK(PROGRAM, "program_lock")   /* boot/program_profile.c: the program's own CPU profile, to its file */ \
    RANK(TRACE, "trace_lock")       /* boot/program_trace.c: how far the program's own trace is */           \
    RANK(LOAD, "load_lock")         /* boot/trace.c: loading a provider against forking */                   \
    RANK(CONTROL, "control_lock")   /* boot/control.c: who profiles; starting and stopping */                \
    RANK(PIPELINE, "pipeline_lock") /* pipeline/drain.c: rings' reading side, totals */                      \
    RANK(LOADER, "the loader's")    /* the C library's list of objects */                                    \
    RANK(PROVIDER, "the provider's") /* the trace provider's sessions, buffers, descriptors */               \
    RANK(WRITER, "writer_lock")      /* hooks/module_list.c: the module snapshot, its history; spins */      \
    RANK(READY, "ready_lock")        /* boot/services.c: what became of the endpoints */                     \
    RANK(ASK, "ask_lock")            /* pipeline/threads.c: that one reader asks running threads */

enum lock_rank {
#define RANK(name, text) LOCK_RANK_##name,
    LOCK_RANKS(RANK)
#undef RANK
};

/* Notes in `held`, one bit a rank, that its thread takes this lock. False: it holds one that comes after it,
 * or this one. Signal-safe. */
static inline bool lock_rank_take(uint32_t *held, enum lock_rank rank)
{
    bool is_ordered = *held >> rank == 0;
    *held |= 1U << rank;
    return is_ordered;
}

/* Signal-safe. */
static inline void lock_rank_leave(uint32_t *held, enum lock_rank rank)
{
    *held &= ~(1U << rank);
}

/* What the list calls the lock. Signal-safe. */
static inline const char *lock_rank_name(enum lock_rank rank)
{
    static const char *const names[] = {
#define RANK(name, text) text,
        LOCK_RANKS(RANK)
#undef RANK
    };
    return names[rank];
}

#endif
