"""Our own locks are taken in the order of their list, whatever is asked for at the same time; where the program's
loader lock stands against that order, nobody waits for ever."""

import select
import subprocess
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from conftest import PRELOAD, isolation, program, wait_until

EVERYTHING = {"PREFLAME_PROFILE": "cpu,heap,mutex,block,wall", "PREFLAME_TRACE": "1", "PREFLAME_LOG": "info"}
PATHS = ["/debug/pprof/profile?seconds=1", "/debug/pprof/heap", "/debug/pprof/mutex?debug=1",
         "/debug/pprof/block?seconds=1", "/debug/pprof/goroutine?debug=2", "/debug/pprof/trace?seconds=1",
         "/debug/fgprof?seconds=1", "/metrics", "/debug/preflame/self"]


def fetch(port, path):
    """The body, of a refusal too: one CPU profile at a time."""
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60).read()
    except urllib.error.HTTPError as refusal:
        return refusal.read()


def inversions(port):
    lines = fetch(port, "/debug/preflame/self").decode().splitlines()
    return [line for line in lines if line.startswith("lock_inversions: ")]


def is_serving(port):
    try:
        return inversions(port)
    except OSError:
        return False


def started(runner, port, *argv, **extra):
    """With session daemons of its own; stderr is a file that is read at the end."""
    with open(runner.folder / "stderr", "wb") as stderr:
        process = runner.start([*isolation(), "env", f"LD_PRELOAD={PRELOAD}", *argv], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=stderr, PREFLAME_HTTP=port, PREFLAME_LOG="info", **extra)
    wait_until(lambda: is_serving(port), what="an endpoint")
    return process


def said(runner):
    return [line for line in (runner.folder / "stderr").read_text().splitlines() if "lock order" in line]


@pytest.mark.parametrize("way", ["fork", "_Fork-accepts", "daemon", "exec", "spawn", "fork-dlopen", "return", "_exit",
                                 "abort", "main-pthread-exit"])
def test_the_order_holds_in_every_life(runner, tmp_path, way):
    outcome = runner.run([*isolation(), "env", f"LD_PRELOAD={PRELOAD}", program("life"), way, 50],
                         PREFLAME_OUT=tmp_path / "out", **EVERYTHING)
    assert f"preflame: cpu profiling enabled, {tmp_path}/out/cpu.pprof" in outcome.lines, "the level of the lines"
    assert not [line for line in outcome.lines if "lock order" in line]


@pytest.mark.parametrize("trace", ["", "1"])
def test_the_order_holds_while_everything_is_asked_for_at_once(runner, port, trace):
    process = started(runner, port, program("wall_known"), "100000", PREFLAME_TRACE=trace)
    answers = []
    threads = [threading.Thread(target=lambda path=path: answers.append(fetch(port, path))) for path in PATHS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(answers) == len(PATHS) and all(answers)
    assert inversions(port) == ["lock_inversions: 0"]
    assert process.poll() is None
    assert not said(runner)


def threads_of_group(group):
    """Names of the threads of a process group's processes."""
    names = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rsplit(")", 1)[1].split()[2]) == group:
                names |= {comm.read_text().strip() for comm in stat.parent.glob("task/*/comm")}
        except OSError:
            continue
    return names


def test_a_constructor_that_forks_and_a_trace_that_begins_do_not_wait_for_each_other(runner, port):
    """The constructor's thread holds the loader's lock; the thread that loads the provider waits for that one, and
    holds the lock that forks take."""
    process = started(runner, port, program("loads_forker"))
    answers = []
    asker = threading.Thread(target=lambda: answers.append(fetch(port, "/debug/pprof/trace?seconds=0.5")))
    asker.start()
    wait_until(lambda: "preflame-load" in threads_of_group(process.pid), what="the loading thread")
    process.stdin.close()
    wait_until(lambda: select.select([process.stdout], [], [], 0)[0], what="the constructor's end")
    assert process.stdout.readline() == b"loaded\n"
    asker.join(timeout=60)
    assert answers and answers[0]
    assert process.poll() is None
    assert not said(runner)
