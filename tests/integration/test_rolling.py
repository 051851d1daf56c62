"""PREFLAME_INTERVAL and PREFLAME_PUSH: rolling profiles of a program that is just preloaded."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pprof_reader
import pytest
from conftest import COMMAND, PRELOAD, measured, program, wait_until
from pyroscope import parts_of, pyroscope
from test_hidden_helper import PID_1, child_of, defunct_children

CONVOY = ("contention_known", "4", "100000", "1000")

# Begins as a process that inherits orphans, waits until it is helped, becomes another program, looks for children.
BECOMES_ANOTHER = """
import ctypes, os, signal, sys, time
if len(sys.argv) == 1:
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
    while not os.path.exists("go"):
        time.sleep(0.01)
    os.execv(sys.executable, [sys.executable, sys.argv[0], "again"])
seen = []
signal.signal(signal.SIGCHLD, lambda number, frame: seen.append(number))
until = time.monotonic() + 1
while time.monotonic() < until:
    time.sleep(0.01)
try:
    seen.append(os.waitpid(-1, os.WNOHANG))
except ChildProcessError:
    pass
print(seen)
"""

FORKS = """
import os, select, sys
child = os.fork()
if not child:
    select.select([0], [], [])
    os._exit(0)
print(child, flush=True)
sys.stdin.read()
"""


def collectors(runner):
    """The words of those that run for this test's programs."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if "--beside" in words and any(str(runner.runtime_folder) in word for word in words):
            found.append(words)
    return found


def preloaded(runner, argv, **extra):
    return runner.start(argv, preload=PRELOAD, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                        **extra)


def convoy(runner, **extra):
    return preloaded(runner, [program(CONVOY[0]), *CONVOY[1:]], **extra)


def stderr_of(process):
    process.kill()
    return process.communicate(timeout=20)[1].decode().splitlines()


def test_each_window_is_a_file_until_the_program_ends(runner, tmp_path):
    out = tmp_path / "out"
    process = convoy(runner, PREFLAME_INTERVAL=1, PREFLAME_OUT=out)
    wait_until((out / "mutex.000003.pprof").exists, what="the third window")
    for number in (2, 3):
        mutex = pprof_reader.read(out / f"mutex.{number:06}.pprof")
        assert 0 < mutex.total("delay") < 6_000_000_000  # of one window, and not of all since the start
        assert mutex.cumulative("hold_long", "delay") > mutex.cumulative("hold_short", "delay")
        assert pprof_reader.read(out / f"cpu.{number:06}.pprof").duration_ns > 500_000_000
    assert len(collectors(runner)) == 1
    assert stderr_of(process) == [f"preflame: rolling profiles enabled, {out}"]
    wait_until(lambda: not collectors(runner), what="the end of what collects")
    assert {re.sub(r"\d{6}", "N", path.name) for path in out.iterdir()} == \
        {f"{kind}.N.pprof" for kind in ("cpu", "heap", "mutex", "block")}


def test_the_next_run_keeps_what_the_last_one_wrote(runner, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "mutex.000041.pprof").write_bytes(b"of the last run")
    process = convoy(runner, PREFLAME_INTERVAL=1, PREFLAME_OUT=out)
    wait_until((out / "mutex.000042.pprof").exists, what="the first window")
    process.kill()
    assert (out / "mutex.000041.pprof").read_bytes() == b"of the last run"


def test_they_are_pushed_and_no_secret_is_in_a_command_line(runner):
    with pyroscope() as there:
        process = convoy(runner, PREFLAME_INTERVAL=1, PREFLAME_PUSH=there.url, PREFLAME_PUSH_TOKEN="correct-horse")
        wait_until(lambda: len(there.taken) >= 4, what="a window's profiles")
        words, = collectors(runner)
        assert stderr_of(process) == [f"preflame: rolling profiles enabled, {there.url}"]
        wait_until(lambda: not collectors(runner), what="the end of what collects")
    path, headers, body = there.taken[0]
    assert path.startswith("/ingest?name=contention_known&")
    assert headers["Authorization"] == "Bearer correct-horse"
    assert len(parts_of(headers, body)["profile"]) > 100
    assert "correct-horse" not in " ".join(words) and there.url not in " ".join(words)
    assert not list(runner.folder.glob("profile*")), "nobody asked for files"


def test_a_forked_child_has_its_own(runner, tmp_path):
    out = tmp_path / "out"
    with pyroscope() as there:
        parent = preloaded(runner, [sys.executable, "-S", "-c", FORKS], PREFLAME_INTERVAL=1, PREFLAME_OUT=out,
                           PREFLAME_PUSH=there.url)
        child = int(parent.stdout.readline())
        wait_until((out / "heap.000001.pprof").exists, what="the parent's first window")
        wait_until((out / f"heap.000001.pprof.{child}").exists, what="the child's first window")
        names = wait_until(lambda: {path.split("&")[0].split("=")[1] for path, _, _ in there.taken} if len(there.taken) > 8 else None,
                           what="pushes of both")
        assert len(names) == 2 and any(name.endswith(f"%7Bpid%3D{child}%7D") for name in names), names
        assert len(collectors(runner)) == 2
        parent.stdin.close()
        assert parent.wait(timeout=20) == 0
        wait_until(lambda: not collectors(runner), what="the end of what collects")


@pytest.mark.parametrize("prefix,word", [([], "subreaper"), (PID_1, "first")])
def test_a_program_that_inherits_orphans_sees_nothing_of_it(runner, tmp_path, prefix, word):
    out = tmp_path / "out"
    process = runner.start([*prefix, program("inherits"), word], preload=PRELOAD, stdin=subprocess.PIPE,
                           stdout=subprocess.PIPE, PREFLAME_INTERVAL=1, PREFLAME_OUT=out)
    assert process.stdout.readline() == b"ready\n"
    pid = wait_until(lambda: child_of(process.pid), what="PID 1")[0] if prefix else process.pid
    wait_until((lambda: list(out.glob("heap.000002.pprof*"))), what="the second window")
    wait_until(lambda: not defunct_children(pid), what="an end without zombies")
    seen = json.loads(process.communicate(b"end\n", timeout=30)[0])
    assert (seen["children"], seen["signals"]) == (0, 0)
    assert process.returncode == 0


@measured  # a helper that just then finds names for a window is seen: README, Limits
def test_nor_does_the_program_that_it_becomes(runner, tmp_path):
    script = tmp_path / "becomes.py"
    script.write_text(BECOMES_ANOTHER)
    process = preloaded(runner, [sys.executable, "-S", script], PREFLAME_INTERVAL=1, PREFLAME_OUT=tmp_path / "out")
    wait_until(lambda: collectors(runner), what="the first program's")
    (tmp_path / "go").touch()
    stdout, _ = process.communicate(timeout=30)
    assert (stdout, process.returncode) == (b"[]\n", 0)


def test_programs_that_end_at_once_start_nothing(runner, tmp_path):
    outcome = runner.preloaded(["/bin/sh", "-c", "true; /bin/true; exit 3"], PREFLAME_INTERVAL=1, PREFLAME_LOG="info")
    assert (outcome.status, outcome.lines) == (3, [])
    assert not collectors(runner) and not list(tmp_path.glob("profile*"))


def test_the_run_command_says_the_same_by_options(runner, tmp_path):
    with pyroscope() as there:
        process = runner.start([COMMAND, "run", "--interval=1", f"--push={there.url}", f"--out={tmp_path / 'out'}", "--",
                                program(CONVOY[0]), *CONVOY[1:]], stdout=subprocess.DEVNULL)
        wait_until(lambda: there.taken and (tmp_path / "out" / "cpu.000001.pprof").exists(), what="the first window")
        process.kill()


def test_what_is_in_the_way_is_one_line_and_the_program_runs_on(runner, tmp_path):
    (tmp_path / "file").touch()
    for settings, words in (({"PREFLAME_INTERVAL": "soon"}, "PREFLAME_INTERVAL=soon is not a number of seconds"),
                            ({"PREFLAME_PUSH": "ftp://a"}, "PREFLAME_PUSH=ftp://a is not"),
                            ({"PREFLAME_INTERVAL": 1, "PREFLAME_SOCKET": "off"}, "they need the socket"),
                            ({"PREFLAME_INTERVAL": 1, "PREFLAME_OUT": tmp_path / "file"}, "Not a directory")):
        outcome = runner.preloaded(["/bin/echo", "it runs"], **settings)
        assert (outcome.status, outcome.stdout) == (0, "it runs\n")
        assert len(outcome.lines) == 1 and words in outcome.lines[0], outcome.lines


def test_what_goes_wrong_later_is_said_once(runner, tmp_path):
    with pyroscope([503] * 1000) as there:
        pushing = convoy(runner, PREFLAME_INTERVAL=1, PREFLAME_PUSH=there.url, PREFLAME_OUT=tmp_path / "both")
        wait_until((tmp_path / "both" / "block.000003.pprof").exists, what="the third window")
        assert pushing.poll() is None
        said = stderr_of(pushing)
    assert len(said) == 2 and said[1].startswith(f"preflame: rolling profiles: '{there.url}' answered 503"), said


def test_a_folder_that_goes_away_ends_them_and_not_the_program(runner, tmp_path):
    out = tmp_path / "out"
    process = convoy(runner, PREFLAME_INTERVAL=1, PREFLAME_OUT=out)
    wait_until((out / "block.000001.pprof").exists, what="the first window")
    os.rename(out, tmp_path / "elsewhere")
    wait_until(lambda: not collectors(runner), what="the end of what collects")
    assert process.poll() is None
    said = stderr_of(process)
    assert len(said) == 3 and "cannot write" in said[1] and "have ended" in said[2], said


def test_a_cpu_profile_until_the_exit_goes_before(runner, tmp_path):
    out = tmp_path / "out"
    process = convoy(runner, PREFLAME_INTERVAL=1, PREFLAME_PROFILE="cpu", PREFLAME_OUT=out)
    wait_until((out / "block.000001.pprof").exists, what="the first window")
    process.terminate()
    stderr = process.communicate(timeout=20)[1].decode()
    assert "without cpu" in stderr and (out / "cpu.pprof").exists() and not list(out.glob("cpu.0*"))
