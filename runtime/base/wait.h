/* Why a thread waits: one row a reason, shared by hooks, tracepoints and the viewer. */
#ifndef PREFLAME_BASE_WAIT_H
#define PREFLAME_BASE_WAIT_H

/* X(SYMBOL, value, "name"). Values are part of the trace format: never renumber. */
#define WAIT_REASONS(X)                                                                                      \
    X(OTHER, 0, "other")                                                                                     \
    X(MUTEX, 1, "mutex")                                                                                     \
    X(RWLOCK_RD, 2, "rwlock_rd")                                                                             \
    X(RWLOCK_WR, 3, "rwlock_wr")                                                                             \
    X(COND, 4, "cond")                                                                                       \
    X(SEM, 5, "sem")                                                                                         \
    X(SPIN, 6, "spin")                                                                                       \
    X(BARRIER, 7, "barrier")                                                                                 \
    X(JOIN, 8, "join")                                                                                       \
    X(ONCE, 9, "once")                                                                                       \
    X(FUTEX, 10, "futex")                                                                                    \
    X(SLEEP, 11, "sleep")                                                                                    \
    X(NET_READ, 12, "net_read")                                                                              \
    X(NET_WRITE, 13, "net_write")                                                                            \
    X(ACCEPT, 14, "accept")                                                                                  \
    X(CONNECT, 15, "connect")                                                                                \
    X(POLL, 16, "poll")                                                                                      \
    X(FILE_IO, 17, "file_io")                                                                                \
    X(FSYNC, 18, "fsync")                                                                                    \
    X(WAIT_CHILD, 19, "wait_child")                                                                          \
    X(SIGNAL, 20, "signal")                                                                                  \
    X(PIPE, 21, "pipe")                                                                                      \
    X(FLOCK, 22, "flock")                                                                                    \
    X(STDIO, 23, "stdio") /* the lock of a FILE */

enum wait_reason {
#define WAIT_REASON_ENUM(symbol, value, name) WAIT_##symbol = (value),
    WAIT_REASONS(WAIT_REASON_ENUM)
#undef WAIT_REASON_ENUM
};

/* What reads and writes are given before anybody has looked at their descriptor. Never in a trace or profile.
 */
enum { WAIT_READS = 250, WAIT_WRITES = 251 };

/* The reason of a read or write by its descriptor's st_mode (0: unknown); other reasons stay. Signal-safe. */
unsigned wait_reason_by_mode(unsigned reason, unsigned mode);

/* The reason's name as users see it, "other" for an unknown value. Signal-safe. */
const char *wait_reason_name(unsigned reason);

#endif
