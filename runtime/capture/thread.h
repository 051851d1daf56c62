/* Thread slots: what the process knows about each of its threads, and each thread's own state. */
#ifndef PREFLAME_CAPTURE_THREAD_H
#define PREFLAME_CAPTURE_THREAD_H

#include "base/compiler.h"
#include "capture/ring.h"
#include "capture/scratch.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define THREAD_SLOTS 8192 /* threads that can be known at once; the others run unprofiled and are counted */

enum slot_state { SLOT_FREE, SLOT_LIVE, SLOT_EXITED };
enum timer_state { TIMER_NONE, TIMER_CREATING, TIMER_ARMED, TIMER_CLOSED /* its thread has ended */ };

/* Where a thread is in the code: the state of its caller when the call it is in has returned. */
struct place {
    uint64_t pc, sp, bp;
};

/* What a thread waits for now. Its thread writes between two changes of `sequence`; others copy it and look
 * whether the number stood still. */
struct wait_state {
    _Atomic uint32_t sequence; /* odd: it waits */
    uint32_t reason;           /* enum wait_reason, or WAIT_READS and WAIT_WRITES */
    uint64_t object;
    int64_t since_ns; /* CLOCK_MONOTONIC */
    struct place place;
    _Atomic uint32_t woken; /* the `sequence` of a wait whose end by another thread has been told */
};

/* One thread, in the shared table. Written by its thread unless said otherwise. */
struct thread_slot {
    _Atomic uint32_t state;     /* enum slot_state */
    _Atomic uint32_t next_free; /* free list: index + 1 */
    _Atomic uint32_t holders;   /* its thread, and its creator until it has looked at it */
    _Atomic int32_t tid;
    _Atomic uint32_t in_capture; /* published before module tables are read: dlclose waits for it */
    /* enum timer_state, and in the high half the timer's id: one word, so that nobody takes one timer's state
     * for another's. Whoever moves NONE to CREATING owns the next step. */
    _Atomic uint64_t timer;
    bool is_timer_refused; /* and counted */
    int64_t armed_cpu_ns,
        first_tick_ns;        /* the thread's CPU time when its timer began; the first tick, from there */
    _Atomic uint32_t armings; /* how often it was set going */
    uint32_t counted_arming;  /* the one of which `ticks_counted` tells */
    uint64_t ticks_counted;   /* periods that samples stood for since it was set going */
    bool is_internal;         /* a thread of preflame's or of its libraries: never sampled, never traced */
    int32_t parent_tid;
    void *(*start)(void *); /* what the program asked the thread to run, and with what */
    int (*start_c11)(void *);
    void *start_argument;
    bool is_foreign;                 /* claimed by the handler of a thread whose start nobody saw */
    _Atomic uint64_t pthread;        /* 0 until the thread begins */
    uintptr_t stack_low, stack_high; /* 0,0 = unknown: loads go through the kernel */
    char name[16];
    struct wait_state wait;
    _Atomic uint32_t asked, answered; /* questions for its stack, by number (capture/others.h) */
    uint32_t answered_stack;
    /* The handler may interrupt a hook: each has its own. */
    struct scratch_hold in_handler, in_hook;
    struct ring ring;
};

/* Who may run with this thread's memory, TLS included, beside or instead of it. */
enum kin {
    KIN_NONE,
    KIN_VFORK, /* a child of vfork, until the parent is seen again: it sleeps meanwhile */
    KIN_CLONE, /* children of clone(CLONE_VM): both may run, for ever */
};

/* The thread's own state. */
struct thread_self {
    struct thread_slot *slot;
    int32_t tid;
    uint32_t guard;          /* > 0: inside preflame; hooks pass straight through */
    uint64_t interrupted_sp; /* the stack pointer at the last system call that our signal alone ended early */
    uint64_t watched_call;   /* where the frame of the last call lies that asks for it */
    uint32_t samples_taken;  /* our signals handled: one in so many is timed */
    uint64_t plain_call; /* the libc function that a hook stands in for by a plain system call now, or 0 */
    bool is_internal;    /* a thread of preflame's or of its libraries, or one that has ended */
    bool is_ended;       /* the program's, and only its destructors of thread-specific data run */
    bool is_resolving;   /* looks for the real allocator */
    bool is_trace_ready; /* sink->thread_init was called */
    uint32_t labels;     /* number of the label set, 0 = none */
    uint8_t wait_streak; /* calls in a row that hardly waited */
    uint8_t wait_skip;   /* calls to come that aren't timed */
    uint8_t wait_weight; /* calls that a timed one stands for; 0 = 1 */
    uint64_t random;     /* of every profile's sampling; 0 = not begun */
    uint64_t heap_left;  /* bytes until the next heap sample; 0 = the next allocation asks */
    uint32_t io_tried;   /* bit by wait reason (its low five bits): a call for I/O was timed */
    uint32_t io_slow;    /* likewise: and the last one was slow */
    uint8_t kin;         /* enum kin: which of two processes that share this memory is it? */
    bool is_forking;     /* inside libc's fork */
    uint32_t locks_held; /* the runtime's, one bit a rank (base/lock_rank.h) */
};

extern __thread struct thread_self thread_self __attribute__((tls_model("initial-exec")));

struct thread_table {
    _Atomic uint64_t free_head;  /* ABA tag in the high half, index + 1 in the low */
    _Atomic uint32_t high_water; /* slots ever used: readers stop there */
    _Atomic uint64_t refused;    /* threads that found no slot */
    uint32_t slot_limit;         /* fewer may be used than there are; 0 = all. Set at the start */
    struct thread_slot slots[THREAD_SLOTS];
    struct record records[THREAD_SLOTS][RING_RECORDS]; /* of the slots' rings */
};

/* A free slot, marked LIVE with an empty ring, or NULL (counted; and then it sweeps at times). Signal-safe.
 * Any thread. */
struct thread_slot *thread_slot_take(struct thread_table *table);
/* Keeps the slot from others until one more thread_slot_leave. Whoever holds it already may call.
 * Signal-safe. */
void thread_slot_hold(struct thread_slot *slot);
/* The last holder gives the slot back: FREE when its ring is empty, EXITED (the drain frees it) otherwise.
 * Signal-safe. */
void thread_slot_leave(struct thread_table *table, struct thread_slot *slot);
/* Frees the slots of threads whose end nobody tells: foreign ones that are gone, once they have no timer. How
 * many. Signal-safe. Any thread. */
uint32_t thread_slots_sweep(struct thread_table *table);
/* Frees an EXITED slot whose ring has been emptied. Drain only. */
void thread_slot_reap(struct thread_table *table, struct thread_slot *slot);
/* The function that the program asked the thread to run, 0 for its first one. Signal-safe. */
static inline uint64_t thread_slot_entry(const struct thread_slot *slot)
{
    return slot->start ? (uint64_t)(uintptr_t)slot->start : (uint64_t)(uintptr_t)slot->start_c11;
}
/* The live slot of `tid`, or NULL. Linear; not for hot paths. Signal-safe. */
struct thread_slot *thread_slot_find(struct thread_table *table, int32_t tid);

#endif
