/* Building and running the Babeltrace graph: one source for each trace, our sink at the end. */
#include "viewer/ctf/reader.h"

#include "viewer/ctf/metadata.h"
#include "viewer/ctf/salvage.h"
#include "viewer/ctf/sink.h"
#include "viewer/ctf/trace_dirs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct reader {
    const bt_component_class_source *source_class; /* borrowed from the plugin */
    bt_graph *graph;
    const bt_component_source *sources[TRACE_DIRS_MAX + SALVAGE_MAX_STREAMS]; /* borrowed from the graph */
    size_t source_count;
    struct salvage salvage;
    struct sink sink;
    bool is_careful;
    char why[512]; /* the last thing that Babeltrace refused */
};

static const bt_component_source *add_source(bt_graph *graph, const bt_component_class_source *class,
                                             const char *dir, size_t number)
{
    const bt_component_source *source = NULL;
    bt_value *params = bt_value_map_create();
    bt_value *inputs = NULL;
    char name[32];
    snprintf(name, sizeof(name), "trace%zu", number);
    if (params &&
        bt_value_map_insert_empty_array_entry(params, "inputs", &inputs) ==
            BT_VALUE_MAP_INSERT_ENTRY_STATUS_OK &&
        bt_value_array_append_string_element(inputs, dir) == BT_VALUE_ARRAY_APPEND_ELEMENT_STATUS_OK &&
        bt_graph_add_source_component(graph, class, name, params, BT_LOGGING_LEVEL_NONE, &source) !=
            BT_GRAPH_ADD_COMPONENT_STATUS_OK)
        source = NULL;
    bt_value_put_ref(params);
    return source;
}

/* A graph in which a source failed is of no use any more: so each is tried in a graph of its own first. */
static bool can_open(struct reader *reader, const char *dir)
{
    bt_graph *graph = bt_graph_create(0);
    bool is_open = graph && add_source(graph, reader->source_class, dir, 0);
    /* Taken at once: Babeltrace aborts when it is called while the thread has an error. */
    if (!is_open)
        take_bt_error(reader->why, sizeof(reader->why));
    bt_graph_put_ref(graph);
    return is_open;
}

static void warn(struct reader *reader, const char *what)
{
    reader->sink.calls->on_warning(reader->sink.calls->context, what, reader->why);
}

static int add_dir(struct reader *reader, const char *dir)
{
    const bt_component_source *source =
        add_source(reader->graph, reader->source_class, dir, reader->source_count);
    if (!source) {
        take_bt_error(reader->why, sizeof(reader->why));
        return -EIO;
    }
    reader->sources[reader->source_count++] = source;
    reader->sink.stream_count += (size_t)bt_component_source_get_output_port_count(source);
    return 0;
}

static int read_dirs(struct reader *reader, const struct trace_dirs *dirs);

static void ignore_event(void *context, const struct trace_event *event)
{
    (void)context;
    (void)event;
}

static void ignore_lost(void *context, const struct trace_loss *loss)
{
    (void)context;
    (void)loss;
}

static void ignore_warning(void *context, const char *what, const char *why)
{
    (void)context;
    (void)what;
    (void)why;
}

/* Only whether Babeltrace survives counts here, not what it finds. */
static _Noreturn void run_trial(const struct reader *reader, char *dir)
{
    struct reader_calls calls = {ignore_event, ignore_lost, ignore_warning, NULL};
    struct reader_result result = {0};
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    struct reader *trial = calloc(1, sizeof(*trial));
    int silence = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (!trial || silence < 0 || dup2(silence, STDERR_FILENO) < 0)
        _exit(1);
    trial->source_class = reader->source_class;
    trial->sink.calls = &calls;
    trial->sink.result = &result;
    int error = read_dirs(trial, &(struct trace_dirs){&dir, 1});
    _exit(error == -ENOMEM);
}

/* Reads a trace to its end in a child, where Babeltrace may abort. */
static bool can_finish(struct reader *reader, char *dir)
{
    snprintf(reader->why, sizeof(reader->why), "Babeltrace aborts on it: it is damaged");
    pid_t child = fork();
    if (child == 0)
        run_trial(reader, dir);
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (child > 0 && WIFSIGNALED(status))
        salvage_clear_after(child);
    return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool is_usable(struct reader *reader, char *dir)
{
    return (!reader->is_careful || can_finish(reader, dir)) && can_open(reader, dir);
}

/* Tries one stream file of a refused trace by itself. */
static int add_stream(struct reader *reader, const char *dir, const char *stream)
{
    char alone[PATH_MAX], path[PATH_MAX];
    int error = salvage_make(&reader->salvage, dir, stream, alone, sizeof(alone));
    if (error)
        return error;
    if (is_usable(reader, alone))
        return add_dir(reader, alone);
    snprintf(path, sizeof(path), "%.2000s/%.1000s", dir, stream);
    warn(reader, path);
    reader->sink.result->broken_streams++;
    return 0;
}

/* Babeltrace refuses a folder for one bad stream file: what a killed program leaves. The others are still
 * good. */
static int add_streams(struct reader *reader, const char *dir)
{
    char alone[PATH_MAX];
    int error = salvage_make(&reader->salvage, dir, NULL, alone, sizeof(alone));
    if (error || !is_usable(reader, alone))
        return error ? error : -ENODATA;
    DIR *folder = opendir(dir);
    if (!folder)
        return -errno;
    const struct dirent *entry;
    while (!error && (entry = readdir(folder)))
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, "metadata") != 0 &&
            (entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN))
            error = add_stream(reader, dir, entry->d_name);
    closedir(folder);
    return error;
}

static int add_sources(struct reader *reader, const struct trace_dirs *dirs)
{
    for (size_t i = 0; i < dirs->count; i++) {
        if (!metadata_is_whole(dirs->paths[i])) {
            snprintf(reader->why, sizeof(reader->why), "its metadata is cut short");
            reader->sink.result->skipped_traces++;
            warn(reader, dirs->paths[i]);
            continue;
        }
        bool is_whole = is_usable(reader, dirs->paths[i]);
        int error = is_whole ? add_dir(reader, dirs->paths[i]) : add_streams(reader, dirs->paths[i]);
        if (is_whole && error)
            return error;
        if (error) {
            reader->sink.result->skipped_traces++;
            warn(reader, dirs->paths[i]);
        } else {
            reader->sink.result->read_traces++;
        }
    }
    return reader->sink.result->read_traces ? 0 : -ENODATA;
}

static const bt_component_sink *add_sink(struct reader *reader)
{
    bt_component_class_sink *class = sink_class_new();
    const bt_component_sink *component = NULL;
    if (!class)
        return NULL;
    if (bt_graph_add_sink_component_with_initialize_method_data(
            reader->graph, class, "preflame", NULL, &reader->sink, BT_LOGGING_LEVEL_NONE, &component) !=
        BT_GRAPH_ADD_COMPONENT_STATUS_OK)
        component = NULL;
    bt_component_class_sink_put_ref(class);
    return component;
}

static int connect(struct reader *reader)
{
    struct sink *sink = &reader->sink;
    size_t ports = sink->stream_count ? sink->stream_count : 1;
    sink->streams = calloc(ports, sizeof(*sink->streams));
    sink->heap = calloc(ports, sizeof(*sink->heap));
    if (!sink->streams || !sink->heap)
        return -ENOMEM;
    const bt_component_sink *component = add_sink(reader);
    if (!component)
        return -EIO;
    uint64_t input = 0;
    for (size_t i = 0; i < reader->source_count; i++) {
        uint64_t outputs = bt_component_source_get_output_port_count(reader->sources[i]);
        for (uint64_t output = 0; output < outputs; output++)
            if (bt_graph_connect_ports(
                    reader->graph,
                    bt_component_source_borrow_output_port_by_index_const(reader->sources[i], output),
                    bt_component_sink_borrow_input_port_by_index_const(component, input++),
                    NULL) != BT_GRAPH_CONNECT_PORTS_STATUS_OK)
                return -EIO;
    }
    return 0;
}

static int read_dirs(struct reader *reader, const struct trace_dirs *dirs)
{
    reader->graph = bt_graph_create(0);
    int error = reader->graph ? fields_init(&reader->sink.fields) : -ENOMEM;
    if (!error)
        error = add_sources(reader, dirs);
    /* A trace without streams has no ports: there is nothing to run. */
    if (!error && reader->sink.stream_count) {
        error = connect(reader);
        if (!error && bt_graph_run(reader->graph) != BT_GRAPH_RUN_STATUS_OK)
            error = reader->sink.error ? reader->sink.error : -EIO;
        if (error == -EIO)
            take_bt_error(reader->why, sizeof(reader->why));
    }
    if (error == -EIO)
        warn(reader, "the rest of the trace");
    bt_graph_put_ref(reader->graph);
    sink_release(&reader->sink);
    salvage_clear(&reader->salvage);
    return error;
}

int reader_run(const char *root, bool is_careful, const struct reader_calls *calls, struct reader_result *ret)
{
    struct trace_dirs dirs;
    *ret = (struct reader_result){0};
    int error = trace_dirs_find(root, &dirs);
    if (error)
        return error;
    bt_logging_set_global_level(BT_LOGGING_LEVEL_NONE);
    struct reader *reader = calloc(1, sizeof(*reader));
    const bt_plugin *plugin = NULL;
    if (!reader || !dirs.count)
        error = reader ? -ENODATA : -ENOMEM;
    else if (bt_plugin_find("ctf", BT_FALSE, BT_FALSE, BT_TRUE, BT_FALSE, BT_FALSE, &plugin) !=
             BT_PLUGIN_FIND_STATUS_OK)
        error = -ENOTSUP;
    if (!error) {
        reader->source_class = bt_plugin_borrow_source_component_class_by_name_const(plugin, "fs");
        reader->sink.calls = calls;
        reader->sink.result = ret;
        reader->is_careful = is_careful;
        error = reader->source_class ? read_dirs(reader, &dirs) : -ENOTSUP;
    }
    bt_current_thread_clear_error();
    bt_plugin_put_ref(plugin);
    free(reader);
    trace_dirs_clear(&dirs);
    return error;
}
