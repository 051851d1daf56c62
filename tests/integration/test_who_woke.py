"""Every wait of a program in which each is known: how many, how long, and which thread ended it."""

import json
import subprocess

import perfetto_reader
import pytest
from conftest import COMMAND, measured, program

ROUNDS = 10
WAYS = ("sem", "mutex", "cond", "rwlock_wr", "rwlock_rd")


@measured
def test_every_wait_is_counted_and_its_wake_names_the_right_thread(runner, tmp_path):
    outcome, folder = runner.record([program("woken_known"), ROUNDS], "--no-cpu")
    assert outcome.status == 0, outcome.stderr
    truth = json.loads(outcome.stdout)
    path = tmp_path / "woken.pftrace"
    done = subprocess.run([COMMAND, "view", folder, "-o", path], capture_output=True, text=True, timeout=80)
    assert done.returncode == 0, done.stderr
    trace = perfetto_reader.read(path)
    for way in WAYS:
        for side in (0, 1):
            tid, other = truth["tids"][side], truth["tids"][1 - side]
            waits = [row for row in trace.of("wait", way) if trace.tid(row.track) == tid]
            assert len(waits) == ROUNDS, (way, side)
            assert [row.end.notes.get("waker") for row in waits] == [other] * ROUNDS, (way, side)
            assert sum(row.end_ns - row.start_ns for row in waits) == pytest.approx(truth[way][side], rel=0.01), (way, side)
