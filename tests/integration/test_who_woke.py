"""Every wait of a program in which each is known: how many, how long, and which thread ended it."""

import json
import subprocess
from pathlib import Path

import perfetto_reader
import pprof_reader
import pytest
from conftest import COMMAND, ROOT, measured, program

ROUNDS = 10
# Every known wait lasts longer. A write to a pipe or a read from one that was preempted is told as a wait too.
SHORTEST_NS = {"pipe": 2_000_000, "net_read": 2_000_000}


@pytest.fixture(scope="module")
def rust_program(tmp_path_factory):
    binary = tmp_path_factory.mktemp("rust") / "woken_known_rust"
    source = ROOT / "tests" / "programs" / "woken_known.rs"
    if not Path("/usr/bin/rustc").exists():
        pytest.fail("rustc is not installed: run scripts/setup test")
    subprocess.run(["/usr/bin/rustc", "-O", "-g", "-o", binary, source], check=True, timeout=120)
    return binary


def recorded(runner, tmp_path, binary):
    """(what the program measured, what its trace tells)"""
    outcome, folder = runner.record([binary, ROUNDS], "--no-cpu")
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


def check_all_waits(truth, trace, function):
    for side in (0, 1):
        tid, other = truth["tids"][side], truth["tids"][1 - side]
        for reason in {way["reason"] for way in truth["ways"]}:
            ways = [way for way in truth["ways"] if way["reason"] == reason]
            waits = waits_of(trace, tid, reason)
            assert len(waits) == ROUNDS * len(ways), (reason, side)
            assert [row.end.notes.get("waker") for row in waits] == [other] * len(waits), (reason, side)
            for i, way in enumerate(ways):
                told_ns = sum(row.end_ns - row.start_ns for row in waits[i * ROUNDS:(i + 1) * ROUNDS])
                # Before some sleep they yield to others, nobody knows how long.
                least_ns = way["asleep_ns" if way["spins"] else "waited_ns"][side]
                assert 0.99 * least_ns <= told_ns <= 1.01 * way["waited_ns"][side], (way, side)
            for wake in wakes_of(trace, waits):
                assert any(function in name for name in wake.stack), (reason, wake.stack)


@measured
def test_every_wait_is_counted_and_its_wake_names_the_right_thread(runner, tmp_path):
    truth, trace = recorded(runner, tmp_path, program("woken_known"))
    assert len(truth["ways"]) > 15
    check_all_waits(truth, trace, "take_turns")


@measured
def test_so_are_those_of_rusts_locks(runner, tmp_path, rust_program):
    truth, trace = recorded(runner, tmp_path, rust_program)
    assert len(truth["ways"]) == 3
    check_all_waits(truth, trace, "woken_known::give_")


@measured
def test_who_wakes_by_futex_is_charged_with_the_wait(runner, tmp_path, rust_program):
    outcome = runner.preloaded([rust_program, ROUNDS], PREFLAME_PROFILE="block,mutex", PREFLAME_OUT=tmp_path / "out")
    assert outcome.status == 0, outcome.stderr
    waited = [sum(way["waited_ns"]) for way in json.loads(outcome.stdout)["ways"]]
    block, mutex = (pprof_reader.read(tmp_path / "out" / f"{name}.pprof") for name in ("block", "mutex"))
    futex = [sample for sample in block.samples if sample.labels["reason"] == "futex"]
    assert sum(sample.values[0] for sample in futex) == 2 * ROUNDS * len(waited)
    assert sum(sample.values[1] for sample in futex) == pytest.approx(sum(waited), rel=0.01)
    assert block.cumulative("woken_known::take", "delay") == pytest.approx(sum(waited), rel=0.01)
    for function, waited_ns in zip(("give_mutex", "give_lock", "give_condition"), waited):
        assert mutex.cumulative(f"woken_known::{function}", "delay") == pytest.approx(waited_ns, rel=0.01), function


@measured
def test_a_join_ends_with_the_thread_and_at_its_function(runner, tmp_path):
    truth, trace = recorded(runner, tmp_path, program("woken_known"))
    joins = waits_of(trace, truth["main"], "join")[2:2 + ROUNDS]  # behind those of the two that took turns
    assert [row.end.notes.get("waker") for row in joins] == [tid for tid, _ in truth["joins"]]
    assert sum(row.end_ns - row.start_ns for row in joins) == pytest.approx(sum(ns for _, ns in truth["joins"]), rel=0.01)
    for wake in wakes_of(trace, joins):
        assert len(wake.stack) == 1 and "end_while_joined" in wake.stack[0]


@measured
def test_what_a_number_meant_before_wakes_nobody(runner, tmp_path):
    truth, trace = recorded(runner, tmp_path, program("woken_known"))
    known = {truth["main"], *truth["tids"], *(tid for tid, _ in truth["joins"])}
    others = [row for row in trace.of("wait", "net_read") if trace.tid(row.track) not in known]
    assert len(others) == 2
    assert [row.end.notes.get("waker") for row in others] == [None, None]


@measured
def test_a_crowd_is_woken_by_whom_it_waited_for(runner, tmp_path):
    """At a barrier, in a convoy for a lock, for batches, and for std::async."""
    truth, trace = recorded(runner, tmp_path, program("woken_crowd"))
    assert len(truth) == ROUNDS * (1 + 2 + 2 + 2)
    for reason, waiter in {(reason, waiter) for reason, waiter, _, _ in truth}:
        known = [row[2:] for row in truth if row[:2] == [reason, waiter]]
        waits = waits_of(trace, waiter, reason)
        if reason == "join":
            waits = waits[:len(known)]  # those that follow are of the crowd
        assert [row.end.notes.get("waker") for row in waits] == [waker for waker, _ in known], (reason, waiter)
        assert sum(row.end_ns - row.start_ns for row in waits) == pytest.approx(sum(ns for _, ns in known), rel=0.01), \
            (reason, waiter)
