/* Reasons to wait, put together as Go's trace tool does: its profiles are named after them. */
#ifndef PREFLAME_VIEWER_WAIT_CLASS_H
#define PREFLAME_VIEWER_WAIT_CLASS_H

#include "base/wait.h"

#include <stdint.h>

enum wait_class {
    WAIT_CLASS_OTHER,
    WAIT_CLASS_SLEEP,
    WAIT_CLASS_SYNC, /* for another thread: locks and the like */
    WAIT_CLASS_COND, /* the same, for a condition: Go counts both as sync */
    WAIT_CLASS_NET,
    WAIT_CLASS_SYSCALL, /* what Go's runtime leaves to the kernel */
};

static inline enum wait_class wait_class_of(uint32_t reason)
{
    switch (reason) {
    case WAIT_OTHER:
        return WAIT_CLASS_OTHER;
    case WAIT_SLEEP:
        return WAIT_CLASS_SLEEP;
    case WAIT_COND:
        return WAIT_CLASS_COND;
    case WAIT_NET_READ:
    case WAIT_NET_WRITE:
    case WAIT_ACCEPT:
    case WAIT_CONNECT:
    case WAIT_POLL:
    case WAIT_PIPE:
        return WAIT_CLASS_NET;
    case WAIT_FILE_IO:
    case WAIT_FSYNC:
    case WAIT_WAIT_CHILD:
    case WAIT_SIGNAL:
    case WAIT_FLOCK:
        return WAIT_CLASS_SYSCALL;
    default:
        return WAIT_CLASS_SYNC;
    }
}

#endif
