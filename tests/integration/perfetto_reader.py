"""Reads Perfetto's trace files by their published field numbers: tracks, slices, instants, flows, counters, callstacks."""

import struct
from dataclasses import dataclass, field

import pprof_reader
from pprof_reader import one, signed


def message(data):
    return pprof_reader.message(data, has_fixed=True)


def text(fields, number):
    return one(fields, number, b"").decode(errors="replace")


@dataclass
class Event:
    time_ns: int
    kind: int  # 1 begin, 2 end, 3 instant, 4 counter
    track: int
    category: str
    name: str
    flows: list
    flow_ends: list
    level: float
    stack: list  # names, root first
    notes: dict


@dataclass
class Slice:
    track: int
    category: str
    name: str
    start_ns: int
    end_ns: int
    depth: int
    begin: Event
    end: Event


@dataclass
class Trace:
    tracks: dict = field(default_factory=dict)  # uuid -> (kind, name, pid, tid, parent)
    events: list = field(default_factory=list)  # by time
    slices: list = field(default_factory=list)
    open_slices: list = field(default_factory=list)

    def of(self, category, name=None):
        return [row for row in self.slices if row.category == category and name in (None, row.name)]

    def tid(self, uuid):
        return self.tracks[uuid][3]


class Reader:
    def __init__(self):
        self.trace = Trace()
        self.functions, self.frames, self.callstacks, self.mappings = {}, {}, {}, {}

    def descriptor(self, data):
        fields = message(data)
        kind, name, pid, tid = "track", text(fields, 2), None, None
        if 3 in fields:
            process = message(one(fields, 3))
            kind, name, pid = "process", text(process, 6), one(process, 1)
        elif 4 in fields:
            thread = message(one(fields, 4))
            kind, name, pid, tid = "thread", text(thread, 5), one(thread, 1), one(thread, 2)
        elif 8 in fields:
            kind = "counter"
        assert one(fields, 1) not in self.trace.tracks, "a track is told of once"
        self.trace.tracks[one(fields, 1)] = (kind, name, pid, tid, one(fields, 5, None))

    def interned(self, data):
        fields = message(data)
        for row in map(message, fields.get(19, [])):
            self.mappings[one(row, 1)] = row
        for row in map(message, fields.get(5, [])):
            self.functions[one(row, 1)] = text(row, 2)
        for row in map(message, fields.get(6, [])):
            assert one(row, 3) in self.mappings
            self.frames[one(row, 1)] = self.functions[one(row, 2)]
        for row in map(message, fields.get(7, [])):
            self.callstacks[one(row, 1)] = [self.frames[iid] for iid in row.get(2, [])]

    def event(self, time_ns, data):
        fields = message(data)
        notes = {}
        for note in map(message, fields.get(4, [])):
            notes[text(note, 10)] = signed(one(note, 4)) if 4 in note else text(note, 6)
        level = struct.unpack("<d", struct.pack("<Q", one(fields, 44)))[0] if 44 in fields else None
        stack = self.callstacks[one(fields, 56)] if 56 in fields else []
        assert one(fields, 11) in self.trace.tracks, "an event of a track that nobody told of"
        self.trace.events.append(Event(time_ns, one(fields, 9), one(fields, 11), text(fields, 22), text(fields, 23),
                                       fields.get(47, []), fields.get(48, []), level, stack, notes))

    def packet(self, data):
        fields = message(data)
        assert one(fields, 10) == 1, "one sequence, to which interned data belongs"
        if 60 in fields:
            self.descriptor(one(fields, 60))
        if 12 in fields:
            self.interned(one(fields, 12))
        if 11 in fields:
            self.event(one(fields, 8), one(fields, 11))

    def match(self):
        """Ends end the innermost slice of their track, as Perfetto reads them."""
        open_slices = {}
        self.trace.events.sort(key=lambda event: event.time_ns)
        for event in self.trace.events:
            stack = open_slices.setdefault(event.track, [])
            if event.kind == 1:
                stack.append(event)
            elif event.kind == 2:
                begin = stack.pop()
                assert event.name in ("", begin.name), "an end of another slice"
                self.trace.slices.append(Slice(event.track, begin.category, begin.name, begin.time_ns, event.time_ns,
                                               len(stack), begin, event))
        self.trace.open_slices = [begin for stack in open_slices.values() for begin in stack]


def read(path):
    reader = Reader()
    packets = message(path.read_bytes())
    assert set(packets) == {1}
    for packet in packets[1]:
        reader.packet(packet)
    reader.match()
    return reader.trace
