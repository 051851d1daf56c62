/* Noting locks in the thread's state, and telling of a wrong order. */
#include "hooks/lock_order.h"

#include "base/log.h"
#include "capture/capture.h"

uint32_t *lock_order_held(void)
{
    return &thread_self.locks_held;
}

/* One line, by the lock that comes last of those held: it is the one that should have come after. */
void lock_order_tell(enum lock_rank taken, uint32_t held)
{
    atomic_fetch_add_explicit(&capture.lock_inversions, 1, memory_order_relaxed);
    enum lock_rank last = (enum lock_rank)(31 - __builtin_clz(held));
    log_line(LOG_INFO, "lock order: %s is taken under %s", lock_rank_name(taken), lock_rank_name(last));
}

void lock_order_note(enum lock_rank rank)
{
    uint32_t before = thread_self.locks_held;
    if (!lock_rank_take(&thread_self.locks_held, rank))
        lock_order_tell(rank, before);
}

void lock_order_note_end(enum lock_rank rank)
{
    lock_rank_leave(&thread_self.locks_held, rank);
}
