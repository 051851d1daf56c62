/* What the calls_* programs share: a transcript on stdout, blocked threads to disturb, and rows that say what
 * to try. */
#ifndef PREFLAME_TESTS_TRANSCRIPT_H
#define PREFLAME_TESTS_TRANSCRIPT_H

#include "base/compiler.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* A call under test. `where` is a descriptor or whatever else the row's makers hand out. -1 with errno, or a
 * result. */
typedef long (*call_fn)(int where);
/* Makes the place of one scenario and returns it. */
typedef int (*place_fn)(void);

enum {
    CALL_IS_INTERRUPTED = 1, /* `blocked` ends with EINTR when a handler without SA_RESTART ran */
    CALL_IS_CANCELLED = 2,   /* a POSIX cancellation point, blocked or pending */
};

/* One interposed call and the places where it succeeds, fails and blocks; NULL: the scenario is left out. */
struct call_row {
    const char *name;
    call_fn call;
    place_fn ready;
    place_fn bad;
    place_fn blocked;
    void (*release)(void); /* undoes what the place_fn made; may be NULL */
    unsigned flags;
};

/* Installs the SIGUSR1 handler (no SA_RESTART) and a deadline of 60 s after which SIGALRM ends the program.
 */
void transcript_begin(void);
/* Writes one line to stdout by a plain system call: nothing under test is used to report on it. Any thread.
 */
void transcript_line(const char *format, ...) PRINTF_LIKE(1, 2);
/* "name scenario = result ERRNO". Errno is named only when the result is -1. */
void transcript_result(const char *name, const char *scenario, long result, int error);
/* Evaluates a call and reports it with the errno that it left (a function's arguments have no order). */
#define TRANSCRIPT_CALL(name, scenario, expression)                                                          \
    do {                                                                                                     \
        errno = 0;                                                                                           \
        long call_result_ = (long)(expression);                                                              \
        transcript_result(name, scenario, call_result_, errno);                                              \
    } while (0)
/* Tries every row in all its scenarios. */
void transcript_rows(const struct call_row *rows, size_t count);

/* A thread that is inside `call(where)`. */
struct blocked_thread {
    pthread_t thread;
    call_fn call;
    int where;
    int signal;             /* what blocked_interrupt sends; 0: SIGUSR1 */
    bool is_cancel_pending; /* cancel itself before the call */
    bool is_asynchronous;   /* may be cancelled anywhere */
    int error;
    long result;
    atomic_int tid;
    atomic_bool is_done;
    atomic_bool has_cleaned; /* the cleanup handler ran */
};

/* Starts the thread; the caller sets the fields up to `is_asynchronous` before and zeroes the rest. */
void blocked_start(struct blocked_thread *b);
/* Waits until the thread sleeps in the kernel or is done. False after 10 s. */
bool blocked_until_asleep(struct blocked_thread *b);
/* Sends its signal to the sleeping thread until its call is over, then joins it. */
void blocked_interrupt(struct blocked_thread *b);
/* Cancels the sleeping thread and joins it. True when it ended as PTHREAD_CANCELED. */
bool blocked_cancel(struct blocked_thread *b);
/* Joins the thread and returns whether it was cancelled. */
bool blocked_join(struct blocked_thread *b);
/* A millisecond off the CPU that no hook sees. */
void blocked_nap(void);
/* True when the kernel says that thread `tid` of this process sleeps. */
bool thread_is_asleep(int tid);

#endif
