/* Packets by protobuf-c. A file is packets behind each other: each is written as a message that holds one. */
#include "viewer/formats/perfetto_out.h"

#include "perfetto.pb-c.h"

#include <errno.h>
#include <stdlib.h>

#define SEQUENCE 1
#define FLAGS_BEGIN 1
#define FLAGS_USE 2
#define MAPPING 1 /* one for all frames: names are all that is known of them here */

typedef Preflame__Perfetto__Packet wire_packet;
typedef Preflame__Perfetto__TrackEvent wire_event;
typedef Preflame__Perfetto__TrackDescriptor wire_track;
typedef Preflame__Perfetto__Annotation wire_annotation;
typedef Preflame__Perfetto__InternedData wire_interned;
typedef Preflame__Perfetto__InternedString wire_string;
typedef Preflame__Perfetto__Frame wire_frame;

static void put_packet(struct perfetto_out *o, wire_packet *packet)
{
    Preflame__Perfetto__Trace file = PREFLAME__PERFETTO__TRACE__INIT;
    packet->has_sequence = true;
    packet->sequence = SEQUENCE;
    if (!packet->has_flags)
        packet->flags = FLAGS_USE;
    packet->has_flags = true;
    file.n_packet = 1;
    file.packet = &packet;
    size_t len = preflame__perfetto__trace__get_packed_size(&file);
    uint8_t *to = bytes_reserve(o->out, len);
    if (to)
        o->out->len += preflame__perfetto__trace__pack(&file, to);
    else
        o->error = o->out->error;
}

/* Texts live as long as the call; the generated code knows no const. */
static char *text_of(const char *text)
{
    return (char *)(uintptr_t)text;
}

static wire_string string_of(uint64_t iid, const char *text)
{
    wire_string string = PREFLAME__PERFETTO__INTERNED_STRING__INIT;
    string.has_iid = string.has_text = true;
    string.iid = iid;
    string.text = (ProtobufCBinaryData){__builtin_strlen(text), (uint8_t *)text_of(text)};
    return string;
}

static void put_interned(struct perfetto_out *o, wire_interned *interned, uint32_t flags)
{
    wire_packet packet = PREFLAME__PERFETTO__PACKET__INIT;
    packet.interned = interned;
    packet.has_flags = true;
    packet.flags = flags;
    put_packet(o, &packet);
}

void perfetto_init(struct perfetto_out *o, struct bytes *out)
{
    *o = (struct perfetto_out){.out = out};
    wire_interned interned = PREFLAME__PERFETTO__INTERNED_DATA__INIT;
    wire_string nothing = string_of(MAPPING, ""), path = string_of(MAPPING, "preflame");
    Preflame__Perfetto__Mapping mapping = PREFLAME__PERFETTO__MAPPING__INIT;
    mapping.has_iid = mapping.has_build_id = true;
    mapping.iid = mapping.build_id = MAPPING;
    mapping.n_path = 1;
    mapping.path = (uint64_t[]){MAPPING};
    interned.n_build_id = interned.n_path = interned.n_mapping = 1;
    interned.build_id = (wire_string *[]){&nothing};
    interned.path = (wire_string *[]){&path};
    interned.mapping = (Preflame__Perfetto__Mapping *[]){&mapping};
    put_interned(o, &interned, FLAGS_BEGIN);
}

void perfetto_clear(struct perfetto_out *o)
{
    map_clear(&o->callstacks);
    map_clear(&o->names);
}

static void put_descriptor(struct perfetto_out *o, uint64_t uuid, wire_track *track)
{
    wire_packet packet = PREFLAME__PERFETTO__PACKET__INIT;
    track->has_uuid = true;
    track->uuid = uuid;
    packet.track = track;
    put_packet(o, &packet);
}

void perfetto_put_process(struct perfetto_out *o, uint64_t uuid, int32_t pid, const char *name)
{
    wire_track track = PREFLAME__PERFETTO__TRACK_DESCRIPTOR__INIT;
    Preflame__Perfetto__ProcessDescriptor process = PREFLAME__PERFETTO__PROCESS_DESCRIPTOR__INIT;
    process.has_pid = true;
    process.pid = pid;
    process.name = text_of(name);
    track.process = &process;
    put_descriptor(o, uuid, &track);
}

void perfetto_put_thread(struct perfetto_out *o, uint64_t uuid, int32_t pid, int32_t tid, const char *name)
{
    wire_track track = PREFLAME__PERFETTO__TRACK_DESCRIPTOR__INIT;
    Preflame__Perfetto__ThreadDescriptor thread = PREFLAME__PERFETTO__THREAD_DESCRIPTOR__INIT;
    thread.has_pid = thread.has_tid = true;
    thread.pid = pid;
    thread.tid = tid;
    thread.name = text_of(name);
    track.thread = &thread;
    put_descriptor(o, uuid, &track);
}

void perfetto_put_track(struct perfetto_out *o, uint64_t uuid, uint64_t parent, const char *name,
                        bool is_counter)
{
    wire_track track = PREFLAME__PERFETTO__TRACK_DESCRIPTOR__INIT;
    Preflame__Perfetto__CounterDescriptor counter = PREFLAME__PERFETTO__COUNTER_DESCRIPTOR__INIT;
    track.has_parent = true;
    track.parent = parent;
    track.name = text_of(name);
    track.counter = is_counter ? &counter : NULL;
    put_descriptor(o, uuid, &track);
}

static wire_annotation annotation_of(const struct perfetto_annotation *from)
{
    wire_annotation annotation = PREFLAME__PERFETTO__ANNOTATION__INIT;
    annotation.name = text_of(from->name);
    annotation.text = text_of(from->text);
    annotation.has_signed_number = !from->text;
    annotation.signed_number = from->number;
    return annotation;
}

void perfetto_put_event(struct perfetto_out *o, const struct perfetto_event *event)
{
    wire_packet packet = PREFLAME__PERFETTO__PACKET__INIT;
    wire_event wire = PREFLAME__PERFETTO__TRACK_EVENT__INIT;
    wire_annotation annotations[PERFETTO_ANNOTATIONS], *list[PERFETTO_ANNOTATIONS];
    char *category = text_of(event->category);
    uint64_t flow = event->flow, flow_end = event->flow_end;
    for (size_t i = 0; i < event->annotation_count; i++) {
        annotations[i] = annotation_of(&event->annotations[i]);
        list[i] = &annotations[i];
    }
    wire.n_annotation = event->annotation_count;
    wire.annotation = list;
    wire.has_type = wire.has_track = true;
    wire.type = (Preflame__Perfetto__TrackEvent__Type)event->type;
    wire.track = event->track;
    wire.n_category = category != NULL;
    wire.category = &category;
    wire.name = text_of(event->name);
    wire.n_flow = flow != 0;
    wire.flow = &flow;
    wire.n_flow_end = flow_end != 0;
    wire.flow_end = &flow_end;
    wire.has_callstack = event->callstack != 0;
    wire.callstack = event->callstack;
    wire.has_level = event->type == PERFETTO_COUNTER;
    wire.level = event->level;
    packet.has_timestamp = true;
    packet.timestamp = (uint64_t)event->time_ns;
    packet.event = &wire;
    put_packet(o, &packet);
}

static uint32_t number_of(struct perfetto_out *o, struct map *map, const uint32_t *key, size_t size,
                          uint32_t *count, int *ret_is_new)
{
    uint32_t *stored;
    *ret_is_new = 0;
    if (map_add(map, key, size, *count + 1, &stored, ret_is_new)) {
        o->error = -ENOMEM;
        return 0;
    }
    *count += *ret_is_new != 0;
    return *stored;
}

/* A function and a frame of the same number. */
static uint64_t frame_of(struct perfetto_out *o, const struct report *report, uint32_t name)
{
    int is_new;
    uint32_t iid = number_of(o, &o->names, &name, sizeof(name), &o->name_count, &is_new);
    if (!is_new)
        return iid;
    wire_interned interned = PREFLAME__PERFETTO__INTERNED_DATA__INIT;
    wire_string function = string_of(iid, names_text(report->names, name));
    wire_frame frame = PREFLAME__PERFETTO__FRAME__INIT;
    frame.has_iid = frame.has_function = frame.has_mapping = frame.has_address = true;
    frame.iid = frame.function = frame.address = iid;
    frame.mapping = MAPPING;
    interned.n_function = interned.n_frame = 1;
    interned.function = (wire_string *[]){&function};
    interned.frame = (wire_frame *[]){&frame};
    put_interned(o, &interned, FLAGS_USE);
    return iid;
}

static void put_callstack(struct perfetto_out *o, uint32_t iid, uint64_t *frames, size_t count)
{
    wire_interned interned = PREFLAME__PERFETTO__INTERNED_DATA__INIT;
    Preflame__Perfetto__Callstack callstack = PREFLAME__PERFETTO__CALLSTACK__INIT;
    callstack.has_iid = true;
    callstack.iid = iid;
    callstack.n_frame = count;
    callstack.frame = frames;
    interned.n_callstack = 1;
    interned.callstack = (Preflame__Perfetto__Callstack *[]){&callstack};
    put_interned(o, &interned, FLAGS_USE);
}

uint64_t perfetto_callstack(struct perfetto_out *o, const struct report *report, uint32_t process,
                            uint32_t stack)
{
    const uint32_t key[] = {process, stack};
    int is_new;
    if (!stack)
        return 0;
    uint32_t iid = number_of(o, &o->callstacks, key, sizeof(key), &o->callstack_count, &is_new);
    if (!is_new)
        return iid;
    struct frame *frames = malloc(TREE_MAX_DEPTH * sizeof(*frames));
    uint64_t *iids = malloc(TREE_MAX_DEPTH * sizeof(*iids));
    if (frames && iids) {
        size_t count =
            resolved_stack(report->resolved, report->trace, process, stack, frames, TREE_MAX_DEPTH);
        for (size_t i = 0; i < count; i++)
            iids[i] = frame_of(o, report, frames[i].name);
        put_callstack(o, iid, iids, count);
    } else {
        o->error = -ENOMEM;
    }
    free(frames);
    free(iids);
    return iid;
}
