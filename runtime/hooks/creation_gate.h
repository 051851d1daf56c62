/* Threads being created, and forks. */
#ifndef PREFLAME_HOOKS_CREATION_GATE_H
#define PREFLAME_HOOKS_CREATION_GATE_H

/* Around a fork while a trace provider is loaded: no other thread is in the middle of creating one. Waits for
 * those, a tenth of a second at most. */
void creation_gate_hold(void);
void creation_gate_release(void);
/* Around libc's creation of a thread. Counts itself in; steps back while a fork goes on, unless that waits
 * for this very thread. */
void creation_gate_begin(void);
void creation_gate_end(void);
/* In a forked child: whoever was creating stayed behind. Signal-safe. */
void creation_gate_forget(void);

#endif
