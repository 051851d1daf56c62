"""Off-CPU truth: what a recorded trace says of every kind of wait against what the program measured itself."""

import json

import pytest
import trace_reader
from conftest import measured, program


@pytest.mark.parametrize("threads", [0, 3])
@measured
def test_every_wait_is_recorded_with_its_length(runner, tmp_path, threads):
    outcome, folder = runner.record([program("sleep_known"), threads], "--no-cpu")
    assert outcome.status == 0, outcome.stderr
    truth = json.loads(outcome.stdout)
    events, lost = trace_reader.read(folder)
    assert lost == 0
    reasons = trace_reader.wait_reasons()
    seen_ns = {}
    for event in events:
        if event.name == "unblock":
            name = reasons[event.fields["reason"]]
            seen_ns[name] = seen_ns.get(name, 0) + event.fields["duration_ns"]
    wrong = {name: (seen_ns.get(name, 0), known["ns"]) for name, known in truth.items()
             if seen_ns.get(name, 0) != pytest.approx(known["ns"], rel=0.01)}
    assert wrong == {}, f"(recorded, true) ns by reason; all recorded: {seen_ns}"


def test_a_wait_has_the_stack_it_happens_in(runner):
    outcome, folder = runner.record([program("sleep_known")], "--no-cpu")
    assert outcome.status == 0, outcome.stderr
    events, _ = trace_reader.read(folder)
    stacks = {event.fields["id"]: event.fields["pcs"] for event in events if event.name == "stack"}
    long_waits = [event for event in events if event.name == "unblock" and event.fields["duration_ns"] > 50_000_000]
    assert len(long_waits) >= 20
    without = [event.fields for event in long_waits if len(stacks.get(event.fields["stack"], [])) < 3]
    assert without == []


@measured
def test_a_call_that_works_does_not_wait(runner, tmp_path):
    """Reads of what is in memory take as long, but on the CPU: their samples tell it, and nothing is told twice."""
    outcome, folder = runner.record([program("io_known")], "--no-cpu")
    assert outcome.status == 0, outcome.stderr
    truth = json.loads(outcome.stdout)
    events, _ = trace_reader.read(folder)
    reasons = trace_reader.wait_reasons()
    own = [event.fields | {"name": event.name} for event in events if event.tid == truth["tid"]]

    def waited_ns(reason):
        return sum(fields["duration_ns"] for fields in own
                   if fields["name"] == "unblock" and reasons[fields["reason"]] == reason)

    called_ns = sum(fields["duration_ns"] for fields in own if fields["name"] == "syscall" and fields["result"] > 1)
    assert called_ns == pytest.approx(truth["working_ns"], rel=0.1)
    assert waited_ns("file_io") <= truth["off_cpu_ns"] + 0.03 * truth["working_ns"]
    assert waited_ns("pipe") == pytest.approx(truth["pipe_ns"], rel=0.1)
