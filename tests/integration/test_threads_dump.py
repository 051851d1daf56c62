"""goroutine?debug=2: what every thread waits for, since when, who holds it; and deadlocks."""

import re
import subprocess

import pprof_reader
import pytest
from conftest import PRELOAD, fetch_unix, program


@pytest.fixture
def waiting(runner):
    process = runner.start([program("threads_known")], preload=PRELOAD, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    yield process, runner.socket_of(process.pid)
    assert process.poll() is None


def blocks(text):
    """thread name -> (tid, what stands in brackets, functions)."""
    found = {}
    for block in text.split("\n\n"):
        head = re.match(r'thread (\d+) "([^"]*)" \[(.*)\]:\n', block)
        if head:
            functions = re.findall(r"^(\S.*)\(\.\.\.\)$", block, re.M)
            found[head[2]] = (int(head[1]), head[3], functions)
    return found


def dump(socket_path, name="goroutine"):
    status, headers, body = fetch_unix(socket_path, f"/debug/pprof/{name}?debug=2")
    assert status == 200
    assert headers["content-type"] == "text/plain; charset=utf-8"
    return body.decode()


def test_every_thread_has_its_state_its_wait_and_its_stack(waiting):
    process, socket_path = waiting
    threads = blocks(dump(socket_path))
    a, b = threads["locker-a"], threads["locker-b"]
    assert re.fullmatch(rf'mutex 0x[0-9a-f]+ held by thread {b[0]} "locker-b", [\d.]+s', a[1])
    assert re.fullmatch(rf'mutex 0x[0-9a-f]+ held by thread {a[0]} "locker-a", [\d.]+s', b[1])
    expected = {"locker-a": ("mutex", "take_first_then_second"), "locker-b": ("mutex", "take_second_then_first"),
                "sem": ("sem", "wait_for_semaphore"), "pipe": ("pipe on fd 3 pipe:", "wait_for_pipe"),
                "socket": ("net_read on fd 5 socket:", "wait_for_socket"), "poll": ("poll", "poll_nothing"),
                "word": ("futex 0x", "wait_for_word"),
                "burner": ("running", "burn")}
    for name, (wait, function) in expected.items():
        assert threads[name][1].startswith(wait), (name, threads[name])
        assert function in threads[name][2], (name, threads[name])
    main = next(thread for thread in threads.values() if thread[0] == process.pid)
    assert "main" in main[2]
    assert len(threads) == len(expected) + 1  # and none of preflame's own


def test_times_go_on(waiting):
    _, socket_path = waiting
    waited = [float(re.search(r"([\d.]+)s$", blocks(dump(socket_path))["sem"][1])[1]) for _ in range(3)]
    assert waited == sorted(waited) and waited[0] < waited[2]


def test_a_deadlock_is_reported_once_with_both_sides(waiting):
    _, socket_path = waiting
    text = dump(socket_path, "threads")
    assert text.count("deadlock: these threads wait for each other:\n") == 1
    report = text.split("deadlock:")[1]
    assert re.search(r'\tthread \d+ "locker-a" waits for mutex 0x[0-9a-f]+ held by thread \d+ "locker-b"\n', report)
    assert re.search(r'\tthread \d+ "locker-b" waits for mutex 0x[0-9a-f]+ held by thread \d+ "locker-a"\n', report)


def test_the_profile_counts_threads_with_labels(waiting):
    _, socket_path = waiting
    profile = pprof_reader.decode(fetch_unix(socket_path, "/debug/pprof/goroutine")[2])
    assert profile.sample_types == [("goroutine", "count")]
    assert profile.total("goroutine") == 9
    assert {sample.labels["thread"]: sample.labels["state"] for sample in profile.samples}["burner"] == "running"


def test_nobody_is_disturbed(waiting):
    """Asking is no reason for any call to return."""
    process, socket_path = waiting
    for _ in range(50):
        dump(socket_path)
    assert len(blocks(dump(socket_path))) == 9
    assert process.poll() is None
