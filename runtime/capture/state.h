/* The shared state of the process: made by boot in the preload, read by the engine, used by every capture. */
#ifndef PREFLAME_CAPTURE_STATE_H
#define PREFLAME_CAPTURE_STATE_H

#include "base/sink.h"
#include "capture/buckets.h"
#include "capture/cost.h"
#include "capture/labels.h"
#include "capture/live.h"
#include "capture/modules.h"
#include "capture/rules.h"
#include "capture/stacks.h"
#include "capture/thread.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What hooks have to do besides the call; HOOK_IDLE alone = nothing, the state that must cost nothing. */
enum hook_reason {
    HOOK_TRACE = 1,  /* a trace provider listens */
    HOOK_SAMPLE = 2, /* our signal is in the air: EINTR may be ours */
    HOOK_SETTLE = 4, /* there is work for a thread that waits: a forked child's, or what boot was asked for */
    HOOK_WAITS = 8,  /* waits are counted: the block, mutex, syscall and io profiles */
    HOOK_ASK = 32,   /* running threads are asked where they are: likewise */
    HOOK_IDLE = 16,  /* always, but before boot and in a copy of the process that nobody told of itself */
};

/* Who has used so much CPU time since hooks began to watch has left the call that it was about to make. */
#define HOOK_ENTRY_NS 500000

#define STATE_PAGE_BYTES 4096

/* The CPU profiler's part: written by profilers/cpu, read by the handler. */
struct sampling {
    _Atomic uint32_t is_active;
    _Atomic uint32_t is_recorded; /* samples go to the rings (a profile runs), not only to the sink */
    _Atomic int64_t period_ns;
    _Atomic uint64_t refused_timers;
    _Atomic uint64_t unready; /* samples missing in the trace: their thread hadn't entered the provider */
    _Atomic uint64_t late;    /* our signals that came after the stop */
};

struct capture_state {
    /* enum hook_reason bits; the one word that hot paths load. Alone on its page, which the kernel wipes in
     * every copy of the process, however it was made: 0 there says that this state is another process'. */
    _Alignas(STATE_PAGE_BYTES) _Atomic uint32_t hooks_active;
    _Alignas(STATE_PAGE_BYTES) _Atomic int32_t pid; /* of the process that this state describes */
    _Atomic uint32_t is_sealed; /* the program may do less from now on: we do nothing more (hooks/seal.c) */
    _Atomic(const struct sink *) sink;
    _Atomic uint32_t session; /* trace session number: grows at each session start */
    _Atomic uint32_t traces_samples;
    _Atomic uint32_t trace_asked_s; /* futex: CLOCK_MONOTONIC's second in which a trace was last asked for */
    _Atomic uint64_t waits_missed;  /* waits that the table of contended objects had no room or time for */
    _Atomic uint64_t truncated, failed; /* walks that ended early, by why */
    _Atomic uint64_t lock_inversions;   /* locks of ours that were taken in a wrong order */
    uint64_t own_low, own_high;         /* the preload's code */
    uint64_t plain_low, plain_high;     /* libc's syscall(), through which hooks make plain calls */
    uint64_t libc_low, libc_high;       /* libc's code */
    uintptr_t cookie;                   /* si_value of our signals */
    struct sampling sampling;
    struct handler_cost handler_cost;
    struct module_state modules;
    struct rule_table *rules;
    struct stack_table *stacks;
    struct bucket_table *buckets;
    struct label_table *labels;
    struct live_table *live;
    struct thread_table *threads;
    struct scratch_table *scratches;
};

extern struct capture_state capture;

#endif
