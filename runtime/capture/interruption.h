/* What our signal does to the system call that it meets: nothing that the program could tell from what its
 * own signals do. */
#ifndef PREFLAME_CAPTURE_INTERRUPTION_H
#define PREFLAME_CAPTURE_INTERRUPTION_H

#include <ucontext.h>

/* Between a hook's frame and libc's system call lies less than this; between it and one that a handler makes
 * lies the frame of a signal, which is larger. */
#define CALL_FRAMES_BYTES 1024

/* Last in the handler, with every signal masked. If a system call of libc's ended early here because of our
 * signal, and of none that the program handles, thread_self.interrupted_sp becomes its stack pointer: who
 * made the call may go on with it. Where nobody asks for that, since the call began before our signals or
 * libc made it for itself, it runs again from its start instead, with its whole timeout where that is
 * relative. If one is about to be restarted, but a signal is due whose handler asked for EINTR, it ends with
 * EINTR. Signal-safe. */
void interruption_settle(ucontext_t *context);

#endif
