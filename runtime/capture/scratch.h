/* Where a walk works: a handler may find a stack of a few kilobytes, so nothing large lies on it. Scratches
 * are shared by all threads: a process needs as many as walk at a time. */
#ifndef PREFLAME_CAPTURE_SCRATCH_H
#define PREFLAME_CAPTURE_SCRATCH_H

#include "capture/stacks.h"

#include <stdatomic.h>
#include <stdint.h>

#define HANDLER_STACK_BYTES 8192 /* a sample takes 2.5 kB of it, 1 kB of which is the trace provider's */
#define SCRATCHES 2048           /* a power of two */
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

/* Rules of the pcs that the scratch's walks met last, each in one place: a walk now and then would find the
 * shared table in no cache, line by line and page by page. */
#define NEAR_RULES 64 /* a power of two */
struct near_rules {
    uint32_t generation; /* of all rules, when these were read */
    struct {
        uint64_t pc, rule; /* packed; 0 = none */
    } slots[NEAR_RULES];
};

/* What most walks touch comes first. */
struct walk_scratch {
    struct cfi_scratch cfi;
    struct near_rules near;
    uint64_t frames[STACK_FRAMES_MAX]; /* the stack under way */
    struct stack_window stack;
};

/* Which scratch a thread has taken for one purpose, if it is that one's owner. */
struct scratch_hold {
    _Atomic(struct scratch *) scratch;
};

struct scratch {
    _Alignas(64) _Atomic(const struct scratch_hold *) owner; /* NULL = free */
    struct walk_scratch walk;
    _Alignas(16) uint8_t handler_stack[HANDLER_STACK_BYTES];
};

/* 32 MB of address space, touched as more threads walk at a time. */
struct scratch_table {
    _Atomic uint64_t refused; /* walks that found none free */
    struct scratch scratches[SCRATCHES];
};

/* A scratch for the thread whose `hold` it is, or NULL when all are taken (counted). The one that it holds
 * already, if a jump tore it away from a walk. Signal-safe, lock-free. */
struct scratch *scratch_take(struct scratch_table *table, struct scratch_hold *hold);
/* Gives back what is held, if anything is. Signal-safe. Any thread, when the hold's own does nothing. */
void scratch_give(struct scratch_hold *hold);

#endif
