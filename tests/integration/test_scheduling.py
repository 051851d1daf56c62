"""Who ran on which CPU, and for how long: against what schedstat counts, by switch records and without them."""

import json
import subprocess
import sys

import perfetto_reader
import pytest
from conftest import COMMAND, isolation, measured, program

SLEEPS = 20
ARGUMENTS = (400, SLEEPS, 300)  # ms to burn, times to sleep, ms to stay
# perf_event_open (298) fails by a seccomp filter, as in containers: EACCES (13).
REFUSED = """
import ctypes, os, struct, sys
rows = struct.pack("HBBIHBBIHBBIHBBI", 0x20, 0, 0, 0, 0x15, 0, 1, 298, 0x06, 0, 0, 0x50000 | 13, 0x06, 0, 0, 0x7fff0000)
code = ctypes.create_string_buffer(rows)
program = struct.pack("HxxxxxxP", 4, ctypes.addressof(code))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""


def view(folder, form, path):
    done = subprocess.run([COMMAND, "view", folder, f"--format={form}", "-o", path], capture_output=True, text=True,
                          timeout=80)
    assert done.returncode == 0, done.stderr
    return path


def table(folder, path):
    """The heading of the text view's part on scheduling, and its rows by thread: run time in ns, then words."""
    units = {"ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9}
    lines = iter(view(folder, "text", path).read_text().splitlines())
    head = next(line for line in lines if line.startswith("Scheduling"))
    next(lines)
    rows = {}
    for line in lines:
        if not line:
            break
        tid, _, value, unit, *rest = line.split()
        rows[int(tid)] = (float(value) * units[unit], rest)
    return head, rows


@measured
def test_switches_tell_each_threads_run_time_and_its_cpu(runner, tmp_path):
    outcome, folder = runner.record([program("sched_known"), *ARGUMENTS], "--sched")
    assert outcome.status == 0, outcome.stderr
    truth = json.loads(outcome.stdout)
    head, rows = table(folder, tmp_path / "text")
    assert head == "Scheduling (by perf's switch records)"
    trace = perfetto_reader.read(view(folder, "perfetto", tmp_path / "view.pftrace"))
    runs = trace.of("sched")
    last = {}
    for run in runs:
        assert run.start_ns >= last.get(run.track, 0) and run.depth == 0, "one thread at a time on a CPU"
        last[run.track] = run.end_ns
    for index, thread in enumerate(truth["threads"]):
        own = [run for run in runs if run.begin.notes["tid"] == thread["tid"]]
        assert rows[thread["tid"]][0] == pytest.approx(thread["run_ns"], rel=0.02, abs=1e6)
        assert sum(run.end_ns - run.start_ns for run in own) == pytest.approx(thread["run_ns"], rel=0.02, abs=1e6)
        assert {trace.tracks[run.track][1] for run in own} == {f"CPU {truth['cpu']}"}
        preempted = [run for run in own if run.begin.notes["then"] == "preempted"]
        if index < 3:
            assert len(preempted) > 5, "burners share a CPU"
        else:
            assert len(own) - len(preempted) >= SLEEPS
        assert rows[thread["tid"]][1][-2:] == [str(len(preempted)), str(len(own) - len(preempted))]
    drawn = json.loads(view(folder, "chrome", tmp_path / "view.json").read_text())["traceEvents"]
    burner = truth["threads"][0]
    run_us = sum(row["dur"] for row in drawn if row.get("cat") == "sched" and row["args"]["tid"] == burner["tid"])
    assert run_us * 1000 == pytest.approx(burner["run_ns"], rel=0.02)


@measured
def test_without_permission_counts_tell_and_the_trace_says_so(runner, tmp_path):
    folder = tmp_path / "trace"
    outcome = runner.run([*isolation(), sys.executable, "-c", REFUSED, COMMAND, "record", "--sched", "-o", folder, "--",
                          program("sched_known"), *ARGUMENTS])
    assert outcome.status == 0, outcome.stderr
    head, rows = table(folder, tmp_path / "text")
    assert head == "Scheduling (by schedstat; no switch records: Permission denied)"
    for thread in json.loads(outcome.stdout)["threads"]:
        assert rows[thread["tid"]][0] == pytest.approx(thread["run_ns"], rel=0.02, abs=1e6)


@measured
def test_any_reader_of_ctf_merges_switches_with_what_the_program_sent(runner, tmp_path):
    del tmp_path
    outcome, folder = runner.record([program("sched_known"), *ARGUMENTS], "--no-cpu", "--sched")
    tids = [thread["tid"] for thread in json.loads(outcome.stdout)["threads"]]
    done = subprocess.run(["babeltrace2", folder], capture_output=True, text=True, timeout=80)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line for line in done.stdout.splitlines() if f"vtid = {tids[3]} " in line]
    sleeps = [index for index, line in enumerate(lines) if "preflame:block:" in line and 'reason = ( "sleep"' in line]
    assert len(sleeps) == SLEEPS
    for index in sleeps:
        following = [line.split(" preflame:")[1].split(":")[0] for line in lines[index + 1:index + 9]]
        switches = [name for name in following if name in ("sched_in", "sched_out", "unblock")]
        assert switches.index("sched_out") < switches.index("sched_in") < switches.index("unblock"), lines[index:]


def test_nobody_looks_unasked(runner, tmp_path):
    outcome, folder = runner.record([program("sched_known"), 1, 1, 1])
    assert outcome.status == 0, outcome.stderr
    assert not (folder / "sched").exists()
    assert "Scheduling" not in view(folder, "text", tmp_path / "text").read_text()
