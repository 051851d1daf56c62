"""`preflame record TARGET`: a trace of a process that was started without any."""

import subprocess

import pytest
import trace_reader
from conftest import COMMAND, PRELOAD, isolation, program


def both(runner, argv, command):
    """Starts argv under the preload, and beside it the shell command, which finds its pid in $target."""
    socket = runner.runtime_folder / "target.sock"
    script = (f'LD_PRELOAD={PRELOAD} PREFLAME_SOCKET={socket} "$@" & target=$!; '
              f'while ! [ -S {socket} ]; do sleep 0.05; done; {command}; status=$?; '
              'kill $target; wait $target; exit $status')
    return runner.start([*isolation(), "sh", "-c", script, "sh", *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_running_process_is_recorded_alone(runner, tmp_path):
    folder = tmp_path / "trace"
    process = both(runner, [program("contention_known"), 4, 100000, 500],
                   f"{COMMAND} record -o {folder} --seconds=1 $target")
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert b"preflame: recorded " in stderr
    events, lost = trace_reader.read(folder)
    assert lost == 0
    assert len({event.pid for event in events}) == 1
    names = {event.name for event in events}
    assert {"process", "module", "thread_status", "block", "unblock", "wake", "stack"} <= names


def test_a_key_ends_the_recording_and_not_the_process(runner, tmp_path):
    folder = tmp_path / "trace"
    process = both(runner, [program("contention_known"), 2, 100000, 500],
                   f"{COMMAND} record -o {folder} $target & record=$!; "
                   f"while ! ls {folder}/ust >/dev/null 2>&1; do sleep 0.1; done; sleep 0.5; kill -INT $record; "
                   "wait $record; kill -0 $target")
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert b"preflame: recorded " in stderr


@pytest.mark.parametrize("target,words", [("no-such-process", b"no-such-process"), ("1", b"1"),
                                          ("/etc/passwd", b"file"), ("localhost:1", b"localhost:1")])
def test_what_cannot_be_recorded_is_one_line(tmp_path, target, words):
    done = subprocess.run([COMMAND, "record", "-o", tmp_path / "trace", target], capture_output=True, timeout=60)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and words in done.stderr
    assert not (tmp_path / "trace").exists()


def test_it_lasts_so_long_and_waits_that_began_before_are_told(runner, tmp_path):
    """`wall_known` has a thread that reads from a pipe for ever: no call of its ends or begins while it is recorded."""
    folder = tmp_path / "trace"
    process = both(runner, [program("wall_known"), "400"], f"sleep 0.5; {COMMAND} record -o {folder} --seconds=1 $target")
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    events, _ = trace_reader.read(folder)
    names = trace_reader.wait_reasons()
    stacks = {event.fields["id"] for event in events if event.name == "stack"}
    waiting = [event for event in events if event.name == "thread_status" and event.fields["reason"] >= 0]
    pipes = [event.fields for event in waiting if names[event.fields["reason"]] == "pipe"]
    assert len(pipes) == 1 and pipes[0]["stack"] in stacks
    mono_ns = next(event.fields["mono_ns"] for event in events if event.name == "process")
    assert 0.4e9 < mono_ns - pipes[0]["since_ns"] < 60e9
    text = subprocess.run([COMMAND, "view", "-f", "folded", "--kind=offcpu", folder], capture_output=True, text=True,
                          check=True, timeout=60).stdout
    blocked_ns = [int(line.rsplit(" ", 1)[1]) for line in text.splitlines() if "read_for_ever" in line and "[pipe]" in line]
    times = [event.time_ns for event in events]
    assert 0.8e9 < max(times) - min(times) < 5e9
    assert blocked_ns == [pytest.approx(max(times) - min(times), rel=0.05)]  # not what was before
