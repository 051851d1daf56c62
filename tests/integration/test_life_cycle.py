"""Unusual lives and ends of processes: the same status and output as bare, and the profile is there."""

import re
import signal
import subprocess

import pprof_reader
import pytest
import trace_reader
from conftest import PRELOAD, Outcome, fetch_unix, measured, program, wait_until

CPU_MS = 300
LEAST_NS = CPU_MS * 1_000_000 * 2 // 3


def profiled(runner, way, out, **extra):
    return runner.preloaded([program("life"), way, CPU_MS], PREFLAME_PROFILE="cpu", PREFLAME_CPU_HZ=1000,
                            PREFLAME_OUT=out, **extra)


def burned_ns(path, name):
    return pprof_reader.read(path).cumulative(name, "cpu")


@pytest.mark.parametrize("way", ["fork", "raw-fork", "_Fork", "fork-accepts", "_Fork-accepts", "_Fork-reads", "clone",
                                 "daemon", "closes", "main-pthread-exit",
                                 "main-cancelled", "exec", "fork-dlopen", "fork-dlmopen", "spawn", "raw-exit",
                                 "raw-exit-of-all", "return", "exit", "_exit", "_Exit", "quick_exit", "abort",
                                 "abort-caught", "blocks-signals"])
@pytest.mark.parametrize("profile", ["", "cpu"])
def test_status_and_output_are_as_bare(runner, tmp_path, way, profile):
    extra = {"PREFLAME_PROFILE": profile, "PREFLAME_OUT": tmp_path / "out"} if profile else {}
    bare, preloaded = runner.bare_and_preloaded([program("life"), way, 50], timeout_s=30, **extra)
    assert (preloaded.status, preloaded.stdout) == (bare.status, bare.stdout), preloaded.stderr


@pytest.mark.parametrize("way", ["fork", "daemon", "closes", "exit"])
def test_status_and_output_are_as_bare_when_recorded_and_the_trace_goes_on(runner, way):
    """Closing every descriptor closes none of the trace provider's, and none of them is where the program looks."""
    bare = runner.run([program("life"), way, CPU_MS])
    outcome, folder = runner.record([program("life"), way, CPU_MS], "--cpu-hz=1000")
    assert (outcome.status, outcome.stdout) == (bare.status, bare.stdout), outcome.stderr
    events, lost = trace_reader.read(folder)
    assert lost == 0
    burned_ns = sum(event.fields["weight_ns"] for event in events if event.name == "sample")
    assert burned_ns >= (2 if way in ("fork", "daemon") else 1) * LEAST_NS


def test_a_trace_leaves_the_low_descriptors_even_where_there_are_few(runner):
    argv = ["sh", "-c", f"ulimit -n 64; exec {program('life')} closes 20"]
    bare = runner.run(argv)
    outcome, _ = runner.record(argv)
    assert (outcome.status, outcome.stdout) == (bare.status, bare.stdout), outcome.stderr


@pytest.mark.parametrize("way", ["main-pthread-exit", "main-cancelled"])
@pytest.mark.parametrize("trace", ["0", "1"])
def test_the_end_of_main_alone_ends_with_status_zero(runner, tmp_path, trace, way):
    outcome = runner.preloaded([program("life"), way, 0], timeout_s=20, PREFLAME_PROFILE="cpu",
                               PREFLAME_OUT=tmp_path / "out", PREFLAME_TRACE=trace)
    assert outcome.status == 0


@pytest.mark.parametrize("way", ["return", "exit", "_exit", "_Exit", "quick_exit", "raw-exit", "abort", "abort-caught",
                                 "closes", "blocks-signals"])
def test_the_profile_is_written_at_every_end(runner, tmp_path, way):
    out = tmp_path / "out"
    outcome = profiled(runner, way, out)
    assert burned_ns(out / "cpu.pprof", "burn_parent") >= LEAST_NS
    assert outcome.lines == [f"preflame: cpu profiling enabled, {out}/cpu.pprof",
                             f"preflame: cpu profiling disabled, {out}/cpu.pprof"]


def test_the_profile_is_written_when_main_leaves_by_pthread_exit(runner, tmp_path):
    """The first thread is gone, so no thread of ours gets a copy of its descriptors to say it with."""
    out = tmp_path / "out"
    outcome = profiled(runner, "main-pthread-exit", out)
    assert burned_ns(out / "cpu.pprof", "burn_child") >= LEAST_NS
    assert outcome.lines == [f"preflame: cpu profiling enabled, {out}/cpu.pprof",
                             f"preflame: cpu profiling disabled, {out}/cpu.pprof"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_deadly_signal_ends_it_by_that_signal_and_the_profile_is_written(runner, tmp_path, number):
    out = tmp_path / "out"
    process = runner.start([program("life"), "signal", CPU_MS], preload=PRELOAD,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, PREFLAME_PROFILE="cpu",
                           PREFLAME_CPU_HZ=1000, PREFLAME_OUT=out)
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(number)
    _, stderr = process.communicate(timeout=30)
    outcome = Outcome(process.returncode, "", stderr.decode())
    assert outcome.status == -number
    assert burned_ns(out / "cpu.pprof", "burn_parent") >= LEAST_NS
    assert outcome.lines == [f"preflame: cpu profiling enabled, {out}/cpu.pprof",
                             f"preflame: cpu profiling disabled, {out}/cpu.pprof"]


def test_a_run_right_after_another_replaces_its_file(runner, tmp_path):
    out = tmp_path / "out"
    times = []
    for _ in range(4):  # some of them within one second
        profiled(runner, "return", out)
        assert [path.name for path in out.iterdir()] == ["cpu.pprof"]
        times.append(pprof_reader.read(out / "cpu.pprof").time_ns)
    assert times == sorted(set(times))


def child_profiles(out):
    return [path for path in out.glob("cpu.pprof.*") if re.fullmatch(r"cpu\.pprof\.\d+", path.name)]


@pytest.mark.parametrize("way", ["fork", "raw-fork", "_Fork", "clone", "fork-accepts", "_Fork-accepts", "_Fork-reads"])
def test_a_child_leaves_its_own_profile(runner, tmp_path, way):
    out = tmp_path / "out"
    profiled(runner, way, out)
    children = child_profiles(out)
    assert len(children) == 1
    assert burned_ns(out / "cpu.pprof", "burn_parent") >= LEAST_NS
    assert burned_ns(out / "cpu.pprof", "burn_child") == 0
    assert burned_ns(children[0], "burn_child") >= LEAST_NS
    assert burned_ns(children[0], "burn_parent") == 0


@pytest.mark.parametrize("way", ["fork", "exec-in-shell"])
def test_a_child_says_nothing_on_stderr(runner, tmp_path, way):
    """Programs read what their children say; only the one that the user started tells where profiles are."""
    out = tmp_path / "out"
    argv = ["sh", "-c", f"{program('life')} return {CPU_MS}; exit 0"] if way == "exec-in-shell" else [
        program("life"), way, CPU_MS]
    outcome = runner.preloaded(argv, PREFLAME_PROFILE="cpu", PREFLAME_OUT=out)
    assert len(child_profiles(out)) == 1
    assert outcome.lines == [f"preflame: cpu profiling enabled, {out}/cpu.pprof",
                             f"preflame: cpu profiling disabled, {out}/cpu.pprof"]


@pytest.mark.parametrize("way", ["fork-dlopen", "fork-dlmopen"])
def test_a_forked_child_knows_what_it_loads(runner, tmp_path, way):
    out = tmp_path / "out"
    profiled(runner, way, out)
    children = child_profiles(out)
    assert len(children) == 1
    # The keeper looks ten times a second what is new.
    assert burned_ns(children[0], "plugin_call") >= CPU_MS * 1_000_000 // 3


@pytest.mark.parametrize("way", ["fork-accepts", "_Fork-accepts"])
def test_a_worker_that_waits_for_its_first_client_can_be_asked(runner, way):
    process = runner.start([program("life"), way, 20], preload=PRELOAD, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    folder = runner.runtime_folder / "preflame"
    wait_until(lambda: len(list(folder.glob("*.sock"))) == 2, what="a socket of the child's own")
    child, = [path for path in folder.glob("*.sock") if path.name != f"{process.pid}.sock"]
    status, _, body = fetch_unix(child, "/debug/pprof/cmdline")
    assert status == 200 and way.encode() in body
    out, _ = process.communicate(b"go\n", timeout=30)
    assert out == b"child was asked: 1\nchild ended with 3\n"


@pytest.mark.parametrize("words,helpers", [(["/bin/true"], 0), ([program("burn_split"), 1, 1], 1)])
def test_no_helper_is_started_for_a_profile_without_samples(runner, tmp_path, words, helpers):
    log, out = tmp_path / "log", tmp_path / "out"
    outcome = runner.run(["strace", "-f", "-e", "trace=execve", "-o", log, "env", f"LD_PRELOAD={PRELOAD}", *words],
                         PREFLAME_PROFILE="cpu", PREFLAME_CPU_HZ=20, PREFLAME_OUT=out)
    assert outcome.status == 0, outcome.stderr
    assert log.read_text().count('"symbolize"') == helpers
    assert (pprof_reader.read(out / "cpu.pprof").total("samples") > 0) == (helpers > 0)


def test_an_abort_that_is_caught_is_no_end(runner, tmp_path):
    out = tmp_path / "out"
    profiled(runner, "abort-caught", out)
    assert burned_ns(out / "cpu.pprof", "burn_child") >= LEAST_NS


def test_threads_that_block_all_signals_are_sampled(runner, tmp_path):
    out = tmp_path / "out"
    profiled(runner, "blocks-signals", out)
    for name in ("burn_parent", "burn_child"):
        assert burned_ns(out / "cpu.pprof", name) >= LEAST_NS


def test_a_daemon_that_closes_all_descriptors_leaves_its_profile(runner, tmp_path):
    out = tmp_path / "out"
    profiled(runner, "daemon", out)

    def daemon_profile():
        return [path for path in child_profiles(out) if burned_ns(path, "burn_child") >= LEAST_NS]

    assert len(wait_until(daemon_profile, what="the daemon's profile")) == 1
    assert burned_ns(out / "cpu.pprof", "burn_parent") >= LEAST_NS


def test_a_program_that_execs_leaves_the_profile_of_what_it_became(runner, tmp_path):
    out = tmp_path / "out"
    profiled(runner, "exec", out)
    profiles = [out / "cpu.pprof", *child_profiles(out)]
    for name in ("burn_parent", "burn_child"):
        assert sum(burned_ns(path, name) for path in profiles if path.exists()) >= LEAST_NS, name


@measured  # a sample between two tries is something new to write
def test_a_failed_exec_writes_once_and_says_nothing(runner, tmp_path):
    out = tmp_path / "out"
    outcome = profiled(runner, "exec-fails", out)
    times = [int(line) for line in outcome.stdout.split()]
    assert times[0] > 0 and len(set(times)) == 1
    assert burned_ns(out / "cpu.pprof", "burn_parent") >= LEAST_NS
    assert outcome.lines == [f"preflame: cpu profiling enabled, {out}/cpu.pprof",
                             f"preflame: cpu profiling disabled, {out}/cpu.pprof"]


def test_a_shell_that_looks_for_a_command_leaves_that_ones_profile(runner, tmp_path):
    out = tmp_path / "out"
    outcome = runner.preloaded(["/bin/sh", "-c", "exec true"], PREFLAME_PROFILE="cpu", PREFLAME_OUT=out,
                               PATH="/nowhere:/at-all:/usr/bin:/bin")
    assert outcome.status == 0
    assert outcome.lines == [f"preflame: cpu profiling enabled, {out}/cpu.pprof",
                             f"preflame: cpu profiling enabled, {out}/cpu.pprof",
                             f"preflame: cpu profiling disabled, {out}/cpu.pprof"]
    assert [path.name for path in out.iterdir()] == ["cpu.pprof"]


def settings_around(log, pid, call):
    """For each such call of the process: was its timer stopped right before, and going again right after?"""
    lines = [line.split(maxsplit=1)[1] for line in log.read_text().splitlines() if line.startswith(f"{pid} ")]
    lines = [line for line in lines if "resumed>" not in line]
    result = []
    for at, line in enumerate(lines):
        if re.match(call, line):
            stopped, going = lines[at - 1], lines[at + 1] if at + 1 < len(lines) else ""
            result.append(("it_value={tv_sec=0, tv_nsec=0}" in stopped,
                           going.startswith("timer_settime") and "it_value={tv_sec=0, tv_nsec=0}" not in going))
    return result


@pytest.mark.parametrize("way,call,count", [("spawn", r"clone3?\(.*CLONE_VFORK", 1),
                                            ("exec-fails", r'execve\("/nowhere/at-all"', 3)])
def test_the_timer_is_quiet_while_a_program_is_started(runner, tmp_path, way, call, count):
    log = tmp_path / "log"
    outcome = runner.run(["strace", "-f", "-o", log, "-e", "trace=timer_settime,clone,clone3,execve",
                          "-E", f"LD_PRELOAD={PRELOAD}", "-E", "PREFLAME_PROFILE=cpu", "-E", f"PREFLAME_OUT={tmp_path}",
                          program("life"), way, 20])
    assert outcome.status == 0, outcome.stderr
    pid = log.read_text().split(maxsplit=1)[0]
    assert settings_around(log, pid, call) == [(True, True)] * count


def test_a_storm_of_execs_while_sampled(runner, tmp_path):
    """Our signals meet every stage of a fork and an exec; none ends a child, and nothing is left over."""
    outcome = runner.preloaded([program("exec_storm"), 1000], PREFLAME_PROFILE="cpu", PREFLAME_CPU_HZ=4000,
                               PREFLAME_CPU_BUDGET=0, PREFLAME_OUT=tmp_path / "out")
    assert (outcome.status, outcome.stdout) == (0, "wrong: 0\n"), outcome.stderr
    assert len(outcome.lines) == 2, "children say nothing"
    assert not list(runner.runtime_folder.glob("preflame/*"))
    assert pprof_reader.read(tmp_path / "out" / "cpu.pprof").cumulative("storm", "cpu") >= 500_000_000
