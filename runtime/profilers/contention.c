/* The sets: found by the object's hash, entered through a flag that is given up on rather than waited for
 * long. */
#include "profilers/contention.h"

#include "capture/state.h"

#include <stddef.h>
#include <string.h>

#define SPINS 2000 /* a set is held for some ten instructions, unless its holder was preempted there */

struct contention_set contention_sets[CONTENTION_SETS];

static bool enter(struct contention_set *set)
{
    for (unsigned i = 0; i < SPINS; i++) {
        /* Acquire: sees what the last thread in the set wrote. */
        if (!atomic_load_explicit(&set->busy, memory_order_relaxed) &&
            !atomic_exchange_explicit(&set->busy, 1, memory_order_acquire))
            return true;
        __builtin_ia32_pause();
    }
    atomic_fetch_add_explicit(&capture.waits_missed, 1, memory_order_relaxed);
    return false;
}

static void leave(struct contention_set *set)
{
    atomic_store_explicit(&set->busy, 0, memory_order_release);
}

static struct contended *find(struct contention_set *set, uintptr_t object)
{
    for (unsigned i = 0; i < CONTENTION_WAYS; i++) {
        if (set->ways[i].object == object)
            return &set->ways[i];
    }
    return NULL;
}

static void accrue(struct contended *contended, int64_t now_ns)
{
    /* Clocks of two threads may be read in another order than they come here. */
    if (now_ns > contended->last_ns) {
        contended->accrued_ns += (now_ns - contended->last_ns) * contended->waiters;
        contended->last_ns = now_ns;
    }
}

bool contention_join(const void *object, int64_t now_ns, uint32_t stack)
{
    struct contention_set *set = contention_set_of(object);
    atomic_fetch_add_explicit(&set->waiting, 1, memory_order_relaxed);
    if (!enter(set))
        return false;
    struct contended *contended = find(set, (uintptr_t)object);
    if (contended) {
        accrue(contended, now_ns);
    } else if ((contended = find(set, 0))) {
        *contended = (struct contended){.object = (uintptr_t)object, .last_ns = now_ns};
    } else {
        leave(set);
        atomic_fetch_add_explicit(&capture.waits_missed, 1, memory_order_relaxed);
        return false;
    }
    contended->waiters++;
    contended->waiter_stack = stack;
    leave(set);
    return true;
}

void contention_leave(const void *object, bool is_known, int64_t now_ns, struct contention_end *ret)
{
    struct contention_set *set = contention_set_of(object);
    *ret = (struct contention_end){0};
    atomic_fetch_sub_explicit(&set->waiting, 1, memory_order_relaxed);
    if (!is_known)
        return;
    while (!enter(set)) /* a waiter must not stay for ever */
        ;
    struct contended *contended = find(set, (uintptr_t)object);
    if (contended) {
        accrue(contended, now_ns);
        *ret = (struct contention_end){.unseen_ns = contended->accrued_ns,
                                       .release_stack = contended->release_stack,
                                       .release_tid = contended->release_tid};
        contended->accrued_ns = 0;
        if (--contended->waiters == 0)
            contended->object = 0;
    }
    leave(set);
}

bool contention_release(const void *object, int64_t now_ns, struct contention_release *ret)
{
    struct contention_set *set = contention_set_of(object);
    if (!enter(set))
        return false;
    struct contended *contended = find(set, (uintptr_t)object);
    if (contended) {
        accrue(contended, now_ns);
        *ret = (struct contention_release){.waited_ns = contended->accrued_ns,
                                           .waiters = contended->waiters,
                                           .waiter_stack = contended->waiter_stack};
        contended->accrued_ns = 0;
        contended->release_stack = 0;
        contended->release_tid = 0;
    }
    leave(set);
    return contended;
}

void contention_release_by(const void *object, uint32_t stack, int32_t tid)
{
    struct contention_set *set = contention_set_of(object);
    if (!enter(set))
        return;
    struct contended *contended = find(set, (uintptr_t)object);
    if (contended) {
        contended->release_stack = stack;
        contended->release_tid = tid;
    }
    leave(set);
}

void contention_forget(void)
{
    memset(contention_sets, 0, sizeof(contention_sets));
}
