"""Writes small CTF 1.8 traces with preflame's events and exactly known contents."""

import os
import struct

HEAD = """/* CTF 1.8 */
typealias integer { size = 8; align = 8; signed = false; } := u8;
typealias integer { size = 32; align = 8; signed = false; } := u32;
typealias integer { size = 32; align = 8; signed = true; } := i32;
typealias integer { size = 64; align = 8; signed = false; } := u64;
typealias integer { size = 64; align = 8; signed = true; } := i64;
typealias floating_point { exp_dig = 11; mant_dig = 53; align = 8; byte_order = le; } := f64;
trace { major = 1; minor = 8; byte_order = le; packet.header := struct { u32 magic; u32 stream_id; }; };
clock { name = monotonic; freq = 1000000000; offset = %d; };
typealias integer { size = 64; align = 8; signed = false; map = clock.monotonic.value; } := clock_t;
stream {
  id = 0;
  event.header := struct { u32 id; clock_t timestamp; };
  event.context := struct { i32 vpid; i32 vtid; };
  packet.context := struct { clock_t timestamp_begin; clock_t timestamp_end; u64 content_size; u64 packet_size;
                             u64 events_discarded; };
};
"""

INTEGERS = {"u8": "<B", "u32": "<I", "i32": "<i", "u64": "<Q", "i64": "<q", "f64": "<d"}

# The provider's events: name -> fields. "u64[]" is a sequence, "str" a string.
EVENTS = {
    "process": "pid:i32 ppid:i32 start_ns:i64 mono_ns:i64 real_ns:i64 exe:str cmdline:str",
    "module": "base:u64 size:u64 file_offset:u64 path:str build_id:u8[]",
    "stack": "id:u32 pcs:u64[]",
    "thread_create": "pthread:u64 entry:u64 result:i32 stack:u32",
    "thread_start": "pthread:u64 parent_tid:i32 entry:u64 name:str",
    "thread_exit": "pthread:u64",
    "thread_name": "tid:i32 name:str",
    "thread_status": "tid:i32 pthread:u64 reason:i32 object:u64 since_ns:i64 stack:u32 name:str",
    "block": "reason:u8 object:u64 timeout_ns:i64 stack:u32",
    "unblock": "reason:u8 object:u64 result:i64 duration_ns:i64 stack:u32",
    "wake": "reason:u8 object:u64 waiters:u32 stack:u32",
    "syscall": "number:i32 result:i64 duration_ns:i64 stack:u32",
    "sample": "weight_ns:i64 stack:u32",
    "task_begin": "task:u64 parent:u64 name:str stack:u32",
    "task_end": "task:u64",
    "region_begin": "task:u64 name:str stack:u32",
    "region_end": "task:u64 name:str",
    "log": "task:u64 category:str message:str stack:u32",
    "counter": "name:str value:f64",
    "loss": "dropped_samples:u64 dropped_stacks:u64 truncated_stacks:u64",
}


def parse_fields(text):
    return [tuple(field.split(":")) for field in text.split()]


def declare_event(number, name):
    lines = []
    for field, kind in parse_fields(EVENTS[name]):
        if kind == "str":
            lines.append("string _%s;" % field)
        elif kind.endswith("[]"):
            lines.append("u8 __%s_length; %s _%s[__%s_length];" % (field, kind[:-2], field, field))
        else:
            lines.append("%s _%s;" % (kind, field))
    return 'event { name = "preflame:%s"; id = %d; stream_id = 0; fields := struct { %s }; };\n' % (
        name, number, " ".join(lines))


def encode_value(kind, value):
    if kind == "str":
        return (value if isinstance(value, bytes) else value.encode()) + b"\0"
    if kind.endswith("[]"):
        return bytes([len(value)]) + b"".join(struct.pack(INTEGERS[kind[:-2]], item) for item in value)
    return struct.pack(INTEGERS[kind], value)


class Stream:
    """Events of one stream, in one packet."""

    def __init__(self):
        self.content = b""
        self.first_ns = None
        self.last_ns = 0

    def add(self, time_ns, vpid, vtid, event, /, **values):
        number = list(EVENTS).index(event)
        self.content += struct.pack("<IQii", number, time_ns, vpid, vtid)
        for field, kind in parse_fields(EVENTS[event]):
            default = "" if kind == "str" else [] if kind.endswith("[]") else 0
            self.content += encode_value(kind, values.pop(field, default))
        assert not values, "unknown fields: %s" % values
        self.first_ns = time_ns if self.first_ns is None else self.first_ns
        self.last_ns = time_ns

    def packet(self, discarded):
        head_bytes = 8 + 5 * 8
        bits = 8 * (head_bytes + len(self.content))
        return struct.pack("<IIQQQQQ", 0xC1FC1FC1, 0, self.first_ns or 0, self.last_ns, bits, bits,
                           discarded) + self.content


def write_trace(folder, streams, discarded=0, offset_s=1000):
    """Writes one trace; `discarded` events are claimed lost by a second, empty packet of the first stream."""
    os.makedirs(folder)
    with open(os.path.join(folder, "metadata"), "w", encoding="ascii") as out:
        out.write(HEAD % offset_s)
        for number, name in enumerate(EVENTS):
            out.write(declare_event(number, name))
    for number, stream in enumerate(streams):
        with open(os.path.join(folder, "stream_%d" % number), "wb") as out:
            out.write(stream.packet(0))
            if discarded and number == 0:
                more = Stream()
                more.first_ns = more.last_ns = stream.last_ns + 1
                out.write(more.packet(discarded))
