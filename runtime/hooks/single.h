/* Giving a program of one thread back what our own threads cost it.
 *
 * glibc's system calls that are cancellation points are cheap only while the process has one thread: with a
 * second one, even an internal one of ours, each pays two locked instructions (34 ns measured on a write of
 * 104 ns). Only itself can cancel the only thread of a program, so until the program starts a second one, or
 * cancels, our hooks make the plain call. */
#ifndef PREFLAME_HOOKS_SINGLE_H
#define PREFLAME_HOOKS_SINGLE_H

#include "base/compiler.h"

#include <stdatomic.h>
#include <stdbool.h>

extern atomic_bool program_is_single;

static inline bool single_thread(void)
{
    return atomic_load_explicit(&program_is_single, memory_order_relaxed);
}

/* Asks libc, before any thread of ours exists. Boot-only. */
void single_init(void);
/* The program is about to start a thread, or to cancel one. */
static inline void single_no_more(void)
{
    atomic_store_explicit(&program_is_single, false, memory_order_relaxed);
}

#endif
