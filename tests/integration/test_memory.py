"""What preflame keeps resident in a program of a thousand threads and a hundred thousand stacks."""

import subprocess

import pprof_reader
from conftest import PRELOAD, fetch_unix, program, wait_until

THREADS, STACKS = 1000, 100000
PROFILES = ("heap", "allocs", "mutex", "block", "threadcreate", "goroutine", "syscall", "io")


def resident_kb(pid):
    """Of the process, by the kernel's account: {"Rss": ..., "Pss": ..., "Anonymous": ...}."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as lines:
        rows = [line.split() for line in lines if line.endswith("kB\n")]
    return {row[0].rstrip(":"): int(row[1]) for row in rows}


def started(runner, preload=None, threads=THREADS, stacks=STACKS, **extra):
    """The program, when all its stacks have been taken and all its threads wait."""
    process = runner.start([program("many_stacks"), threads, stacks], preload=preload, stdin=subprocess.PIPE,
                           stdout=subprocess.PIPE, **extra)
    assert process.stdout.readline() == b"ready\n"
    return process


def ended(process):
    process.stdin.close()
    assert process.wait(timeout=30) == 0


def fetched(runner, process, name):
    status, _, body = fetch_unix(runner.socket_of(process.pid), f"/debug/pprof/{name}")
    assert status == 200
    return body


def own_account(runner, process):
    status, _, body = fetch_unix(runner.socket_of(process.pid), "/debug/preflame/self")
    assert status == 200
    return dict(line.split(": ", 1) for line in body.decode().splitlines())


def test_a_thousand_threads_and_a_hundred_thousand_stacks_take_less_than_16_mb(runner):
    bare = started(runner)
    before_kb = resident_kb(bare.pid)["Rss"]
    ended(bare)
    process = started(runner, PRELOAD, PREFLAME_HEAP_INTERVAL=1)
    wait_until(runner.socket_of(process.pid).exists, what="the socket")
    taken_kb = resident_kb(process.pid)["Rss"]
    profiles = {name: pprof_reader.decode(fetched(runner, process, name)) for name in PROFILES}
    fetched(runner, process, "profile?seconds=1")
    after_kb = resident_kb(process.pid)["Rss"]
    account = own_account(runner, process)
    ended(process)
    print(f"{after_kb - before_kb} kB beyond bare, {taken_kb - before_kb} before profiles were fetched")
    assert int(account["stacks"]) >= STACKS
    assert account["stack_dictionary_full"] == account["buckets_full"] == "0"
    assert len(profiles["heap"].samples) >= STACKS
    assert profiles["heap"].total("alloc_objects") >= STACKS
    assert profiles["goroutine"].total("goroutine") >= THREADS
    assert (after_kb - before_kb) * 1024 < 16_000_000
    assert (after_kb - taken_kb) * 1024 < 3_000_000  # of what profiles were built in, nothing stays


def test_idle_threads_take_little(runner):
    sizes = {}
    for threads in (10, THREADS):
        for preload in (None, PRELOAD):
            process = started(runner, preload, threads=threads, stacks=threads)
            if preload:
                wait_until(runner.socket_of(process.pid).exists, what="the socket")
            sizes[threads, preload] = resident_kb(process.pid)["Rss"]
            ended(process)
    added = [sizes[threads, PRELOAD] - sizes[threads, None] for threads in (10, THREADS)]
    print(f"{added} kB")
    assert (added[1] - added[0]) * 1024 < 4_000_000


def test_full_tables_count_what_they_drop(runner):
    process = started(runner, PRELOAD, threads=10, PREFLAME_HEAP_INTERVAL=1, PREFLAME_MEMORY_MAX="4M")
    wait_until(runner.socket_of(process.pid).exists, what="the socket")
    heap = pprof_reader.decode(fetched(runner, process, "heap"))
    account = own_account(runner, process)
    _, _, metrics = fetch_unix(runner.socket_of(process.pid), "/metrics")
    ended(process)
    assert int(account["memory_bytes"]) < 4 << 20
    for name in ("stack_dictionary_full", "buckets_full"):
        assert int(account[name]) > 0
        assert any(name in comment for comment in heap.comments)
        assert f'reason="{name}"'.encode() in metrics
    seen = heap.total("alloc_objects") + int(account["buckets_full"])
    assert STACKS <= seen < STACKS + 1000
