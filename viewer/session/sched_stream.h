/* The CTF trace of a recording's scheduling: a folder beside LTTng's with the same clock, so that readers of
 * CTF merge both. Private to viewer/session. */
#ifndef PREFLAME_VIEWER_SESSION_SCHED_STREAM_H
#define PREFLAME_VIEWER_SESSION_SCHED_STREAM_H

#include "base/compiler.h"

#include <stdint.h>
#include <sys/types.h>

#define SCHED_FOLDER "sched" /* in the recording's folder */

/* X(SYMBOL, "name", fields as CTF declares them): all events. docs/events.md is made of these rows too. */
/* clang-format off */
#define SCHED_EVENTS(X) \
    /* Where what follows comes from; its time is when the recording began. */ \
    X(SOURCE, "sched_source", \
      "string source;" /* `perf`: switches and counts; `schedstat`: counts only */ \
      "string problem;" /* why there are no switches */) \
    /* The thread is on a CPU from here on. */ \
    X(IN, "sched_in", \
      "uint32_t cpu;" /* its number */) \
    /* The thread leaves the CPU, or ends. */ \
    X(OUT, "sched_out", \
      "uint32_t cpu;" /* its number */ \
      "uint8_t preempted;" /* 1: it could have gone on; 0: it waits for something */) \
    /* What the kernel has counted of the thread since the recording began. */ \
    X(STAT, "sched_stat", \
      "int64_t run_ns;" /* on a CPU, ns */ \
      "int64_t ready_ns;" /* waiting for one, ns */ \
      "uint64_t slices;" /* how often it came on one */) \
    /* Switches that found no room in the kernel's buffer. */ \
    X(LOST, "sched_lost", \
      "uint64_t count;" /* how many */)
/* clang-format on */

enum sched_event {
#define SCHED_EVENT_ENUM(symbol, name, fields) SCHED_##symbol,
    SCHED_EVENTS(SCHED_EVENT_ENUM)
#undef SCHED_EVENT_ENUM
};

#define SCHED_PACKET_BYTES 32768

/* One file: events in the order of their time, a packet each so many bytes. */
struct sched_stream {
    int fd;
    size_t len;
    int64_t first_ns, last_ns; /* of the packet's events */
    int error;                 /* 0 or the first failure to write */
    uint8_t packet[SCHED_PACKET_BYTES];
};

/* Creates file `name` in the open folder. 0 or negative errno. */
int sched_stream_open(struct sched_stream *s, int folder, const char *name) MUST_USE;
/* Adds an event of a thread; a time before the last one's becomes that. `fields`: the bytes behind its
 * context. Failures stick in s->error. */
void sched_stream_add(struct sched_stream *s, enum sched_event event, int64_t time_ns, pid_t pid, pid_t tid,
                      const void *fields, size_t size);
/* Writes what is left, and closes. */
void sched_stream_close(struct sched_stream *s);

/* Writes the metadata, with the clock of an LTTng trace below `directory` if there is one. Without it the
 * folder is no trace: so last. 0 or negative errno. */
int sched_metadata_write(const char *directory, int folder) MUST_USE;

#endif
