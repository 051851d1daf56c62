/* Any events as a trace: the model adds them up and every format writes them, whatever they claim. */
#include "viewer/formats/format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OUTPUT_MAX ((size_t)64 << 20)
#define NUMBERS_MAX 16
#define TEXT_MAX 24

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *at, *end;
};

static uint8_t byte(struct input *in)
{
    return in->at < in->end ? *in->at++ : 0;
}

/* Mostly small, sometimes anything. */
static uint64_t number(struct input *in)
{
    uint8_t first = byte(in);
    uint64_t value = 0;
    if (first < 0xf0)
        return first;
    for (unsigned i = 0; i < 8; i++)
        value |= (uint64_t)byte(in) << (8 * i);
    return first == 0xff ? ~value : value;
}

static const char *text(struct input *in, char *room)
{
    unsigned length = byte(in) % TEXT_MAX;
    for (unsigned i = 0; i < length; i++)
        room[i] = (char)byte(in);
    room[length] = 0;
    return room;
}

static void feed(struct trace *t, struct input *in, int64_t *time_ns)
{
    char texts[4][TEXT_MAX];
    uint64_t numbers[NUMBERS_MAX];
    struct trace_event event = {.kind = (enum trace_event_kind)(byte(in) % (TRACE_LOSS + 1)),
                                .full_name = "preflame:x"};
    uint64_t later_ns = number(in);
    if (later_ns > (uint64_t)(INT64_MAX - *time_ns))
        later_ns = 0;
    event.time_ns = *time_ns += (int64_t)later_ns; /* readers sort */
    int64_t *const signed_fields[] = {
        &event.vpid,       &event.vtid,           &event.pid,         &event.ppid,     &event.tid,
        &event.parent_tid, &event.start_ns,       &event.mono_ns,     &event.real_ns,  &event.result,
        &event.reason,     &event.timeout_ns,     &event.duration_ns, &event.since_ns, &event.number,
        &event.weight_ns,  &event.clock_offset_ns};
    uint64_t *const fields[] = {&event.base,
                                &event.size,
                                &event.file_offset,
                                &event.pthread,
                                &event.entry,
                                &event.object,
                                &event.id,
                                &event.stack,
                                &event.waiters,
                                &event.dropped_samples,
                                &event.dropped_stacks,
                                &event.truncated_stacks};
    for (size_t i = 0; i < ARRAY_SIZE(signed_fields); i++)
        *signed_fields[i] = (int64_t)number(in);
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        *fields[i] = number(in);
    event.exe = text(in, texts[0]);
    event.cmdline = text(in, texts[1]);
    event.path = text(in, texts[2]);
    event.name = text(in, texts[3]);
    event.number_count = byte(in) % NUMBERS_MAX;
    for (size_t i = 0; i < event.number_count; i++)
        numbers[i] = number(in);
    event.numbers = numbers;
    trace_event(t, &event);
}

/* Addresses stay without names. */
static int symbolize_nothing(const struct profile *in, struct profile **ret)
{
    (void)in;
    (void)ret;
    return -ENOENT;
}

static void write_all(const struct report *report)
{
    const struct format_options options = {.width_px = 1200, .max_boxes = SVG_MAX_BOXES, .max_rows = 20};
    for (const struct format *format = formats; format->name; format++) {
        struct bytes out CLEANUP(bytes_clear);
        bytes_init(&out, OUTPUT_MAX);
        (void)format->write(report, &options, &out);
        if (out.len > OUTPUT_MAX)
            abort();
    }
}

static void show(struct trace *t)
{
    struct resolved resolved = {0};
    struct report report = {
        .title = "fuzz", .names = &t->names, .trace = t, .resolved = &resolved, .graph_count = 2};
    int error = resolve_trace(t, symbolize_nothing, &resolved);
    for (size_t i = 0; i < 2; i++) {
        report.graphs[i] =
            (struct graph){.title = "time", .key = "time", .unit = "nanoseconds", .is_waiting = i == 1};
        tree_init(&report.graphs[i].tree, &t->names, TREE_MAX_NODES);
        error = error ? error : tree_add_trace(&report.graphs[i].tree, &resolved, t, i == 1);
        error = error ? error : tree_finish(&report.graphs[i].tree);
    }
    if (!error)
        write_all(&report);
    for (size_t i = 0; i < 2; i++)
        tree_clear(&report.graphs[i].tree);
    resolved_clear(&resolved);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, data + size};
    struct trace trace;
    int64_t time_ns = 0;
    trace_init(&trace);
    trace.wants_moments = true;
    while (in.at < in.end)
        feed(&trace, &in, &time_ns);
    if (trace_finish(&trace) == 0)
        show(&trace);
    trace_clear(&trace);
    return 0;
}
