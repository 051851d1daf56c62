/* One thread as it is now: what exporters may know of it. */
#ifndef PREFLAME_PIPELINE_THREAD_VIEW_H
#define PREFLAME_PIPELINE_THREAD_VIEW_H

#include <stdbool.h>
#include <stdint.h>

struct thread_view {
    int32_t tid;
    int32_t holder_tid; /* of the lock it waits for, or the thread it joins; 0 = not known */
    char name[16];
    char target[64]; /* what the descriptor is that it waits for, "" when it waits for none */
    char state[24];  /* "running", a wait_reason's name, "syscall", or "sleeping" */
    bool is_waiting;
    uint32_t reason;   /* enum wait_reason, if it waits for what a hook told */
    int64_t waited_ns; /* -1 = not known */
    uint64_t object;   /* what it waits for: address, descriptor or pid; or the system call's number */
    uint32_t stack;    /* number in the dictionary, 0 = none */
};

#endif
