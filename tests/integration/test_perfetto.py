"""Perfetto's own format: protoc decodes it, and it holds every track, slice, flow, counter and callstack of known traces."""

import json
import re
import subprocess

import perfetto_reader
import pytest
import trace_reader
from conftest import COMMAND, ROOT, measured, program
from ctf_writer import Stream, write_trace
from test_user_events import odd_stream
from test_view_time import overlapping

REQUESTS = 8


def converted(trace, folder):
    path = folder / "x.pftrace"
    done = subprocess.run([COMMAND, "view", trace, "-o", path], capture_output=True, text=True, timeout=80)
    assert done.returncode == 0, done.stderr
    return path, perfetto_reader.read(path)


def flows_of(trace):
    """(waker's tid, woken's tid, time of the wake, the wait's slice) of every flow."""
    starts = {number: event for event in trace.events for number in event.flows}
    ends = {number: row for row in trace.slices for number in row.end.flow_ends}
    assert starts.keys() == ends.keys()
    return [(trace.tid(starts[number].track), trace.tid(ends[number].track), starts[number].time_ns, ends[number])
            for number in starts]


def known_stream(folder):
    """Two threads: a mutex's wait that the other ends, with a call around nothing and a sample."""
    stream = Stream()
    stream.add(1000, 7, 7, "process", pid=7, exe="/bin/x", cmdline="x")
    stream.add(1000, 7, 8, "thread_start", parent_tid=7, name="other")
    stream.add(1100, 7, 7, "region_begin", task=0, name="r")
    stream.add(2000, 7, 7, "block", reason=1, object=0x40, timeout_ns=-1, stack=0)
    stream.add(2500, 7, 8, "wake", reason=1, object=0x40, waiters=1, stack=0)
    stream.add(3000, 7, 7, "unblock", reason=1, object=0x40, result=0, duration_ns=1000, stack=0)
    stream.add(4000, 7, 7, "syscall", number=1, result=5, duration_ns=400, stack=0)
    stream.add(4100, 7, 7, "region_end", task=0, name="r")
    stream.add(5000, 7, 8, "sample", weight_ns=10, stack=0)
    stream.add(6000, 7, 8, "block", reason=11, object=0, timeout_ns=-1, stack=0)
    stream.add(7000, 7, 7, "counter", name="c", value=-2.5)
    write_trace(folder, [stream])


def test_a_known_trace_to_the_nanosecond(tmp_path):
    known_stream(tmp_path / "known")
    path, trace = converted(tmp_path / "known", tmp_path)
    names = {uuid: (kind, name) for uuid, (kind, name, *_) in trace.tracks.items()}
    assert sorted(names.values()) == [("counter", "c"), ("process", "x"), ("thread", "other"), ("thread", "x"),
                                      ("track", "CPU samples")]
    assert [(row.category, row.name, row.start_ns, row.end_ns, row.depth, trace.tid(row.track)) for row in trace.slices] == [
        ("wait", "mutex", 1000, 2000, 1, 7), ("syscall", "write", 2600, 3000, 1, 7), ("region", "r", 100, 3100, 0, 7)]
    assert [(event.name, event.time_ns) for event in trace.open_slices] == [("sleep", 5000)]
    (waker, woken, time_ns, wait), = flows_of(trace)
    assert (waker, woken, time_ns, wait.name, wait.begin.notes) == (8, 7, 1500, "mutex", {"object": "0x40"})
    assert wait.end.notes == {"waker": 8}
    assert [(event.level, event.time_ns) for event in trace.events if event.kind == 4] == [(-2.5, 6000)]
    assert [event.notes for event in trace.events if event.category == "cpu"] == [{"ns": 10}]
    decoded = subprocess.run(["protoc", f"--proto_path={ROOT / 'viewer' / 'formats'}", "perfetto.proto",
                              "--decode=preflame.perfetto.Trace"], input=path.read_bytes(), capture_output=True, timeout=60)
    assert decoded.returncode == 0, decoded.stderr
    # What the schema doesn't name is shown by its number.
    assert not re.search(rb"^\s*\d+[: {]", decoded.stdout, re.M)
    assert decoded.stdout.count(b"type: SLICE_BEGIN") == 4 and decoded.stdout.count(b"type: SLICE_END") == 3


@pytest.mark.parametrize("make", [odd_stream, overlapping])
def test_a_trace_that_contradicts_itself_makes_a_file_that_does_not(tmp_path, make):
    make(tmp_path / "odd")
    _, trace = converted(tmp_path / "odd", tmp_path)  # the reader checks that ends match
    assert trace.slices


@measured
def test_what_a_program_tells_is_all_there(runner, tmp_path):
    outcome, folder = runner.record([program("user_known"), REQUESTS], "--no-cpu")
    assert outcome.status == 0, outcome.stderr
    truth = json.loads(outcome.stdout)
    _, trace = converted(folder, tmp_path)
    for category, name in (("task", "request"), ("region", "serve"), ("region", "parse")):
        rows = trace.of(category, name)
        assert len(rows) == REQUESTS
        assert sum(row.end_ns - row.start_ns for row in rows) == pytest.approx(truth[name], rel=0.01), name
    assert len({row.track for row in trace.of("task")}) == REQUESTS + 1
    # Every region holds its waits: two sleeps, of which the first lies in `parse`.
    serves, sleeps = trace.of("region", "serve"), trace.of("wait", "sleep")
    for serve in serves:
        within = [row for row in sleeps if row.track == serve.track]
        assert [row.depth for row in within] == [2, 2]
        assert all(serve.start_ns <= row.start_ns and row.end_ns <= serve.end_ns for row in within)
        assert serve.begin.stack and any("serve" in frame for frame in serve.begin.stack)
    logs = [event for event in trace.events if event.category == "log"]
    assert [event.notes["message"] for event in logs] == [f"GET /{number}" for number in range(REQUESTS)]
    assert [event.level for event in trace.events if event.kind == 4] == [1.5 * number for number in range(REQUESTS)]


def test_a_convoys_waits_and_wakes_are_all_there(runner, tmp_path):
    outcome, folder = runner.record([program("contention_known"), 4, 20, 500], "--cpu-hz=1000")
    assert outcome.status == 0, outcome.stderr
    events, lost = trace_reader.read(folder)
    assert lost == 0
    reasons = trace_reader.wait_reasons()
    _, trace = converted(folder, tmp_path)
    threads = {event.tid for event in events}
    assert threads <= {tid for kind, _, _, tid, _ in trace.tracks.values() if kind == "thread"}
    mutexes = [event for event in events if event.name == "unblock" and reasons[event.fields["reason"]] == "mutex"]
    slices = trace.of("wait", "mutex")
    assert sorted((trace.tid(row.track), row.end_ns - row.start_ns) for row in slices) == \
        sorted((event.tid, event.fields["duration_ns"]) for event in mutexes)
    assert all("take" in row.begin.stack and row.begin.stack[0] in ("_start", "__clone3") for row in slices)
    flows = flows_of(trace)
    assert len([flow for flow in flows if flow[3].name == "mutex"]) > 0.9 * len(slices)
    for waker, woken, time_ns, wait in flows:
        assert waker != woken and wait.start_ns <= time_ns <= wait.end_ns
    samples = [event for event in events if event.name == "sample"]
    assert len([event for event in trace.events if event.category == "cpu"]) <= len(samples)
