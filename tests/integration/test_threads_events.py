"""Threads in a trace: each that was made starts and ends, whatever the way it was made."""

import collections
import json

import trace_reader
from conftest import program


def test_every_created_thread_starts_and_ends(runner):
    outcome, folder = runner.record([program("threads_events")], "--no-cpu")
    assert outcome.status == 0, outcome.stderr
    truth = json.loads(outcome.stdout)
    events, lost = trace_reader.read(folder)
    assert lost == 0
    # A pthread_t may be used again: compare how often each occurs, not whether.
    count = {name: collections.Counter() for name in ("thread_create", "thread_start", "thread_exit")}
    for event in events:
        if event.name == "thread_create" and event.fields["result"] != 0:
            continue
        if event.name in count:
            count[event.name][event.fields["pthread"]] += 1
    assert sum(count["thread_create"].values()) == truth["created"]
    for pthread, times in count["thread_create"].items():
        assert count["thread_start"][pthread] >= times, f"thread {pthread:#x} did not start"
        assert count["thread_exit"][pthread] >= times, f"thread {pthread:#x} did not end"
    failed = [event for event in events if event.name == "thread_create" and event.fields["result"] != 0]
    assert len(failed) == truth["failed"]


def test_a_thread_is_created_before_it_starts_and_starts_before_it_ends(runner):
    outcome, folder = runner.record([program("threads_events")], "--no-cpu")
    assert outcome.status == 0, outcome.stderr
    events, _ = trace_reader.read(folder)
    running = {}
    for event in events:
        if event.name == "thread_start":
            assert event.tid not in running, f"thread {event.tid} started twice"
            running[event.tid] = event.fields["pthread"]
            assert event.fields["parent_tid"] > 0
        elif event.name == "thread_exit":
            assert running.pop(event.tid, event.fields["pthread"]) == event.fields["pthread"]
    assert list(running) in ([], [events[0].pid]), "threads without an end"
