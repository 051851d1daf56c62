"""The block and mutex profiles against what programs measure of their own waiting."""

import json
import subprocess

import pprof_reader
import pytest
from conftest import PRELOAD, free_port, measured, program, wait_until

NOT_BLOCKING = {"sleep", "file_io", "fsync", "wait_child", "signal"}


def profiles(runner, tmp_path, argv, names, **extra):
    """Runs to the end: (what the program printed as JSON, name -> profile)."""
    out = tmp_path / f"out{len(runner.started)}"
    outcome = runner.preloaded(argv, PREFLAME_PROFILE=",".join(names), PREFLAME_OUT=out, **extra)
    assert outcome.status == 0, outcome.stderr
    return json.loads(outcome.stdout), {name: pprof_reader.read(out / f"{name}.pprof") for name in names}


def by_reason(profile, label="reason"):
    result = {}
    for sample in profile.samples:
        name = sample.labels[label]
        result[name] = result.get(name, 0) + sample.values[1]
    return result


@measured
def test_block_knows_every_wait_and_its_length(runner, tmp_path):
    truth, got = profiles(runner, tmp_path, [program("sleep_known"), 3], ["block"])
    assert got["block"].sample_types == [("contentions", "count"), ("delay", "nanoseconds")]
    seen = by_reason(got["block"])
    assert not NOT_BLOCKING & set(seen)
    wrong = {name: (seen.get(name, 0), known["ns"]) for name, known in truth.items()
             if name not in NOT_BLOCKING and seen.get(name, 0) != pytest.approx(known["ns"], rel=0.02)}
    assert wrong == {}, f"(profiled, true) ns by reason; all profiled: {seen}"


@pytest.mark.parametrize("threads,rounds,hold_us", [(2, 60, 1000), (6, 30, 500), (16, 10, 300)])
@measured
def test_a_convoy_is_true_on_both_sides(runner, tmp_path, threads, rounds, hold_us):
    truth, got = profiles(runner, tmp_path, [program("contention_known"), threads, rounds, hold_us],
                          ["block", "mutex"])
    assert by_reason(got["block"])["mutex"] == pytest.approx(truth["mutex_ns"], rel=0.02)
    mutex = got["mutex"]
    assert mutex.total("delay") == pytest.approx(truth["mutex_ns"], rel=0.02)
    # The one that holds ten times as long makes the others wait.
    assert mutex.cumulative("hold_long", "delay") > 2 * mutex.cumulative("hold_short", "delay")
    assert mutex.cumulative("hold_long", "delay") + mutex.cumulative("hold_short", "delay") > \
        0.99 * mutex.total("delay")
    first = max(got["block"].samples, key=lambda sample: sample.values[1])
    assert first.labels["reason"] in ("mutex", "join")


@measured
def test_semaphores_and_conditions_are_waited_for_where_they_are(runner, tmp_path):
    truth, got = profiles(runner, tmp_path, [program("contention_known"), 1, 1, 100], ["block"])
    assert got["block"].cumulative("wait_for_post", "delay") == pytest.approx(truth["sem_ns"], rel=0.02)
    assert got["block"].cumulative("wait_for_open", "delay") == pytest.approx(truth["cond_ns"], rel=0.02)


@measured
def test_wall_is_computing_and_waiting_together(runner, tmp_path):
    """Waits that go on when the profile is taken are in it as long as they have lasted."""
    truth, got = profiles(runner, tmp_path, [program("wall_known"), 40], ["wall"], PREFLAME_CPU_HZ=1000)
    wall = got["wall"]
    assert wall.sample_types == [("samples", "count"), ("wall", "nanoseconds")]
    for name, limit in (("sleep_a_while", 0.02), ("poll_a_while", 0.02), ("read_for_ever", 0.05), ("compute", 0.15)):
        assert wall.cumulative(name, "wall") == pytest.approx(truth[name], rel=limit), name


@measured
def test_a_call_that_works_is_a_call_but_no_wait(runner, tmp_path):
    truth, got = profiles(runner, tmp_path, [program("io_known")], ["wall", "io", "syscall"])
    waited = by_reason(got["wall"], "state")
    # The first slow call of a thread comes unforeseen.
    assert waited.get("file_io", 0) <= truth["off_cpu_ns"] + 0.3 * truth["working_ns"]
    assert waited["pipe"] == pytest.approx(truth["pipe_ns"], rel=0.1)
    for name in ("io", "syscall"):
        assert got[name].cumulative("work", "time") == pytest.approx(truth["working_ns"], rel=0.1)


def test_wall_of_a_window_has_only_what_fell_into_it(runner, tmp_path, port):
    process = runner.start([program("wall_known"), 400], preload=PRELOAD, stdout=subprocess.DEVNULL,
                           PREFLAME_HTTP=port)
    url = f"http://127.0.0.1:{port}/debug/fgprof?seconds=2&hz=1000"
    body = wait_until(lambda: subprocess.run(["curl", "-sf", url], capture_output=True).stdout, what="a profile")
    assert process.poll() is None
    wall = pprof_reader.decode(body)
    window_ns = wall.duration_ns
    assert window_ns == pytest.approx(2e9, rel=0.1)
    assert wall.cumulative("read_for_ever", "wall") == pytest.approx(window_ns, rel=0.05)
    # Of what the main thread does; on a loaded machine it also waits for a processor, which is no wait of its own.
    assert wall.cumulative("sleep_a_while", "wall") == pytest.approx(3 * wall.cumulative("poll_a_while", "wall"), rel=0.15)
    assert 0.2 * window_ns < wall.cumulative("main", "wall") < 1.05 * window_ns
    assert {sample.labels["state"] for sample in wall.samples} >= {"running", "sleep", "poll", "pipe"}


@measured
def test_the_locks_inside_stdio_are_seen(runner, tmp_path):
    truth, got = profiles(runner, tmp_path, [program("stdio_known"), 3], ["block", "mutex"])
    assert by_reason(got["block"])["stdio"] == pytest.approx(truth["stdio_ns"], rel=0.02)
    assert got["block"].cumulative("print_little", "delay") == pytest.approx(truth["stdio_ns"], rel=0.02)
    assert by_reason(got["mutex"])["stdio"] == pytest.approx(truth["stdio_ns"], rel=0.02)
    assert got["mutex"].cumulative("write_much", "delay") > 0.95 * truth["stdio_ns"]


def test_rates_of_0_switch_the_profiles_off(runner, tmp_path):
    argv = [program("contention_known"), 4, 10, 300]
    _, got = profiles(runner, tmp_path, argv, ["block", "mutex"], PREFLAME_BLOCK_RATE=0, PREFLAME_MUTEX_FRACTION=0)
    assert got["block"].samples == [] and got["mutex"].samples == []
    _, got = profiles(runner, tmp_path, argv, ["block", "mutex"], PREFLAME_BLOCK_RATE=0)
    assert got["block"].samples == [] and got["mutex"].samples != []


@measured
def test_a_fraction_is_scaled_back(runner, tmp_path):
    truth, got = profiles(runner, tmp_path, [program("contention_known"), 6, 200, 50], ["mutex"],
                          PREFLAME_MUTEX_FRACTION=5)
    assert got["mutex"].total("delay") == pytest.approx(truth["mutex_ns"], rel=0.5)


def test_both_sides_stand_in_one_stack(runner, tmp_path):
    """Fetched while the program lives, since files at exit have one side."""
    port = free_port()
    process = runner.start([program("contention_known"), 4, 400, 500], preload=PRELOAD,
                           stdout=subprocess.DEVNULL, PREFLAME_HTTP=port)

    def both():
        done = subprocess.run(["curl", "-sf", f"http://127.0.0.1:{port}/debug/pprof/mutex?view=both"],
                              capture_output=True)
        profile = pprof_reader.decode(done.stdout) if done.returncode == 0 else None
        return profile if profile and profile.total("delay") > 200_000_000 else None

    profile = wait_until(both, what="a mutex profile of 200 ms")
    assert process.poll() is None
    held_long_ns = 0
    for sample in profile.samples:
        middle = sample.stack.index("--")  # the waiter's side, its root first; then the holder's
        assert sample.stack[:middle][-1] in ("hold_long", "hold_short", "take")
        assert "fight" in sample.stack[middle + 1:]
        held_long_ns += sample.values[1] if "hold_long" in sample.stack[middle + 1:] else 0
    assert held_long_ns > 0.5 * profile.total("delay")


@measured
def test_many_short_calls_and_polls_are_few_samples_that_tell_all(runner, tmp_path):
    """What an event loop does at each request is counted seldom, and with so much more weight."""
    calls, polls = 6_000_000, 12_000
    truth, got = profiles(runner, tmp_path, [program("short_waits"), calls, polls], ["block", "io", "syscall"])
    io, block = got["io"], got["block"]
    assert io.cumulative("write_often", "ops") == pytest.approx(calls, rel=0.25)
    assert io.cumulative("write_often", "bytes") == pytest.approx(calls, rel=0.25)
    assert 0 < io.cumulative("write_often", "time") < 1.25 * truth["calls_ns"]
    assert block.cumulative("poll_often", "delay") == pytest.approx(truth["polls_ns"], rel=0.25)
    assert block.cumulative("poll_often", "contentions") == pytest.approx(polls, rel=0.25)


@measured
def test_with_a_rate_of_one_every_call_and_every_wait_is_counted(runner, tmp_path):
    calls, polls = 20_000, 500
    truth, got = profiles(runner, tmp_path, [program("short_waits"), calls, polls], ["block", "io"],
                          PREFLAME_BLOCK_RATE=1)
    assert got["io"].cumulative("write_often", "ops") == calls
    assert got["io"].cumulative("write_often", "bytes") == calls
    assert got["block"].cumulative("poll_often", "contentions") == polls
    assert got["block"].cumulative("poll_often", "delay") == pytest.approx(truth["polls_ns"], rel=0.03)
