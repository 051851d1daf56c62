"""A process that is killed leaves its profiles but for the last second."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pprof_reader
import pytest
from conftest import PRELOAD, program, wait_until


def cpu_ns(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        values = file.read().rsplit(")", 1)[1].split()
    return (int(values[11]) + int(values[12])) * 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def recover(runner, *argv):
    return runner.run([program("preflame"), "recover", *argv])


def test_killed_under_load_it_lacks_at_most_the_last_second(runner, tmp_path):
    out = tmp_path / "out"
    process = runner.start([program("burn_split"), 2, 1000], preload=PRELOAD, stdout=subprocess.DEVNULL,
                           PREFLAME_PROFILE="cpu,threadcreate", PREFLAME_OUT=out)
    spool = out / f"preflame.spool.{process.pid}"
    wait_until(lambda: cpu_ns(process.pid) > 4e9, timeout_s=60, what="4 s of CPU time")
    first = wait_until(lambda: spool.exists() and spool.stat().st_mtime_ns, what="a spool")
    wait_until(lambda: spool.stat().st_mtime_ns > first, what="the next one")
    before_ns, now = cpu_ns(process.pid), time.monotonic()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (out / "cpu.pprof").exists()
    outcome = recover(runner, spool)
    assert outcome.status == 0, outcome.stderr
    assert outcome.stdout.splitlines() == [str(out / "cpu.pprof"), str(out / "threadcreate.pprof")]
    profile = pprof_reader.read(out / "cpu.pprof")
    lost_ns = before_ns - profile.total("cpu")
    assert lost_ns < 2 * 1.2e9, now  # two threads' last second, and the file's own time
    assert {"burn_half", "burn_third", "burn_fifth"} <= profile.names()
    assert pprof_reader.read(out / "threadcreate.pprof").total("threadcreate") >= 1


def ticks(pid):
    """How often the keeper of a process has gone to sleep, ten times a second."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        if (task / "comm").read_text() == "preflame-keeper\n":
            return int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)", (task / "status").read_text(), re.M)[1])
    return 0


def test_while_nothing_happens_no_spool_is_written(runner, tmp_path):
    out = tmp_path / "out"
    process = runner.start(["/bin/cat"], preload=PRELOAD, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                           PREFLAME_PROFILE="cpu,heap,block", PREFLAME_OUT=out)
    spool = out / f"preflame.spool.{process.pid}"
    wait_until(spool.exists, what="a spool")
    first, begun = spool.stat().st_ino, wait_until(lambda: ticks(process.pid), what="the keeper")
    wait_until(lambda: ticks(process.pid) > begun + 25, timeout_s=60, what="two and a half seconds of the keeper's")
    assert spool.stat().st_ino == first
    process.stdin.write(b"something\n")  # which cat has waited for
    process.stdin.flush()
    wait_until(lambda: spool.stat().st_ino != first, what="a new spool")


def test_an_ordinary_end_leaves_no_spool(runner, tmp_path):
    out = tmp_path / "out"
    outcome = runner.preloaded([program("burn_split"), 1, 3], PREFLAME_PROFILE="cpu", PREFLAME_OUT=out)
    assert outcome.status == 0, outcome.stderr
    assert json.loads(outcome.stdout)
    assert [path.name for path in out.iterdir()] == ["cpu.pprof"]


@pytest.mark.parametrize("content,word", [(b"", "no spool"), (b"preflame spool 1\ncpu 9\nab", "no spool"),
                                          (b"preflame spool 1\ncpu 2\nab", "damaged"),
                                          (b"preflame spool 1\n../../cpu 0\n", "no spool")])
def test_a_damaged_spool_is_one_line(runner, tmp_path, content, word):
    spool = tmp_path / "spool"
    spool.write_bytes(content)
    outcome = recover(runner, spool)
    assert outcome.status == 1
    assert len(outcome.stderr.splitlines()) == 1 and word in outcome.stderr
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["spool"]


def test_wrong_usage_and_help(runner):
    assert recover(runner).status == 2
    assert recover(runner, "a", "b").status == 2
    assert recover(runner, "--nothing").status == 2
    assert recover(runner, "--help").stdout.startswith("usage: preflame recover")
