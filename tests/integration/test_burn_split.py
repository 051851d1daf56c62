"""CPU profiles of known truth: shares of functions, and the sum of samples against the process' CPU time."""

import json

import pprof_reader
import pytest
from conftest import measured, program

FUNCTIONS = ("burn_half", "burn_third", "burn_fifth")


@pytest.mark.parametrize("rate_hz,threads,cpu_seconds",
                         [(100, 1, 10), (100, 4, 14), (100, 16, 16), (1000, 1, 5), (1000, 4, 8), (1000, 16, 10)])
@measured
def test_shares_and_sum_are_true(runner, tmp_path, rate_hz, threads, cpu_seconds):
    out = tmp_path / "out"
    outcome = runner.preloaded([program("burn_split"), threads, cpu_seconds], PREFLAME_PROFILE="cpu",
                               PREFLAME_CPU_HZ=rate_hz, PREFLAME_OUT=out)
    assert outcome.status == 0, outcome.stderr
    truth = json.loads(outcome.stdout)
    profile = pprof_reader.read(out / "cpu.pprof")
    assert profile.sample_types == [("samples", "count"), ("cpu", "nanoseconds")]
    assert profile.period_type == ("cpu", "nanoseconds")
    assert profile.period == 1_000_000_000 // rate_hz
    total_ns = profile.total("cpu")
    assert total_ns == pytest.approx(truth["process_cpu_ns"], rel=0.03)
    burned_ns = sum(truth[name] for name in FUNCTIONS)
    for name in FUNCTIONS:
        share = 100 * profile.cumulative(name, "cpu") / total_ns
        assert share == pytest.approx(100 * truth[name] / burned_ns, abs=3), name


@pytest.mark.parametrize("count,at_once,cpu_us", [(300, 2, 3000), (200, 100, 20000)])
@measured
def test_short_lives_are_counted(runner, tmp_path, count, at_once, cpu_us):
    """CPU timers are looked at by the kernel's ticks: what was due at a thread's end is settled there."""
    out = tmp_path / "out"
    outcome = runner.preloaded([program("short_threads"), count, at_once, cpu_us], PREFLAME_PROFILE="cpu",
                               PREFLAME_CPU_HZ=1000, PREFLAME_OUT=out)
    assert outcome.status == 0, outcome.stderr
    profile = pprof_reader.read(out / "cpu.pprof")
    assert profile.total("cpu") == pytest.approx(json.loads(outcome.stdout)["process_cpu_ns"], rel=0.1)
    assert profile.cumulative("work", "cpu") >= 0.8 * profile.total("cpu")


def test_a_program_of_one_thread_shows_the_calls_it_makes(runner, tmp_path):
    out = tmp_path / "out"
    outcome = runner.preloaded([program("reads_alone"), 1000], PREFLAME_PROFILE="cpu", PREFLAME_CPU_HZ=1000,
                               PREFLAME_OUT=out)
    assert outcome.status == 0, outcome.stderr
    profile = pprof_reader.read(out / "cpu.pprof")
    reads = sum(profile.cumulative(name, "cpu") for name in ("read", "__libc_read", "__read"))
    assert reads >= 0.8 * profile.total("cpu")
    assert profile.cumulative("syscall", "cpu") == 0


def test_threads_that_nobody_saw_begin_or_end_take_no_room_from_others(runner, tmp_path):
    out = tmp_path / "out"
    outcome = runner.preloaded([program("strangers"), 9000, 300], PREFLAME_PROFILE="cpu", PREFLAME_CPU_HZ=1000,
                               PREFLAME_OUT=out)
    assert outcome.status == 0, outcome.stderr
    assert pprof_reader.read(out / "cpu.pprof").cumulative("burn_last", "cpu") >= 200_000_000
