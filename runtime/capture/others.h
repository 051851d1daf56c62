/* The stacks of other threads: of those that wait, from what they left in their slots; of those that run, by
 * asking them. */
#ifndef PREFLAME_CAPTURE_OTHERS_H
#define PREFLAME_CAPTURE_OTHERS_H

#include "capture/state.h"

#include <stdbool.h>
#include <stdint.h>

/* All run in a thread of preflame's that has a slot; none is signal-safe but others_wait and others_answer.
 */

/* What the thread waits for now. The wait's number, or 0 when it doesn't wait. Any thread. */
uint32_t others_wait(struct thread_slot *slot, struct wait_state *ret);

/* What the thread waits for now, and the number of its stack (0 = none). False when it doesn't wait, or not
 * any more after the walk: then *ret is of no use. Loads go through the kernel, since the thread may go on
 * meanwhile. */
bool others_waiting(struct thread_slot *slot, struct wait_state *ret, uint32_t *ret_stack);
/* The stack from a place outwards, 0 = none. The same holds for the loads. */
uint32_t others_stack(const struct place *place);
/* Asks the thread to note its stack, by our signal; the handler must be installed. The number to wait for, or
 * 0 when it can't be asked. */
uint32_t others_ask(struct thread_slot *slot);
/* Has it answered? Its stack then. */
bool others_answered(struct thread_slot *slot, uint32_t number, uint32_t *ret_stack);
/* The asked thread's part, in its handler: `stack` is what was interrupted. Signal-safe. */
void others_answer(struct thread_slot *slot, uint32_t stack);

#endif
