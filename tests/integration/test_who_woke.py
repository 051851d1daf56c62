"""Every wait of a program in which each is known: how many, how long, and which thread ended it."""

import json
import subprocess

import perfetto_reader
import pytest
from conftest import COMMAND, measured, program

ROUNDS = 10
# Every known wait lasts longer. A write to a pipe or a read from one that was preempted is told as a wait too.
SHORTEST_NS = {"pipe": 2_000_000, "net_read": 2_000_000}


def recorded(runner, tmp_path):
    """(what the program measured, what its trace tells)"""
    outcome, folder = runner.record([program("woken_known"), ROUNDS], "--no-cpu")
    assert outcome.status == 0, outcome.stderr
    path = tmp_path / "woken.pftrace"
    done = subprocess.run([COMMAND, "view", folder, "-o", path], capture_output=True, text=True, timeout=80)
    assert done.returncode == 0, done.stderr
    return json.loads(outcome.stdout), perfetto_reader.read(path)


def waits_of(trace, tid, reason):
    return [row for row in trace.of("wait", reason) if trace.tid(row.track) == tid
            and row.end_ns - row.start_ns >= SHORTEST_NS.get(reason, 0)]


def wakes_of(trace, waits):
    """The wakes that ended these waits, in their order."""
    by_flow = {flow: event for event in trace.events if event.category == "wake" for flow in event.flows}
    return [by_flow[flow] for row in waits for flow in row.end.flow_ends]


@measured
def test_every_wait_is_counted_and_its_wake_names_the_right_thread(runner, tmp_path):
    truth, trace = recorded(runner, tmp_path)
    for side in (0, 1):
        tid, other = truth["tids"][side], truth["tids"][1 - side]
        assert len(truth["ways"]) > 10
        for reason in {way[0] for way in truth["ways"]}:
            known = [way[1 + side] for way in truth["ways"] if way[0] == reason]
            waits = waits_of(trace, tid, reason)
            assert len(waits) == ROUNDS * len(known), (reason, side)
            assert [row.end.notes.get("waker") for row in waits] == [other] * len(waits), (reason, side)
            assert sum(row.end_ns - row.start_ns for row in waits) == pytest.approx(sum(known), rel=0.01), (reason, side)
            for wake in wakes_of(trace, waits):
                assert any("take_turns" in name for name in wake.stack), (reason, wake.stack)


@measured
def test_a_join_ends_with_the_thread_and_at_its_function(runner, tmp_path):
    truth, trace = recorded(runner, tmp_path)
    joins = waits_of(trace, truth["main"], "join")[2:2 + ROUNDS]  # behind those of the two that took turns
    assert [row.end.notes.get("waker") for row in joins] == [tid for tid, _ in truth["joins"]]
    assert sum(row.end_ns - row.start_ns for row in joins) == pytest.approx(sum(ns for _, ns in truth["joins"]), rel=0.01)
    for wake in wakes_of(trace, joins):
        assert len(wake.stack) == 1 and "end_while_joined" in wake.stack[0]


@measured
def test_what_a_number_meant_before_wakes_nobody(runner, tmp_path):
    truth, trace = recorded(runner, tmp_path)
    known = {truth["main"], *truth["tids"], *(tid for tid, _ in truth["joins"])}
    others = [row for row in trace.of("wait", "net_read") if trace.tid(row.track) not in known]
    assert len(others) == 2
    assert [row.end.notes.get("waker") for row in others] == [None, None]
