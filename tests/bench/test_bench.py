"""The measuring tools themselves: their arithmetic, their one line of JSON, and that failures are said."""
import json
import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("PREFLAME_BUILD", HERE.parents[1] / "build/release"))
sys.path.insert(0, str(HERE))
import bench  # noqa: E402
from columns import BARE, Column, Scratch, columns  # noqa: E402
from bench_servers import Failure, pairs_of_requests  # noqa: E402
from statistics_of_pairs import Pairs, median_interval, quartiles  # noqa: E402


def run(program, *words):
    return subprocess.run([BUILD / "bin" / program, *words], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("program, words, operations", [
    ("bench-mutex-pair", ["--operations=1000", "--threads=3"], 3000),
    ("bench-malloc-pair", ["--operations=1000", "--threads=3", "--blocks=10"], 3000),
    ("bench-write-null", ["--operations=1000"], 1000),
    ("bench-thread-create", ["--operations=10"], 10),
    ("bench-cpu-bound", ["--operations=10"], 10),
    ("bench-start-up", ["--operations=3", "--", "A=b", "/bin/true"], 3),
])
def test_each_program_prints_one_line_with_what_was_asked_for(program, words, operations):
    result = run(program, *words)
    answer = json.loads(result.stdout)
    assert result.returncode == 0 and answer["operations"] == operations and answer["ns_per_op"] > 0


def test_start_up_gives_its_variables_to_the_command_and_reports_its_failure():
    assert run("bench-start-up", "--operations=1", "--", "A=b", "/usr/bin/env", "sh", "-c", '[ "$A" = b ]').returncode == 0
    assert run("bench-start-up", "--operations=1", "--", "/bin/false").returncode == 1


def test_wrong_number_is_refused():
    assert run("bench-write-null", "--operations=0").returncode == 2


def test_ratio_is_of_pairs_and_not_of_medians():
    pairs = Pairs()
    for bare, tool in [(10, 11), (100, 110), (1000, 1100)]:
        pairs.add((bare, tool))
    assert pairs.ratios() == pytest.approx((1.1, 1.1, 1.1))
    assert pairs.differences()[1] == pytest.approx(10)
    assert quartiles([7]) == (7, 7, 7)


def results_with(row, column, bare, tool):
    pairs = Pairs()
    pairs.add((bare, tool))
    return {row: ({column: pairs}, {})}


@pytest.mark.parametrize("tool, verdict", [(14.9, "yes"), (15.1, "NO")])
def test_limit_of_five_nanoseconds_is_judged(tool, verdict):
    results = results_with("mutex", "idle", 10, tool)
    assert f"| {verdict} |" in "\n".join(bench.table_of_limits(results))
    broken = bench.broken_limits(results)
    assert broken == ([] if verdict == "yes" else ["over its limit of 5 ns: added to a mutex lock+unlock pair: +5.10 ns"])


@pytest.mark.parametrize("limit_ns, status", [(1e9, 0), (-1e9, 1)])
def test_limit_that_does_not_hold_is_named_and_ends_with_status_1(monkeypatch, capsys, limit_ns, status):
    monkeypatch.setattr(bench, "LIMITS", [("write", "idle", "added to a system call", limit_ns, "difference")])
    monkeypatch.setattr(bench, "ROWS", [bench.Row("write", "write", "ns", 1, ["bench-write-null", "--operations=1000"],
                                                  ["idle"], 0, 0)])
    monkeypatch.setattr(sys, "argv", ["bench.py", f"--build={BUILD}"])
    assert bench.main() == status
    said = capsys.readouterr().err.splitlines()
    assert sum("over its limit of" in line and "added to a system call" in line for line in said) == status


@pytest.mark.parametrize("tool, verdict", [(102.9, "yes"), (103.1, "NO")])
def test_limit_of_three_percent_is_judged(tool, verdict):
    text = "\n".join(bench.table_of_limits(results_with("nginx", "cpu100", 100, tool)))
    assert f"| {verdict} |" in text


def test_failed_column_is_shown_as_not_measured():
    row = next(row for row in bench.ROWS if row.key == "write")
    broken = Column("idle", "broken", prefix=["/bin/false"])
    results = bench.measure_row(row, [broken], BUILD, True)
    assert "idle" in results[1]
    assert "| unknown |" in "\n".join(bench.table_of_limits({"write": results}))
    assert "not measured" in "\n".join(bench.table_of_row(row, [broken], results))


def test_every_row_names_columns_that_exist():
    known = {column.key for column in columns(BUILD)}
    for row in bench.ROWS:
        assert set(row.columns) <= known


def test_interval_of_the_median_counts_a_start_once():
    # Eight values of each of four starts: the starts differ, their values don't. As 32 values they would seem certain.
    starts = [[value] * 8 for value in (1.00, 1.01, 1.02, 1.06)]
    low, high = median_interval(starts)
    assert low == 1.00 and high >= 1.04
    low, high = median_interval([[value] for start in starts for value in start])
    assert 1.00 <= low and high < 1.04
    assert median_interval([[3.0]]) == (3.0, 3.0)


@pytest.mark.parametrize("tools, holds", [((101, 102), "yes"), ((104, 105), "NO"), ((101, 105), "unclear")])
def test_a_limit_within_the_interval_is_neither_kept_nor_broken(tools, holds):
    pairs = Pairs()
    for tool in tools * 10:
        pairs.add((100, tool))
    results = {"nginx": ({"cpu100": pairs}, {})}
    assert f"| {holds} |" in "\n".join(bench.table_of_limits(results))
    assert len(bench.broken_limits(results)) == (1 if holds == "NO" else 0)


@pytest.mark.parametrize("kind", ["nginx", "redis"])
def test_server_costs_some_microseconds_a_request_and_leaves_no_process(kind):
    with Scratch() as first, Scratch() as second:
        pair, = pairs_of_requests(kind, (BARE, BARE), (first, second), 1)
        assert all(500 < cost_ns < 1_000_000 for cost_ns in pair)
        commands = [path.read_bytes() for path in pathlib.Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
        assert not [command for command in commands if str(first).encode() in command or str(second).encode() in command]


def test_server_that_ends_at_once_is_a_failure():
    with Scratch() as first, Scratch() as second, pytest.raises(Failure):
        pairs_of_requests("redis", (BARE, Column("x", "x", prefix=["/bin/false"])), (first, second), 1)


def test_unknown_column_is_refused():
    done = subprocess.run([sys.executable, HERE / "bench.py", f"--build={BUILD}", "--columns=none"], capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 2 and "known are" in done.stderr
