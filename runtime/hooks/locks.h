/* What locks and conditions share. */
#ifndef PREFLAME_HOOKS_LOCKS_H
#define PREFLAME_HOOKS_LOCKS_H

/* Records that the caller is about to wake whoever waits for `object`, if a trace runs and somebody does.
 * Keeps errno. Not signal-safe. */
void locks_wake(unsigned reason, const void *object);

#endif
