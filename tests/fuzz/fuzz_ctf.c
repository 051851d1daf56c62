/* Any bytes as a CTF trace: two of a length, the metadata, and a stream file. Babeltrace may refuse it, and
 * may abort in the child that tries it; the reader goes on. */
#include "viewer/ctf/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Babeltrace keeps what it had when it refused. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

static char folder[] = "/tmp/preflame-fuzz-XXXXXX";
static char metadata_path[sizeof(folder) + 16], stream_path[sizeof(folder) + 16];

static void remove_folder(void)
{
    unlink(metadata_path);
    unlink(stream_path);
    rmdir(folder);
}

static void make_folder(void)
{
    if (metadata_path[0])
        return;
    if (!mkdtemp(folder))
        abort();
    snprintf(metadata_path, sizeof(metadata_path), "%s/metadata", folder);
    snprintf(stream_path, sizeof(stream_path), "%s/stream", folder);
    atexit(remove_folder);
}

static void write_file(const char *path, const uint8_t *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    close(fd);
}

static void on_event(void *context, const struct trace_event *event)
{
    trace_event(context, event);
}

static void on_lost(void *context, const struct trace_loss *loss)
{
    trace_lose(context, loss);
}

static void on_warning(void *context, const char *what, const char *why)
{
    (void)context;
    if (!what || !why)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t metadata_size = data[0] | (size_t)data[1] << 8;
    if (metadata_size > size - 2)
        metadata_size = size - 2;
    make_folder();
    write_file(metadata_path, data + 2, metadata_size);
    write_file(stream_path, data + 2 + metadata_size, size - 2 - metadata_size);
    struct trace trace;
    trace_init(&trace);
    struct reader_calls calls = {on_event, on_lost, on_warning, &trace};
    struct reader_result result;
    int error = reader_run(folder, true, &calls, &result);
    if (!error && !result.read_traces)
        abort();
    if (trace_finish(&trace) > 0)
        abort();
    trace_clear(&trace);
    return 0;
}
