/* Markers that stand in a stack where no pc can: below any address of a program. One row a marker. */
#ifndef PREFLAME_BASE_MARKER_H
#define PREFLAME_BASE_MARKER_H

/* X(SYMBOL, value, "name as users see it") */
#define MARKERS(X)                                                                                           \
    X(TRUNCATED, 1, "[truncated]")         /* more frames than we keep */                                    \
    X(UNWIND_FAILED, 2, "[unwind_failed]") /* no unwind data, or a senseless stack, before the outermost */  \
    X(GATED, 3, "[unloading]")             /* taken while an object was being unloaded: leaf only */         \
    X(STACKS_FULL, 4, "[stacks_full]")     /* the stack dictionary is full */                                \
    X(THREAD_ENDED, 5, "[thread_ended]")   /* time between a thread's last sample and its end */             \
    X(OTHER_SIDE, 6, "--")                 /* between a waiter's stack and that of who ended the wait */     \
    X(RELEASE_UNSEEN, 7, "[release_unseen]") /* who released a lock did it where no hook saw it */           \
    X(NO_STACK, 8, "[no_stack]")             /* a thread whose stack could not be had */

enum marker {
#define MARKER_ENUM(symbol, value, name) PC_##symbol = (value),
    MARKERS(MARKER_ENUM)
#undef MARKER_ENUM
};

#define PC_MARKERS 16 /* every pc below is a marker */

#endif
