"""`preflame record --flight`: what came last is kept in memory, and written when asked for, and when the program ends."""

import http.client
import os
import re
import signal
import subprocess
import time

import pytest
import trace_reader
from conftest import COMMAND, PRELOAD, isolation, program, wait_until

DUMPED = re.compile(r"preflame: dumped (\d+) events in (.*)")
RECORDED = re.compile(r"preflame: recorded (\d+) events \((\d+) lost\) in (.*)")


def dump(folder, said, count):
    """Asks for a dump as whoever looks on would, by the recorder's pid, and waits until it says that it is there."""
    found = subprocess.run(["pgrep", "-f", f"^{COMMAND} record -o {folder}"], capture_output=True, text=True, check=True)
    os.kill(int(found.stdout.split()[0]), signal.SIGUSR2)
    wait_until(lambda: len(DUMPED.findall(said.read_text())) == count, timeout_s=30, what=f"dump {count}")


def test_the_end_is_kept_and_the_beginning_forgotten(runner, tmp_path):
    folder = tmp_path / "trace"
    # Each CPU keeps its own last events: on several, older ones would lie on those that the program has left.
    cpu = min(os.sched_getaffinity(0))
    outcome = runner.run(["taskset", "-c", cpu, *isolation(), COMMAND, "record", "-o", folder, "--flight=1M", "--no-cpu", "--",
                          program("told_in_order"), 300000])
    assert outcome.status == 0, outcome.stderr
    found = RECORDED.search(outcome.stderr)
    events, lost = trace_reader.read(found[3])
    assert int(found[1]) == len(events) and int(found[2]) == 0
    levels = [event.fields["value"] for event in events if event.name == "counter"]
    assert levels[-1] == 299999 and levels[0] > 100000
    assert levels == list(range(int(levels[0]), 300000)), "a gap in what was kept"
    # What is told once is still there, though it was told first.
    assert {"process", "module"} <= {event.name for event in events}
    view = subprocess.run([COMMAND, "view", found[3], "--format=text"], capture_output=True, text=True, timeout=60)
    assert view.returncode == 0 and "told_in_order" in view.stdout


def test_a_dump_on_demand_and_after_a_crash(runner, tmp_path):
    folder = tmp_path / "trace"
    said = tmp_path / "said"
    with said.open("wb") as stderr:
        process = runner.start([*isolation(), COMMAND, "record", "-o", folder, "--flight=2M", "--", program("told_in_order"),
                                "crash"], stdout=subprocess.DEVNULL, stderr=stderr)
    wait_until((tmp_path / "told").exists, timeout_s=30, what="the program's first round")
    dump(folder, said, 1)
    dump(folder, said, 2)
    (tmp_path / "crash").touch()
    status = process.wait(timeout=60)
    text = said.read_text()
    assert status == 128 + signal.SIGSEGV, text
    dumps = DUMPED.findall(text)
    last = RECORDED.search(text)
    assert len(dumps) == 2 and last[3] not in [where for _, where in dumps]
    levels = []
    for number, where in [*dumps, (last[1], last[3])]:
        events, _ = trace_reader.read(where)
        assert len(events) == int(number)
        levels.append(max(event.fields["value"] for event in events if event.name == "counter"))
        messages = [event.fields["message"] for event in events if event.name == "log"]
        assert messages == (["about to crash"] if where == last[3] else [])
    assert levels == sorted(levels) and levels[0] >= 1000


def test_only_the_last_seconds_are_kept(runner, tmp_path):
    said = tmp_path / "said"
    with said.open("wb") as stderr:
        # On one CPU: of what is older than a second, each keeps another part.
        process = runner.start(["taskset", "-c", min(os.sched_getaffinity(0)), *isolation(), COMMAND, "record", "-o",
                                tmp_path / "trace", "--flight=1s", "--no-cpu", "--", program("told_in_order"), "crash"],
                               stdout=subprocess.DEVNULL, stderr=stderr)
    wait_until((tmp_path / "told").exists, timeout_s=30, what="the program's first round")
    begin = time.monotonic()
    wait_until(lambda: time.monotonic() - begin > 3, what="three seconds")
    (tmp_path / "crash").touch()
    process.wait(timeout=60)
    found = RECORDED.search(said.read_text())
    events, lost = trace_reader.read(found[3])
    assert int(found[1]) == len(events) and lost == 0
    assert {"process", "module"} <= {event.name for event in events}
    told = [event for event in events if event.name == "counter"]
    end_ns = next(event.time_ns for event in events if event.name == "log")
    # Up to a part of the second more, for buffers are let go as a whole; less, as the end may be seen late.
    assert 0.5e9 < end_ns - told[0].time_ns < 2.5e9
    levels = [event.fields["value"] for event in told]
    assert levels == list(range(int(levels[0]), int(levels[-1]) + 1)), "a gap in what was kept"


def post(port, path="/debug/preflame/trace/dump", method="POST"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    except OSError:
        return 0, {}, ""
    finally:
        connection.close()


def last_level(folder):
    events, _ = trace_reader.read(folder)
    return max(event.fields["value"] for event in events if event.name == "counter")


def test_a_dump_by_http(runner, tmp_path, port):
    process = runner.start([*isolation(), COMMAND, "record", "-o", tmp_path / "trace", "--flight=2M", "--",
                            program("told_in_order"), "crash"], PREFLAME_HTTP=port, stdout=subprocess.DEVNULL,
                           stderr=subprocess.PIPE)
    wait_until((tmp_path / "told").exists, timeout_s=30, what="the program's first round")
    status, headers, body = post(port, method="GET")
    assert (status, headers["Allow"]) == (405, "POST") and "POST" in body
    levels, folders = [], []
    for _ in range(2):
        status, headers, body = post(port)
        assert status == 200 and headers["Content-Type"] == "text/plain; charset=utf-8", body
        folders += body.splitlines()
        levels.append(last_level(folders[-1]))
    assert len(set(folders)) == 2 and all(folder.startswith(str(tmp_path / "trace" / "snapshot-")) for folder in folders)
    assert 1000 <= levels[0] <= levels[1]
    (tmp_path / "crash").touch()
    _, stderr = process.communicate(timeout=60)
    last = RECORDED.search(stderr.decode())
    assert last[3] not in folders and last_level(last[3]) >= levels[1]


def test_without_a_recorder_there_is_nothing_to_dump(runner, port):
    runner.start([*isolation(), "env", f"LD_PRELOAD={PRELOAD}", f"PREFLAME_HTTP={port}", program("wall_known"), "100000"])
    status, headers, body = wait_until(lambda: (answer := post(port))[0] and answer, timeout_s=30, what="an endpoint")
    assert status == 409 and headers["X-Go-Pprof"] == "1"
    assert body.startswith("Could not dump: no flight recorder") and "preflame record --flight" in body


def test_a_running_process_is_kept_and_dumped_when_it_crashes(runner, tmp_path, port):
    said = tmp_path / "said"
    script = ('LD_PRELOAD="$1" "$2" crash & target=$!; while ! [ -e told ]; do sleep 0.05; done; '
              '"$3" record -o trace --flight=4M $target; status=$?; wait $target; exit $status')
    with said.open("wb") as stderr:
        process = runner.start([*isolation(), "sh", "-c", script, "sh", PRELOAD, program("told_in_order"), COMMAND],
                               PREFLAME_HTTP=port, stderr=stderr)
    status, _, body = wait_until(lambda: (answer := post(port))[0] == 200 and answer, timeout_s=40, what="a recorder")
    first = last_level(body.strip())
    dump("trace", said, 1)
    second = last_level(DUMPED.findall(said.read_text())[0][1])
    # The recorder sees the end though nobody has asked for the exit status.
    (tmp_path / "crash").touch()
    assert process.wait(timeout=60) == 0, said.read_text()
    events, _ = trace_reader.read(RECORDED.search(said.read_text())[3])
    assert [event.fields["message"] for event in events if event.name == "log"] == ["about to crash"]
    assert {"process", "module", "thread_status"} <= {event.name for event in events}
    assert first <= second <= max(event.fields["value"] for event in events if event.name == "counter")


@pytest.mark.parametrize("size", ["0", "M", "5X", "-1", "2000000G", "", "0s", "100000s", "5ss", "5s,", ",5s", "1M,2x", "1M 2s"])
def test_a_size_that_is_none_is_one_line(tmp_path, size):
    done = subprocess.run([COMMAND, "record", "-o", tmp_path / "t", f"--flight={size}", "--", "true"], capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and "--flight" in done.stderr
