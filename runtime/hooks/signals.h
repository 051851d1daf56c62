/* Our signal's handler, and the fatal signals that preflame owns; all other signals are the program's alone.
 */
#ifndef PREFLAME_HOOKS_SIGNALS_H
#define PREFLAME_HOOKS_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

/* Installs the sampling handler before glibc's own for that number; to be called when a thread has been
 * created already, else glibc replaces it when one is. Idempotent. False: there is no handler, and the signal
 * would end the process. */
bool signals_install_sampler(void);
/* Puts it back if it was replaced, and follows a program that begins to run goroutines. Nothing before the
 * installation. Is our handler there? Signal-safe. */
bool signals_keep_sampler(void);

/* From now on the signals of `numbers` (0-terminated) run `on_fatal` when the program leaves them at their
 * default, which would end the process; then they end it. The program sees SIG_DFL. */
void signals_own_fatal(const int *numbers, void (*on_fatal)(void));

/* Keeps our signal from the calling thread (errno kept), and lets it through again: around calls that would
 * begin anew at every signal. Signal-safe. */
void signals_hold(uint64_t *ret_before);
void signals_release(const uint64_t *before);

#endif
