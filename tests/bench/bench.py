#!/usr/bin/python3
"""What preflame costs, measured in pairs with bare runs and beside its peers; prints Markdown tables.

Usage: bench.py [--quick] [--build=DIR] [--only=ROW,...] [--columns=COLUMN,...] [-o FILE]
The exit status is 1 when a design limit doesn't hold, which a line on stderr names, or something could not be measured.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import time
from dataclasses import dataclass

from columns import BARE, Scratch, columns
from bench_servers import Failure, pairs_of_requests
from statistics_of_pairs import Pairs, quartiles

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAIRS_A_START = 20  # of a server
PREFLAME = ["idle", "cpu100", "cpu1000", "trace"]
PEERS = ["lttng", "gperf100", "gperf1000", "heaptrack"]


@dataclass
class Row:
    """One workload: what is run, which columns make sense for it, and how long it may take in all."""
    key: str
    title: str
    unit: str
    divisor: float
    program: list
    columns: list
    quick_s: float
    full_s: float
    server: str = ""


ROWS = [
    Row("mutex", "mutex lock+unlock, 1 of 2 threads", "ns", 1, ["bench-mutex-pair", "--operations=10000000"],
        PREFLAME + PEERS, 10, 45),
    Row("alone", "mutex lock+unlock, program of one thread", "ns", 1,
        ["bench-mutex-pair", "--alone=1", "--operations=10000000"], ["idle", "socketless", "lttng"], 8, 30),
    Row("mutexes", "mutex lock+unlock, 4 threads", "ns", 1,
        ["bench-mutex-pair", "--threads=4", "--operations=3000000"], PREFLAME + PEERS, 10, 45),
    Row("malloc", "malloc+free of 64 bytes", "ns", 1, ["bench-malloc-pair", "--operations=4000000"],
        ["heapless", "idle", "heap16k", "heaptrack"], 10, 45),
    Row("mallocs", "malloc+free of 64 bytes, 2 threads of 10000 blocks", "ns", 1,
        ["bench-malloc-pair", "--threads=2", "--blocks=10000", "--operations=2000000"],
        ["heapless", "idle", "heap16k", "heaptrack"], 10, 45),
    Row("write", "write 1 byte to /dev/null", "ns", 1, ["bench-write-null", "--operations=1000000"],
        PREFLAME + PEERS, 10, 45),
    Row("create", "pthread_create+join (CPU)", "us", 1e3, ["bench-thread-create", "--operations=10000"],
        PREFLAME + PEERS, 10, 45),
    Row("cpu", "computing (CPU per 1000 steps)", "ns", 1, ["bench-cpu-bound", "--operations=400000"],
        ["idle", "cpu100", "cpu1000", "gperf100", "gperf1000"], 14, 75),
    Row("start", "start-up of /bin/true (elapsed)", "us", 1e3, ["bench-start-up", "--operations=50"],
        ["idle", "cpu100", "lttng", "gperf100", "heaptrack"], 8, 45),
    Row("nginx", "nginx, 2 workers, 1 KB file (CPU per request)", "us", 1e3, [],
        ["idle", "cpu100", "cpu1000", "trace", "lttng"], 28, 190, "nginx"),
    Row("redis", "redis GET (CPU per request)", "us", 1e3, [],
        ["idle", "cpu100", "cpu1000", "trace", "lttng", "gperf100"], 28, 190, "redis"),
]

# (row, column, what must stay below, limit, "difference" in ns or "ratio" above 1)
LIMITS = [
    ("mutex", "idle", "added to a mutex lock+unlock pair", 5.0, "difference"),
    ("alone", "idle", "added to a pair, program of one thread", 5.0, "difference"),
    ("alone", "socketless", "the same with PREFLAME_SOCKET=off", 5.0, "difference"),
    ("mutexes", "idle", "added to a pair, 4 threads", 5.0, "difference"),
    ("malloc", "heapless", "added to a malloc+free pair, nothing recorded", 5.0, "difference"),
    ("write", "idle", "added to a system call", 10.0, "difference"),
    ("nginx", "idle", "CPU per request of nginx, idle", 0.03, "ratio"),
    ("nginx", "cpu100", "CPU per request of nginx, CPU profile on", 0.03, "ratio"),
    ("redis", "idle", "CPU per request of redis, idle", 0.03, "ratio"),
    ("redis", "cpu100", "CPU per request of redis, CPU profile on", 0.03, "ratio"),
]


def measure(row, column, build):
    """One value of `row` under `column`, in ns."""
    with Scratch() as scratch:
        words = [build / "bin" / row.program[0], *row.program[1:]]
        command, environment = column.command(words, scratch)
        if row.key == "start":  # the tool goes into the started command, not into the one that times it
            command = [*map(str, words), "--", *(f"{k}={v}" for k, v in environment.items()), "/bin/true"]
            environment = {}
        result = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True,
                                timeout=120)
        if result.returncode:
            last = (result.stderr.strip().splitlines() or ["no message"])[-1]
            raise Failure(f"{words[0].name} ended with status {result.returncode}: {last}")
        lines = [line for line in result.stdout.splitlines() if line.startswith("{")]
        if len(lines) != 1:
            raise Failure(f"{words[0].name} did not print its one line of JSON")
        return json.loads(lines[0])["ns_per_op"]


def measure_pairs(row, column, build, is_bare_first):
    """The pairs (bare, under `column`) of one round, in ns."""
    if row.server:
        with Scratch() as bare_scratch, Scratch() as scratch:
            return pairs_of_requests(row.server, (BARE, column), (bare_scratch, scratch), PAIRS_A_START)
    order = [BARE, column] if is_bare_first else [column, BARE]
    values = {which.key: measure(row, which, build) for which in order}
    return [(values["bare"], values[column.key])]


def measure_row(row, available, build, is_quick):
    """column key -> Pairs, in rounds until the row's time is used up; two rounds at least."""
    pairs = {column.key: Pairs() for column in available}
    failed = {}
    deadline = time.monotonic() + (row.quick_s if is_quick else row.full_s)
    rounds = 0
    while rounds < 2 or (time.monotonic() < deadline and rounds < 40):
        for column in available:
            if column.key in failed or (rounds >= 2 and time.monotonic() > deadline):
                continue
            try:
                found = measure_pairs(row, column, build, rounds % 2 == 0)
            except (Failure, subprocess.TimeoutExpired) as reason:
                failed[column.key] = str(reason)
                print(f"bench: {row.key} under {column.title}: {reason}", file=sys.stderr)
                continue
            pairs[column.key].add(*found)
        rounds += 1
    return pairs, failed


def table_of_row(row, all_columns, result):
    """One Markdown table: a line a column, with the median, the ratio and its quartiles, the difference, the pairs."""
    pairs, failed = result
    bare = [value for one in pairs.values() for value in one.bare]
    lines = [f"### {row.title}", "",
             "| | median | ratio to bare (quartiles) | added | pairs |", "|---|---|---|---|---|"]
    if bare:
        lines.append(f"| bare | {quartiles(bare)[1] / row.divisor:.1f} {row.unit} | 1 | | {len(bare)} |")
    for column in all_columns:
        if column.key not in row.columns:
            continue
        if column.missing or column.key in failed:
            lines.append(f"| {column.title} | not measured: {column.missing or failed[column.key]} | | | |")
            continue
        one = pairs[column.key]
        first, middle, third = one.ratios()
        lines.append(f"| {column.title} | {quartiles(one.with_tool)[1] / row.divisor:.1f} {row.unit} "
                     f"| {middle:.3f} ({first:.3f} to {third:.3f}) "
                     f"| {one.differences()[1] / row.divisor:+.2f} {row.unit} | {len(one)} |")
    return lines + [""]


def verdict(low, high, bound):
    """Of the interval in which the median lies."""
    return "yes" if high <= bound else "NO" if low > bound else "unclear"


def judged_limits(results):
    """(what, bound, unit, (low, median, high) or None, verdict) of each limit whose row and column were asked for."""
    for row, column, what, limit, kind in LIMITS:
        if row not in results:
            continue
        pairs, failed = results[row]
        if column in failed:
            yield what, None, "", None, "unknown"
            continue
        if not pairs.get(column):
            continue
        one = pairs[column]
        if kind == "ratio":
            values, unit, bound = [100 * (ratio - 1) for ratio in one.every_ratio()], "%", limit * 100
        else:
            values, unit, bound = one.every_difference(), "ns", limit
        low, high = one.interval(values)
        yield what, bound, unit, (low, quartiles(values)[1], high), verdict(low, high, bound)


def table_of_limits(results):
    lines = ["### Design limits", "", "| what | limit | measured: median (95 % interval) | holds |", "|---|---|---|---|"]
    for what, bound, unit, shown, holds in judged_limits(results):
        if not shown:
            lines.append(f"| {what} | | not measured | {holds} |")
            continue
        low, middle, high = shown
        lines.append(f"| {what} | {bound:g} {unit} | {middle:+.2f} {unit} ({low:+.2f} to {high:+.2f}) | {holds} |")
    return lines + [""]


def broken_limits(results):
    """A line for each limit that doesn't hold."""
    return [f"over its limit of {bound:g} {unit}: {what}: {shown[1]:+.2f} {unit}"
            for what, bound, unit, shown, holds in judged_limits(results) if holds == "NO"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="about 3 minutes instead of 12; wider intervals")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", help="build folder")
    parser.add_argument("--only", default="", help="rows, comma-separated: " + ",".join(row.key for row in ROWS))
    parser.add_argument("--columns", default="", help="columns, comma-separated: by their keys in columns.py")
    parser.add_argument("-o", dest="output", type=pathlib.Path, help="also write the tables into this file")
    options = parser.parse_args()
    options.build = options.build.resolve()
    known = {row.key for row in ROWS}
    options.rows = [key for key in options.only.split(",") if key] or [row.key for row in ROWS]
    if not set(options.rows) <= known:
        parser.error(f"unknown row; known are {', '.join(sorted(known))}")
    options.columns = {key for key in options.columns.split(",") if key}
    known = {column.key for column in columns(options.build)}
    if not options.columns <= known:
        parser.error(f"unknown column; known are {', '.join(sorted(known))}")
    return options


def main():
    options = arguments()
    all_columns = [one for one in columns(options.build) if not options.columns or one.key in options.columns]
    for column in all_columns:
        if column.missing:
            print(f"bench: leaving out '{column.title}': {column.missing}", file=sys.stderr)
    lines = [f"{os.cpu_count()} CPUs, Linux {os.uname().release}; CPU times unless said otherwise; "
             f"each value paired with a bare run beside it.", ""]
    results = {}
    for row in ROWS:
        if row.key not in options.rows:
            continue
        available = [one for one in all_columns if one.key in row.columns and not one.missing]
        results[row.key] = measure_row(row, available, options.build, options.quick)
        table = table_of_row(row, all_columns, results[row.key])
        print("\n".join(table), flush=True)
        lines += table
    limits = table_of_limits(results)
    print("\n".join(limits))
    if options.output:
        beside = options.output.with_name(options.output.name + ".part")
        beside.write_text("\n".join(lines + limits) + "\n")
        beside.replace(options.output)
    broken = broken_limits(results)
    for line in broken:
        print(f"bench: {line}", file=sys.stderr)
    return 1 if broken or any(failed for _, failed in results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
