/* A stack of this thread as a number in the dictionary: what hooks and the handler call. */
#ifndef PREFLAME_CAPTURE_CAPTURE_H
#define PREFLAME_CAPTURE_CAPTURE_H

#include "capture/state.h"

#include <stdint.h>
#include <ucontext.h>

/* The stack of the caller's caller outwards, without preflame's own frames. 0 when the dictionary is full or
 * the thread has no slot. Hook-safe. Costs loads only once the code on the stack has been seen. */
uint32_t capture_here(void);

/* The stack that a signal interrupted. The slot's `in_handler` stays held. Signal-safe. */
uint32_t capture_interrupted(const ucontext_t *context);

/* A stack of one marker below one function, or with 0 of either alone: for what has no stack, or whose stack
 * nobody saw. Signal-safe. */
uint32_t capture_marked(uint64_t marker, uint64_t function);

/* Sends the stack's dictionary entry to the sink if this trace session hasn't had it. `stack` is 0 or what
 * one of the above gave a thread of the process. Hook-safe. */
void capture_send_stack(const struct sink *sink, uint32_t stack);
/* The same in our signal's handler; `in_handler` stays held. Signal-safe. */
void capture_send_interrupted(const struct sink *sink, uint32_t stack);

/* Adds what this thread knows of itself to a fresh slot, or makes one for a thread whose start nobody saw.
 * May return NULL. Signal-safe. */
struct thread_slot *capture_slot(void);

#endif
