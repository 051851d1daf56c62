/* The bytes of a Go execution trace, version 1.19: events in batches of their Ps, strings and stacks by
 * number. Source: the comments of Go's src/internal/trace/parser.go. Private to the gotrace format. */
#ifndef PREFLAME_VIEWER_GOTRACE_OUT_H
#define PREFLAME_VIEWER_GOTRACE_OUT_H

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/map.h"
#include "viewer/model/report.h"

#include <stdint.h>

/* Event types; what stands behind each is its arguments after the time. */
enum gotrace_event {
    GOTRACE_BATCH = 1, /* p */
    GOTRACE_FREQUENCY = 2,
    GOTRACE_STACK = 3,
    GOTRACE_GOMAXPROCS = 4,     /* count, stack */
    GOTRACE_PROC_START = 5,     /* thread */
    GOTRACE_GO_CREATE = 13,     /* g, stack of its start, stack */
    GOTRACE_GO_START = 14,      /* g, seq */
    GOTRACE_GO_END = 15,        /* - */
    GOTRACE_GO_SCHED = 17,      /* stack */
    GOTRACE_GO_SLEEP = 19,      /* stack */
    GOTRACE_GO_BLOCK = 20,      /* stack */
    GOTRACE_GO_UNBLOCK = 21,    /* g, seq, stack */
    GOTRACE_GO_BLOCK_SYNC = 25, /* stack */
    GOTRACE_GO_BLOCK_COND = 26, /* stack */
    GOTRACE_GO_BLOCK_NET = 27,  /* stack */
    GOTRACE_GO_SYS_CALL = 28,   /* stack */
    GOTRACE_GO_SYS_EXIT = 29,   /* g, seq, real time */
    GOTRACE_GO_SYS_BLOCK = 30,  /* - */
    GOTRACE_STRING = 37,
    GOTRACE_USER_TASK_CREATE = 45, /* task, its parent, name, stack */
    GOTRACE_USER_TASK_END = 46,    /* task, stack */
    GOTRACE_USER_REGION = 47,      /* task, 0: begin or 1: end, name, stack */
    GOTRACE_USER_LOG = 48,         /* task, category, stack; then a text */
    GOTRACE_CPU_SAMPLE = 49,       /* real time, p, g, stack */
};

/* The events of one P. */
struct gotrace_batch {
    struct bytes events;
    int64_t first_ns, last_ns;
    bool is_begun;
};

/* Strings and stacks, each written once. */
struct gotrace_dictionary {
    struct bytes out;
    struct map stacks; /* (process, stack) or (name) -> number */
    uint8_t *has_name; /* owned; by name of the report's names */
    size_t has_room;
    uint32_t stack_count;
    int error;
};

void gotrace_batch_init(struct gotrace_batch *batch);
void gotrace_batch_clear(struct gotrace_batch *batch);
/* Adds an event; times of one batch never go back. */
void gotrace_put(struct gotrace_batch *batch, enum gotrace_event event, int64_t time_ns,
                 const uint64_t *arguments, unsigned count);
/* Adds the text that the last event ends in. */
void gotrace_put_text(struct gotrace_batch *batch, const char *text);
/* Appends the batch of P `p`, if it has events. */
void gotrace_batch_write(const struct gotrace_batch *batch, uint64_t p, struct bytes *out);

int gotrace_dictionary_init(struct gotrace_dictionary *dictionary) MUST_USE;
void gotrace_dictionary_clear(struct gotrace_dictionary *dictionary);
/* The number of a name of the report's as a string of the trace; 0, which is the empty one, for what has no
 * text. */
uint64_t gotrace_string(struct gotrace_dictionary *dictionary, const struct report *report, uint32_t name);
/* The number of a stack of the trace, and of one that has a single frame, called `name` (of the report's).
 * Failures stick in `error`. */
uint64_t gotrace_stack(struct gotrace_dictionary *dictionary, const struct report *report, uint32_t process,
                       uint32_t stack);
uint64_t gotrace_stack_named(struct gotrace_dictionary *dictionary, const struct report *report,
                             uint32_t name);
/* Appends the header of the file, the clock's frequency and the dictionary. */
void gotrace_begin(const struct gotrace_dictionary *dictionary, struct bytes *out);

#endif
