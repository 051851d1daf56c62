/* The last component of the graph: takes messages from every stream and merges them by time. Private to ctf.
 */
#ifndef PREFLAME_VIEWER_CTF_SINK_H
#define PREFLAME_VIEWER_CTF_SINK_H

#include "viewer/ctf/fields.h"
#include "viewer/ctf/reader.h"

#include <babeltrace2/babeltrace.h>
#include <stdbool.h>

struct sink_stream {
    bt_message_iterator *iterator;   /* owned; NULL when the stream has ended */
    bt_message_array_const messages; /* the current batch: those from `next` on are owned */
    uint64_t count, next;
    int64_t time_ns; /* of the event at `next` */
    bool is_broken;  /* an error was reported and counted */
};

struct sink {
    const struct reader_calls *calls;
    struct reader_result *result;
    struct fields fields;
    struct sink_stream *streams; /* owned; one for each input port */
    size_t stream_count;
    size_t *heap; /* owned; streams with an event, earliest first */
    size_t heap_count;
    bool is_primed; /* every stream was asked for its first event */
    int error;
};

/* The component class; NULL without memory. Its components take a struct sink as initialization data, with
 * stream_count set, and own nothing of it but what sink_release frees. */
bt_component_class_sink *sink_class_new(void);
/* Frees streams and decoder; after the graph has gone or before. */
void sink_release(struct sink *sink);
/* Writes the innermost cause of this thread's Babeltrace error to `ret` and clears the error; false when
 * there was none. */
bool take_bt_error(char *ret, size_t size);

#endif
