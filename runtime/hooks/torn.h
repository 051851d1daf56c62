/* Leaving the middle of preflame for good. */
#ifndef PREFLAME_HOOKS_TORN_H
#define PREFLAME_HOOKS_TORN_H

/* The calling thread is about to leave, without a return, whatever it was in the middle of: nothing of ours
 * may stay as it is. Signal-safe. */
__attribute__((visibility("hidden"))) void hooks_were_torn(void);

#endif
