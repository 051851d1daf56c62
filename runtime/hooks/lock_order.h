/* In which order the target's threads take the runtime's locks (base/lock_rank.h): the preload's half, and
 * the words that the engine's half shares. */
#ifndef PREFLAME_HOOKS_LOCK_ORDER_H
#define PREFLAME_HOOKS_LOCK_ORDER_H

#include "base/lock_rank.h"

/* The calling thread's word of held locks. Signal-safe. */
uint32_t *lock_order_held(void);
/* Counts, and says at level info, that `taken` was taken while its thread held those of `held`. Signal-safe.
 */
void lock_order_tell(enum lock_rank taken, uint32_t held);
/* Notes a lock before it is taken, and tells of a wrong order; and after it was given back. Signal-safe. */
void lock_order_note(enum lock_rank rank);
void lock_order_note_end(enum lock_rank rank);

#endif
