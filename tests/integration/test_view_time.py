"""Traces as time passed: Go's own trace tool and any reader of Chrome's format open them, and their numbers are true."""

import json
import os
import re
import subprocess
import urllib.request

import pprof_reader
import pytest
from conftest import COMMAND, measured, pprof_top, program, wait_until
from ctf_writer import Stream, write_trace

GO_WAITS = {"sync": {"mutex", "rwlock_rd", "rwlock_wr", "cond", "sem", "spin", "barrier", "join", "once", "futex", "stdio"},
            "net": {"net_read", "net_write", "accept", "connect", "poll", "pipe"},
            "syscall": {"file_io", "fsync", "wait_child", "signal", "flock"}}
SLACK_US = 0.002  # of two decimals that were rounded on their way


def view(trace, to, status=0):
    done = subprocess.run([COMMAND, "view", trace, "-o", to], capture_output=True, text=True, timeout=80)
    assert done.returncode == status, done.stderr
    return done.stderr


def go_total_ns(path, kind, folder):
    """What `go tool trace -pprof=KIND` adds up to."""
    profile = folder / f"{kind}.pb.gz"
    with profile.open("wb") as out:
        subprocess.run(["go", "tool", "trace", f"-pprof={kind}", path], check=True, stdout=out, timeout=60)
    return total_ns(profile, folder)


def total_ns(profile, folder):
    """Of a profile's second value, as Go's tool reads it."""
    raw = subprocess.run(["go", "tool", "pprof", "-raw", profile], capture_output=True, text=True, timeout=60, check=True,
                         env=dict(os.environ, PPROF_BINARY_PATH="/nonexistent", PPROF_TMPDIR=str(folder)))
    lines = raw.stdout.split("Samples:")[1].split("Locations")[0].splitlines()[2:]
    return sum(int(line.split(":")[0].split()[1]) for line in lines if re.match(r" +\d+ +\d+:", line))


@measured
def test_go_adds_up_the_same_waits(runner, tmp_path):
    outcome, folder = runner.record([program("sleep_known"), 3], "--no-cpu")
    assert outcome.status == 0, outcome.stderr
    truth = json.loads(outcome.stdout)
    path = tmp_path / "known.trace"
    view(folder, path)
    for kind, reasons in GO_WAITS.items():
        known_ns = sum(waits["ns"] for reason, waits in truth.items() if reason in reasons)
        assert known_ns > 100_000_000
        assert go_total_ns(path, kind, tmp_path) == pytest.approx(known_ns, rel=0.01), kind


def derived(trace, kind, folder):
    """Our profile of that kind: (its path, what it holds)."""
    path = folder / f"our-{kind}.pprof"
    done = subprocess.run([COMMAND, "view", trace, f"--kind={kind}", "-o", path], capture_output=True, text=True, timeout=80)
    assert done.returncode == 0, done.stderr
    return path, pprof_reader.read(path)


def test_our_profiles_of_waits_are_gos(runner, tmp_path, contended):
    outcome, known = runner.record([program("sleep_known"), 3], "--no-cpu")
    assert outcome.status == 0, outcome.stderr
    for trace, kinds in ((known, ("net", "sync", "syscall")), (contended, ("sync", "sched"))):
        path = tmp_path / "compared.trace"
        view(trace, path)
        for kind in kinds:
            gos_ns = go_total_ns(path, kind, tmp_path)
            ours, profile = derived(trace, kind, tmp_path)
            assert gos_ns > 0, kind
            assert total_ns(ours, tmp_path) == pytest.approx(gos_ns, rel=0.01), kind
            assert profile.sample_types[1][1] == "nanoseconds"
            assert profile.total(profile.sample_types[0][0]) > 0
            assert pprof_top(ours, tmp_path).startswith("Type: ")


def test_waits_by_who_ended_them_and_by_who_waited(contended, tmp_path):
    _, off = derived(contended, "offcpu", tmp_path)
    _, sync = derived(contended, "sync", tmp_path)
    _, wakeup = derived(contended, "wakeup", tmp_path)
    assert [name for name, _ in off.sample_types] == ["offcpu"]
    assert [name for name, _ in wakeup.sample_types] == ["wakes", "delay"]
    released = wakeup.cumulative("[mutex]", "delay")
    waited = sync.cumulative("[mutex]", "delay")
    assert 0.8 * waited < released <= waited * 1.01
    # Every lock of the convoy is taken in `take`, and released in what holds it.
    assert sync.cumulative("take", "delay") == waited
    assert wakeup.cumulative("take", "delay") == 0
    assert wakeup.cumulative("hold_long", "delay") + wakeup.cumulative("hold_short", "delay") == released


@pytest.fixture
def contended(runner):
    """A convoy with samples: its trace, and how its two kinds of holders are called."""
    outcome, folder = runner.record([program("contention_known"), 4, 20, 500], "--cpu-hz=1000")
    assert outcome.status == 0, outcome.stderr
    return folder


def fetch(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
        return answer.status, answer.read().decode()


def test_the_pages_of_go_tool_trace_open_it(runner, contended, tmp_path, port):
    path = tmp_path / "convoy.trace"
    view(contended, path)
    runner.start(["go", "tool", "trace", f"-http=127.0.0.1:{port}", path], stdout=subprocess.DEVNULL,
                 stderr=subprocess.DEVNULL, BROWSER="true")

    def answers():
        try:
            return fetch(port, "/goroutines")
        except OSError:
            return None

    status, page = wait_until(answers, timeout_s=60, what="go tool trace")
    assert status == 200 and "contention_know" in page  # a thread's name has 15 letters
    for url in ("/", "/trace", "/usertasks", "/userregions"):
        assert fetch(port, url)[0] == 200
    timeline = json.loads(fetch(port, "/jsontrace")[1])
    names = {event.get("name", "") for event in timeline["traceEvents"]}
    assert any("contention_know" in name for name in names)


def slices_of(document):
    """(pid, tid) -> its slices as (start, end, category, event), by time."""
    found = {}
    for event in document["traceEvents"]:
        if event["ph"] == "X":
            found.setdefault((event["pid"], event["tid"]), []).append(
                (event["ts"], event["ts"] + event["dur"], event["cat"], event))
    return {key: sorted(rows, key=lambda row: (row[0], -row[1])) for key, rows in found.items()}


def path_of(frames, event):
    """The keys of its frames, leaf first."""
    at, path = str(event["sf"]), []
    while at:
        path.append(at)
        at = str(frames[at].get("parent", ""))
    return path


def assert_nested(rows):
    open_until = []
    for start, end, _, event in rows:
        while open_until and open_until[-1] <= start + SLACK_US:
            open_until.pop()
        assert not open_until or end <= open_until[-1] + SLACK_US, event
        open_until.append(end)


def test_chromes_slices_are_nested_and_wakes_go_from_the_holder(contended, tmp_path):
    path = tmp_path / "convoy.chrome.json"
    view(contended, path)
    document = json.loads(path.read_text())
    slices = slices_of(document)
    assert len(slices) >= 5
    for rows in slices.values():
        assert_nested(rows)
    frames = document["stackFrames"]
    waits = [row for rows in slices.values() for row in rows if row[2] == "wait" and row[3]["name"] == "mutex"]
    assert waits and all(frames[path_of(frames, row[3])[-1]]["name"] in ("_start", "__clone3") for row in waits)
    known = [row[3]["args"]["waker"] for row in waits if "waker" in row[3]["args"]]
    assert len(known) > 0.9 * len(waits)
    starts = {event["id"]: event for event in document["traceEvents"] if event["ph"] == "s"}
    ends = {event["id"]: event for event in document["traceEvents"] if event["ph"] == "f"}
    assert starts and starts.keys() == ends.keys()
    for number, end in ends.items():
        assert starts[number]["ts"] <= end["ts"] + SLACK_US
        assert starts[number]["tid"] != end["tid"]
        assert any(row[0] <= starts[number]["ts"] + SLACK_US and starts[number]["ts"] <= row[1] + SLACK_US
                   for row in slices[(starts[number]["pid"], starts[number]["tid"])])


def test_samples_are_in_both(runner, tmp_path):
    outcome, folder = runner.record([program("burn_split"), 1, 1], "--cpu-hz=1000")
    assert outcome.status == 0, outcome.stderr
    view(folder, tmp_path / "burn.chrome.json")
    document = json.loads((tmp_path / "burn.chrome.json").read_text())
    samples = [event for event in document["traceEvents"] if event["ph"] == "P"]
    frames = document["stackFrames"]
    names = {frames[at]["name"] for event in samples for at in path_of(frames, event)}
    assert {"burn_half", "burn_third", "burn_fifth"} <= names
    view(folder, tmp_path / "burn.trace")
    # Go's tool takes samples of one P in the order of their time, or refuses the file.
    assert go_total_ns(tmp_path / "burn.trace", "sync", tmp_path) == 0


def overlapping(folder):
    """Waits that overlap, end before they begin, or never end, of a thread that also begins twice."""
    stream = Stream()
    stream.add(1000, 7, 7, "process", pid=7, exe="/bin/x", cmdline="x")
    stream.add(1100, 7, 8, "thread_start", parent_tid=7, name="a")
    stream.add(2000, 7, 8, "unblock", reason=1, object=5, result=0, duration_ns=900_000, stack=0)
    stream.add(2500, 7, 8, "syscall", number=0, result=1, duration_ns=2000, stack=0)
    stream.add(2600, 7, 8, "thread_start", parent_tid=8, name="b")
    stream.add(3000, 7, 7, "wake", object=5, stack=0)
    stream.add(4000, 7, 8, "unblock", reason=4, object=5, result=0, duration_ns=2500, stack=0)
    stream.add(4100, 7, 8, "block", reason=200, object=5, timeout_ns=-1, stack=9)
    stream.add(4200, 7, 7, "thread_exit")
    stream.add(4300, 7, 7, "unblock", reason=1, object=5, result=0, duration_ns=50, stack=0)
    write_trace(folder, [stream])


@pytest.mark.parametrize("ending", ["trace", "chrome.json"])
def test_a_trace_that_contradicts_itself_makes_a_file_that_does_not(tmp_path, ending):
    overlapping(tmp_path / "odd")
    path = tmp_path / f"odd.{ending}"
    view(tmp_path / "odd", path)
    if ending == "trace":
        assert go_total_ns(path, "sync", tmp_path) > 0
    else:
        for rows in slices_of(json.loads(path.read_text())).values():
            assert_nested(rows)


@pytest.mark.parametrize("name", ["gotrace", "chrome"])
def test_a_profile_has_no_time_line_and_is_told_so(tmp_path, runner, name):
    out = tmp_path / "out"
    runner.preloaded([program("burn_split"), 1, 0.2], PREFLAME_PROFILE="cpu", PREFLAME_OUT=out)
    done = subprocess.run([COMMAND, "view", "-f", name, out / "cpu.pprof"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1 and "trace" in done.stderr
