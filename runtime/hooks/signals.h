/* The program's view of signals, kept whole beside ours. */
#ifndef PREFLAME_HOOKS_SIGNALS_H
#define PREFLAME_HOOKS_SIGNALS_H

#include <signal.h>

/* Installs the sampling handler; what the program had there becomes its stored view. Idempotent. */
void signals_install_sampler(void);

/* From now on the signals of `numbers` (0-terminated) run `on_fatal` when the program leaves them at their
 * default, which would end the process; then they end it. The program sees SIG_DFL. */
void signals_own_fatal(const int *numbers, void (*on_fatal)(void));

/* Keeps our signal from the calling thread (errno kept), and lets it through again: around calls that the
 * kernel restarts for ever under a storm of signals. Signal-safe. */
void signals_hold(sigset_t *ret_before);
void signals_release(const sigset_t *before);

#endif
