/* Where a walk works: a handler may find a stack of a few kilobytes, so nothing large lies on it. */
#ifndef PREFLAME_CAPTURE_SCRATCH_H
#define PREFLAME_CAPTURE_SCRATCH_H

#include "capture/stacks.h"

#include <stdint.h>

#define HANDLER_STACK_BYTES 8192 /* a sample takes 2.5 kB of it, 1 kB of which is the trace provider's */
#define WINDOW_BYTES 1024        /* a power of two that divides a page */

/* The last block read of a stack whose bounds nobody knows. */
struct stack_window {
    uint64_t low; /* address of the first byte */
    uint32_t is_filled;
    uint32_t fills; /* system calls of this walk so far */
    uint64_t words[WINDOW_BYTES / 8];
};

/* What unwind tables are read into. */
struct cfi_scratch {
    uint64_t program[80]; /* a struct program, private to cfi*.c */
    int32_t table[WINDOW_BYTES / 4];
    uint8_t cie[256];
    uint8_t fde[512];
};

/* What most walks touch comes first. */
struct walk_scratch {
    struct cfi_scratch cfi;
    uint64_t frames[STACK_FRAMES_MAX]; /* the stack under way */
    struct stack_window stack;
};

#endif
