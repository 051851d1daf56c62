"""Every lock, condition and thread call in a trace: its event, reason, object and result, in the order they came."""

import json

import trace_reader
from conftest import program

SHORTEST_NS = 20_000_000  # each wait lasts longer, and nothing else does that the main thread shows
BUSY = -16


def told(event):
    """(event, reason, object, result or waiters) in the program's terms; None for what it doesn't list."""
    fields = event.fields
    if event.name == "unblock" and (fields["duration_ns"] >= SHORTEST_NS or fields["result"] == BUSY):
        return event.name, fields["reason"], fields["object"], fields["result"]
    if event.name == "wake":
        return event.name, fields["reason"], fields["object"], fields["waiters"]
    if event.name == "thread_detach":
        return event.name, 0, fields["pthread"], 0
    if event.name == "thread_name" and fields["name"] == "named by each":
        return event.name, 0, 0, 0
    return None


def test_each_call_is_told_as_what_it_is(runner):
    outcome, folder = runner.record([program("each_lock")], "--no-cpu")
    assert outcome.status == 0, outcome.stderr
    expected = json.loads(outcome.stdout)
    events, lost = trace_reader.read(folder)
    assert lost == 0
    seen = [line for event in events if event.tid == event.pid and (line := told(event))]
    wrong = [(row["call"], row, got) for row, got in zip(expected, seen)
             if (row["event"], row["reason"], row["object"], row["value"]) != got]
    assert wrong[:1] == []
    assert len(seen) == len(expected)
