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
