/* Counting a trace's events with Babeltrace 2: one graph a trace, one counting sink a stream, no order
 * needed. */
#include "viewer/session/trace_count.h"

#include "viewer/session/guard.h"

#include <babeltrace2/babeltrace.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>

#define MAX_TRACES 64
#define MAX_DEPTH 8

struct count_request {
    const char *directory;
    struct trace_count count;
};

/* nftw has no argument for its callback; this process counts one directory and ends. */
static struct {
    char paths[MAX_TRACES][4096];
    size_t used;
} found;

static int note_metadata(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    /* LTTng creates the file before the first process comes: an empty one belongs to a trace of nothing. */
    if (type == FTW_F && strcmp(path + walk->base, "metadata") == 0 && info->st_size > 0 &&
        found.used < MAX_TRACES)
        snprintf(found.paths[found.used++], sizeof(found.paths[0]), "%.*s", walk->base, path);
    return 0;
}

static bt_graph_simple_sink_component_consume_func_status count_messages(bt_message_iterator *iterator,
                                                                         void *data)
{
    struct trace_count *count = data;
    bt_message_array_const messages;
    uint64_t message_count;
    bt_message_iterator_next_status status = bt_message_iterator_next(iterator, &messages, &message_count);
    if (status != BT_MESSAGE_ITERATOR_NEXT_STATUS_OK)
        return (bt_graph_simple_sink_component_consume_func_status)
            status; /* END, AGAIN and errors are alike in both */
    for (uint64_t i = 0; i < message_count; i++) {
        bt_message_type type = bt_message_get_type(messages[i]);
        uint64_t discarded;
        if (type == BT_MESSAGE_TYPE_EVENT)
            count->events++;
        else if (type == BT_MESSAGE_TYPE_DISCARDED_EVENTS &&
                 bt_message_discarded_events_get_count(messages[i], &discarded) ==
                     BT_PROPERTY_AVAILABILITY_AVAILABLE)
            count->discarded_events += discarded;
        bt_message_put_ref(messages[i]);
    }
    return BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_OK;
}

static const bt_component_source *add_source(bt_graph *graph, const char *trace)
{
    const bt_component_source *source = NULL;
    const bt_plugin *plugin = NULL;
    bt_value *params = bt_value_map_create();
    bt_value *inputs = NULL;
    bt_plugin_find("ctf", BT_TRUE, BT_TRUE, BT_TRUE, BT_TRUE, BT_TRUE, &plugin);
    const bt_component_class_source *fs =
        plugin ? bt_plugin_borrow_source_component_class_by_name_const(plugin, "fs") : NULL;
    if (fs && params && bt_value_map_insert_empty_array_entry(params, "inputs", &inputs) == 0 &&
        bt_value_array_append_string_element(inputs, trace) == 0)
        bt_graph_add_source_component(graph, fs, "trace", params, BT_LOGGING_LEVEL_NONE, &source);
    bt_value_put_ref(params);
    return source;
}

static int add_sinks(bt_graph *graph, const bt_component_source *source, struct trace_count *count)
{
    uint64_t ports = bt_component_source_get_output_port_count(source);
    for (uint64_t i = 0; i < ports; i++) {
        char name[32];
        const bt_component_sink *sink = NULL;
        snprintf(name, sizeof(name), "count%u", (unsigned)i);
        if (bt_graph_add_simple_sink_component(graph, name, NULL, count_messages, NULL, count, &sink))
            return -EIO;
        if (bt_graph_connect_ports(graph, bt_component_source_borrow_output_port_by_index_const(source, i),
                                   bt_component_sink_borrow_input_port_by_index_const(sink, 0), NULL))
            return -EIO;
    }
    return 0;
}

static int count_trace(const char *trace, struct trace_count *count)
{
    bt_graph *graph = bt_graph_create(0);
    const bt_component_source *source = graph ? add_source(graph, trace) : NULL;
    if (!source || add_sinks(graph, source, count) < 0)
        return -EIO; /* this process ends: nothing is freed */
    if (bt_component_source_get_output_port_count(source) == 0)
        return 0;
    bt_graph_run_status status = BT_GRAPH_RUN_STATUS_AGAIN;
    while (status == BT_GRAPH_RUN_STATUS_AGAIN)
        status = bt_graph_run(graph);
    bt_graph_put_ref(graph);
    return status == BT_GRAPH_RUN_STATUS_OK ? 0 : -EIO;
}

static int count_work(void *data)
{
    struct count_request *request = data;
    if (nftw(request->directory, note_metadata, MAX_DEPTH, FTW_PHYS))
        return -EIO;
    int status = 0;
    for (size_t i = 0; i < found.used; i++) {
        int one = count_trace(found.paths[i], &request->count);
        status = status ? status : one; /* one bad trace doesn't hide the others' events */
    }
    return status;
}

int trace_count_events(const char *directory, int deadline_ms, struct trace_count *ret_count)
{
    struct count_request *request = guard_memory_new(sizeof(*request));
    if (!request)
        return -ENOMEM;
    request->directory = directory;
    int status = guard_call(count_work, request, deadline_ms);
    *ret_count = request->count;
    guard_memory_free(request, sizeof(*request));
    return status;
}
