/* The packets of a Perfetto trace: tracks, events on them, and callstacks by number. Private to the perfetto
 * format. */
#ifndef PREFLAME_VIEWER_PERFETTO_OUT_H
#define PREFLAME_VIEWER_PERFETTO_OUT_H

#include "base/bytes.h"
#include "base/map.h"
#include "viewer/model/report.h"

#include <stdbool.h>
#include <stdint.h>

#define PERFETTO_ANNOTATIONS 3 /* of one event */

enum perfetto_type { PERFETTO_BEGIN = 1, PERFETTO_END = 2, PERFETTO_INSTANT = 3, PERFETTO_COUNTER = 4 };

/* Tracks are numbered by what they show and its row in the trace. */
enum perfetto_track {
    PERFETTO_PROCESS = 1,
    PERFETTO_THREAD,
    PERFETTO_SAMPLES, /* a thread's CPU samples */
    PERFETTO_TASK,
    PERFETTO_LEVELS, /* a counter */
    PERFETTO_CPU,    /* by its number; and the track above them */
    PERFETTO_CPUS,
    PERFETTO_LOST, /* what the tracer lost */
};
static inline uint64_t perfetto_uuid(enum perfetto_track kind, uint64_t row)
{
    return (uint64_t)kind << 32 | row;
}

struct perfetto_annotation {
    const char *name;
    const char *text; /* or NULL: the number */
    int64_t number;
};

struct perfetto_event {
    enum perfetto_type type;
    uint64_t track;
    int64_t time_ns;
    const char *category, *name; /* or NULL */
    uint64_t flow, flow_end;     /* 0: none */
    uint64_t callstack;          /* as perfetto_callstack answers */
    double level;                /* of PERFETTO_COUNTER */
    size_t annotation_count;
    struct perfetto_annotation annotations[PERFETTO_ANNOTATIONS];
};

struct perfetto_out {
    struct bytes *out;
    struct map callstacks; /* (process, stack) -> iid */
    struct map names;      /* name -> iid of its function and its frame */
    uint32_t callstack_count, name_count;
    int error; /* 0 or the first failure */
};

/* Begins the file. perfetto_clear frees what is not `out`. */
void perfetto_init(struct perfetto_out *o, struct bytes *out);
void perfetto_clear(struct perfetto_out *o);
/* A process, a thread, or another track below `parent`. */
void perfetto_put_process(struct perfetto_out *o, uint64_t uuid, int32_t pid, const char *name);
void perfetto_put_thread(struct perfetto_out *o, uint64_t uuid, int32_t pid, int32_t tid, const char *name);
void perfetto_put_track(struct perfetto_out *o, uint64_t uuid, uint64_t parent, const char *name,
                        bool is_counter);
void perfetto_put_event(struct perfetto_out *o, const struct perfetto_event *event);
/* The number of a stack of the trace, written when new; 0 for no stack. */
uint64_t perfetto_callstack(struct perfetto_out *o, const struct report *report, uint32_t process,
                            uint32_t stack);

#endif
