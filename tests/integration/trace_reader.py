"""Traces as lists of plain events, read by babeltrace2's own library."""

import re
from dataclasses import dataclass
from pathlib import Path

WAIT_HEADER = Path(__file__).resolve().parents[2] / "runtime" / "base" / "wait.h"


@dataclass
class Event:
    name: str  # without the provider
    time_ns: int
    pid: int
    tid: int
    fields: dict


def wait_reasons():
    """number -> name, from the one table that all share."""
    rows = re.findall(r'X\(\w+, (\d+), "(\w+)"\)', WAIT_HEADER.read_text())
    assert len(rows) > 20, "the table of reasons has moved"
    return {int(number): name for number, name in rows}


def plain(value):
    import bt2

    if isinstance(value, bt2._BoolFieldConst):
        return bool(value)
    if isinstance(value, bt2._IntegerFieldConst):
        return int(value)
    if isinstance(value, bt2._RealFieldConst):
        return float(value)
    if isinstance(value, bt2._StringFieldConst):
        return str(value)
    if isinstance(value, bt2._ArrayFieldConst):
        return [plain(item) for item in value]
    raise TypeError(f"a field of an unforeseen kind: {type(value)}")


def read(folder):
    """All events of a trace folder, in time order, and how many were lost."""
    import bt2

    events, lost = [], 0
    for item in bt2.TraceCollectionMessageIterator(str(folder)):
        if isinstance(item, (bt2._DiscardedEventsMessageConst, bt2._DiscardedPacketsMessageConst)):
            lost += item.count or 1
        if not isinstance(item, bt2._EventMessageConst):
            continue
        event = item.event
        provider, _, name = event.name.partition(":")
        if provider != "preflame":
            continue
        context = event.common_context_field
        events.append(Event(name, item.default_clock_snapshot.value, int(context["vpid"]), int(context["vtid"]),
                            {key: plain(value) for key, value in event.payload_field.items()}))
    return events, lost
