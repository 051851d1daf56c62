/* Merging the streams of all traces. Babeltrace's own muxer gives up on the first stream that fails; this one
 * doesn't. */
#include "viewer/ctf/sink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

bool take_bt_error(char *ret, size_t size)
{
    snprintf(ret, size, "unknown error");
    const bt_error *error = bt_current_thread_take_error();
    if (!error)
        return false;
    /* Causes are listed from the innermost outwards. */
    if (bt_error_get_cause_count(error))
        snprintf(ret, size, "%s", bt_error_cause_get_message(bt_error_borrow_cause_by_index(error, 0)));
    bt_error_release(error);
    return true;
}

/* Babeltrace 2.0 may leave an error behind whatever status it returns; the next call with an error left
 * aborts. */
static void check_stream(struct sink *sink, struct sink_stream *stream, bool has_failed)
{
    char why[512];
    bool has_error = take_bt_error(why, sizeof(why));
    if ((!has_error && !has_failed) || stream->is_broken)
        return;
    stream->is_broken = true;
    sink->result->broken_streams++;
    sink->calls->on_warning(sink->calls->context, "the rest of one stream", why);
}

static void end_stream(struct sink_stream *stream)
{
    if (stream->iterator)
        bt_message_iterator_put_ref(stream->iterator);
    stream->iterator = NULL;
}

static int64_t ns_of(const bt_clock_snapshot *clock)
{
    int64_t time_ns = 0;
    if (bt_clock_snapshot_get_ns_from_origin(clock, &time_ns) !=
        BT_CLOCK_SNAPSHOT_GET_NS_FROM_ORIGIN_STATUS_OK)
        bt_current_thread_clear_error();
    return time_ns;
}

static void report_discarded_events(struct sink *sink, const bt_message *message)
{
    const bt_stream_class *class =
        bt_stream_borrow_class_const(bt_message_discarded_events_borrow_stream_const(message));
    struct trace_loss loss = {.events = 1};
    uint64_t count;
    if (bt_message_discarded_events_get_count(message, &count) == BT_PROPERTY_AVAILABILITY_AVAILABLE)
        loss.events = count;
    if (bt_stream_class_discarded_events_have_default_clock_snapshots(class)) {
        loss.since_ns =
            ns_of(bt_message_discarded_events_borrow_beginning_default_clock_snapshot_const(message));
        loss.until_ns = ns_of(bt_message_discarded_events_borrow_end_default_clock_snapshot_const(message));
    }
    sink->calls->on_lost(sink->calls->context, &loss);
}

static void report_discarded_packets(struct sink *sink, const bt_message *message)
{
    const bt_stream_class *class =
        bt_stream_borrow_class_const(bt_message_discarded_packets_borrow_stream_const(message));
    struct trace_loss loss = {.packets = 1};
    uint64_t count;
    if (bt_message_discarded_packets_get_count(message, &count) == BT_PROPERTY_AVAILABILITY_AVAILABLE)
        loss.packets = count;
    if (bt_stream_class_discarded_packets_have_default_clock_snapshots(class)) {
        loss.since_ns =
            ns_of(bt_message_discarded_packets_borrow_beginning_default_clock_snapshot_const(message));
        loss.until_ns = ns_of(bt_message_discarded_packets_borrow_end_default_clock_snapshot_const(message));
    }
    sink->calls->on_lost(sink->calls->context, &loss);
}

static void report_lost(struct sink *sink, const bt_message *message)
{
    bt_message_type type = bt_message_get_type(message);
    if (type == BT_MESSAGE_TYPE_DISCARDED_EVENTS)
        report_discarded_events(sink, message);
    else if (type == BT_MESSAGE_TYPE_DISCARDED_PACKETS)
        report_discarded_packets(sink, message);
}

static int64_t time_of(const bt_message *message)
{
    const bt_event *event = bt_message_event_borrow_event_const(message);
    const bt_stream_class *class =
        bt_event_class_borrow_stream_class_const(bt_event_borrow_class_const(event));
    if (!bt_stream_class_borrow_default_clock_class_const(class))
        return 0;
    return ns_of(bt_message_event_borrow_default_clock_snapshot_const(message));
}

/* Stands the stream on its next event; false at its end. */
static bool advance(struct sink *sink, struct sink_stream *stream)
{
    while (stream->iterator) {
        for (; stream->next < stream->count; stream->next++) {
            const bt_message *message = stream->messages[stream->next];
            if (bt_message_get_type(message) == BT_MESSAGE_TYPE_EVENT) {
                stream->time_ns = time_of(message);
                return true;
            }
            report_lost(sink, message);
            bt_message_put_ref(message);
        }
        stream->next = stream->count = 0;
        bt_message_iterator_next_status status =
            bt_message_iterator_next(stream->iterator, &stream->messages, &stream->count);
        check_stream(sink, stream, status < 0);
        if (status == BT_MESSAGE_ITERATOR_NEXT_STATUS_OK || status == BT_MESSAGE_ITERATOR_NEXT_STATUS_AGAIN)
            continue;
        stream->count = 0;
        end_stream(stream);
    }
    return false;
}

/* Equal times keep the order of the streams, so that the same trace always reads the same. */
static bool is_before(const struct sink *sink, size_t left, size_t right)
{
    int64_t left_ns = sink->streams[left].time_ns, right_ns = sink->streams[right].time_ns;
    return left_ns != right_ns ? left_ns < right_ns : left < right;
}

static void sift_down(struct sink *sink, size_t at)
{
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < sink->heap_count; child++)
            if (is_before(sink, sink->heap[child], sink->heap[least]))
                least = child;
        if (least == at)
            return;
        size_t moved = sink->heap[at];
        sink->heap[at] = sink->heap[least];
        sink->heap[least] = moved;
        at = least;
    }
}

static void prime(struct sink *sink)
{
    for (size_t i = 0; i < sink->stream_count; i++)
        if (advance(sink, &sink->streams[i]))
            sink->heap[sink->heap_count++] = i;
    for (size_t i = sink->heap_count; i-- > 0;)
        sift_down(sink, i);
    sink->is_primed = true;
}

/* Where the trace was recorded, as its environment says; "" when it doesn't. */
static const char *host_of(const bt_event *event)
{
    const bt_trace *trace = bt_stream_borrow_trace_const(bt_event_borrow_stream_const(event));
    const bt_value *host = bt_trace_borrow_environment_entry_value_by_name_const(trace, "hostname");
    return host && bt_value_is_string(host) ? bt_value_string_get(host) : "";
}

static int deliver(struct sink *sink, struct sink_stream *stream)
{
    const bt_message *message = stream->messages[stream->next++];
    const bt_event *bt_event = bt_message_event_borrow_event_const(message);
    struct trace_event event;
    int error = fields_read(&sink->fields, bt_event, &event);
    if (!error) {
        event.time_ns = stream->time_ns;
        event.host = event.kind == TRACE_PROCESS ? host_of(bt_event) : "";
        const bt_stream_class *class = bt_stream_borrow_class_const(bt_event_borrow_stream_const(bt_event));
        if (bt_stream_class_borrow_default_clock_class_const(class)) {
            const bt_clock_snapshot *clock = bt_message_event_borrow_default_clock_snapshot_const(message);
            event.clock_offset_ns = (int64_t)((uint64_t)event.time_ns - bt_clock_snapshot_get_value(clock));
        }
        sink->calls->on_event(sink->calls->context, &event);
    }
    bt_message_put_ref(message);
    return error;
}

#define EVENTS_PER_CONSUME 4096

static bt_component_class_sink_consume_method_status consume(bt_self_component_sink *self)
{
    struct sink *sink = bt_self_component_get_data(bt_self_component_sink_as_self_component(self));
    if (!sink->is_primed)
        prime(sink);
    for (size_t i = 0; i < EVENTS_PER_CONSUME && sink->heap_count; i++) {
        struct sink_stream *stream = &sink->streams[sink->heap[0]];
        sink->error = deliver(sink, stream);
        if (sink->error)
            return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_MEMORY_ERROR;
        if (!advance(sink, stream))
            sink->heap[0] = sink->heap[--sink->heap_count];
        sift_down(sink, 0);
    }
    return sink->heap_count ? BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_OK
                            : BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_END;
}

static bt_component_class_initialize_method_status
initialize(bt_self_component_sink *self, bt_self_component_sink_configuration *configuration,
           const bt_value *params, void *data)
{
    (void)configuration;
    (void)params;
    struct sink *sink = data;
    bt_self_component_set_data(bt_self_component_sink_as_self_component(self), sink);
    for (size_t i = 0; i < sink->stream_count; i++) {
        char name[32];
        snprintf(name, sizeof(name), "in%zu", i);
        if (bt_self_component_sink_add_input_port(self, name, NULL, NULL) !=
            BT_SELF_COMPONENT_ADD_PORT_STATUS_OK)
            return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_ERROR;
    }
    return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_OK;
}

static bt_component_class_sink_graph_is_configured_method_status
graph_is_configured(bt_self_component_sink *self)
{
    struct sink *sink = bt_self_component_get_data(bt_self_component_sink_as_self_component(self));
    for (size_t i = 0; i < sink->stream_count; i++) {
        bt_self_component_port_input *port = bt_self_component_sink_borrow_input_port_by_index(self, i);
        if (bt_message_iterator_create_from_sink_component(self, port, &sink->streams[i].iterator) !=
            BT_MESSAGE_ITERATOR_CREATE_FROM_SINK_COMPONENT_STATUS_OK) {
            sink->streams[i].iterator = NULL;
            check_stream(sink, &sink->streams[i], true);
        }
    }
    return BT_COMPONENT_CLASS_SINK_GRAPH_IS_CONFIGURED_METHOD_STATUS_OK;
}

/* Iterators must go while their graph still exists. */
static void finalize(bt_self_component_sink *self)
{
    struct sink *sink = bt_self_component_get_data(bt_self_component_sink_as_self_component(self));
    for (size_t i = 0; i < sink->stream_count; i++) {
        struct sink_stream *stream = &sink->streams[i];
        for (; stream->next < stream->count; stream->next++)
            bt_message_put_ref(stream->messages[stream->next]);
        end_stream(stream);
    }
}

bt_component_class_sink *sink_class_new(void)
{
    bt_component_class_sink *class = bt_component_class_sink_create("preflame", consume);
    if (!class)
        return NULL;
    if (bt_component_class_sink_set_initialize_method(class, initialize) !=
            BT_COMPONENT_CLASS_SET_METHOD_STATUS_OK ||
        bt_component_class_sink_set_graph_is_configured_method(class, graph_is_configured) !=
            BT_COMPONENT_CLASS_SET_METHOD_STATUS_OK ||
        bt_component_class_sink_set_finalize_method(class, finalize) !=
            BT_COMPONENT_CLASS_SET_METHOD_STATUS_OK) {
        bt_component_class_sink_put_ref(class);
        return NULL;
    }
    return class;
}

void sink_release(struct sink *sink)
{
    fields_clear(&sink->fields);
    free(sink->streams);
    free(sink->heap);
}
