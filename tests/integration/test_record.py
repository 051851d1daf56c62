"""`preflame record`: what a user meets, in the usual way, with wrong folders and usage, and when events are lost.

The command under test is provider_driver, which hosts the LTTng provider by itself, so no preload is needed."""
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

import pytest

from recording import DRIVER_EVENTS, LAST_LINE, last_line, lines_of, record
from test_provider import DRIVER, ENVIRONMENT, LIMIT_S, PREFLAME, PROVIDER, Sandbox, read_trace, sandbox

assert sandbox  # a fixture: used by name


# ---- the usual way ----


def test_last_line_counts_the_events_of_the_folder(sandbox):
    done = record(sandbox, "-o", "trace", "--", DRIVER, PROVIDER, "events", "flood=1000", "exit=7")
    folder = str(sandbox.folder / "trace")
    assert done.returncode == 7
    assert last_line(done.stderr) == (1000 + DRIVER_EVENTS, 0, folder)
    assert len(read_trace(folder)) == 1000 + DRIVER_EVENTS


def test_plain_babeltrace2_reads_the_folder(sandbox):
    record(sandbox, "-o", "trace", "--", DRIVER, PROVIDER, "events")
    shown = subprocess.run(["babeltrace2", sandbox.folder / "trace"], capture_output=True, text=True, timeout=LIMIT_S)
    assert (shown.returncode, shown.stderr, len(shown.stdout.splitlines())) == (0, "", DRIVER_EVENTS)


def test_default_folder_is_named_by_our_pid(sandbox):
    process = sandbox.popen(PREFLAME, "record", "--", DRIVER, PROVIDER, "events")
    _, err = process.communicate(timeout=LIMIT_S)
    assert last_line(err) == (DRIVER_EVENTS, 0, str(sandbox.folder / f"preflame-trace-{process.pid}"))


def test_command_gets_the_settings_as_environment(sandbox):
    done = record(sandbox, "-o", "trace", "--syscalls=all", "--no-cpu", "--cpu-hz=250", "--http=6061", "--", "env")
    environment = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    ours = {name: value for name, value in environment.items() if name.startswith(("PREFLAME_", "LTTNG_UST"))}
    ours.pop("PREFLAME_BUILD", None)
    assert ours == {"PREFLAME_TRACE": "1", "PREFLAME_TRACE_SYSCALLS": "all", "PREFLAME_TRACE_CPU": "0",
                    "PREFLAME_CPU_HZ": "250", "PREFLAME_HTTP": "6061", "LTTNG_UST_REGISTER_TIMEOUT": "500"}


def test_command_killed_by_a_signal_gives_128_and_its_number(sandbox):
    done = record(sandbox, "-o", "trace", "--", "sh", "-c", "kill -KILL $$")
    assert done.returncode == 128 + signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_sent_to_us_reach_the_command(sandbox, number):
    script = f'trap "echo got; exit 5" {number.name[3:]}; echo ready; while :; do read line; done'
    process = sandbox.popen(PREFLAME, "record", "-o", "trace", "--", "sh", "-c", script)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    process.stdin.write("go round\n" * 1000)  # a shell runs its trap between two commands
    out, err = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, out) == (5, "got\n"), err


INTERRUPTED = """
import signal
signals = {signal.SIGINT, signal.SIGTERM}
signal.pthread_sigmask(signal.SIG_BLOCK, signals)
print("ready", flush=True)
number = None
while number != signal.SIGTERM:
    number = signal.sigwaitinfo(signals).si_signo
    print("got", signal.Signals(number).name, flush=True)
"""


class Terminal:
    """A command that has a terminal of its own for input and output."""

    def __init__(self, command):
        self.master, slave = pty.openpty()
        take_terminal = ["setsid", "--ctty"]  # in front of nsenter: all of them exec, the pid stays
        self.process = subprocess.Popen([*take_terminal, *command], stdin=slave, stdout=slave, stderr=slave,
                                        env=ENVIRONMENT)
        os.close(slave)
        self.seen = ""

    def read_until(self, text):
        while text not in self.seen:
            assert select.select([self.master], [], [], LIMIT_S)[0], self.seen
            data = os.read(self.master, 4096)
            assert data, self.seen
            self.seen += data.decode()

    def press(self, key):
        os.write(self.master, key)

    def wait(self):
        self.process.wait(LIMIT_S)
        os.close(self.master)
        return self.process.returncode


def test_interrupt_key_reaches_the_command_once(sandbox):
    (sandbox.folder / "interrupted.py").write_text(INTERRUPTED)
    command = sandbox.command(PREFLAME, "record", "-o", "trace", "--", sys.executable, "interrupted.py")
    terminal = Terminal(command)
    terminal.read_until("ready")
    # Stopped, the recorder sees the key only after the command has taken it: two signals can't melt into one.
    terminal.process.send_signal(signal.SIGSTOP)
    terminal.press(b"\x03")
    terminal.read_until("got SIGINT")
    terminal.process.send_signal(signal.SIGTERM)  # taken behind the SIGINT, so passed on behind it
    terminal.process.send_signal(signal.SIGCONT)
    terminal.read_until("got SIGTERM")
    terminal.read_until("recorded 0 events")
    assert terminal.wait() == 0
    assert terminal.seen.count("got SIGINT") == 1


def test_recording_stops_after_its_seconds_and_the_command_goes_on(sandbox):
    process = sandbox.popen(PREFLAME, "record", "-o", "trace", "--seconds=1", "--", DRIVER, PROVIDER, "events", "gate",
                            "flood=50", "exit=3")
    assert process.stdout.readline() == "gate\n"
    lines = [process.stderr.readline()]
    while not LAST_LINE.match(lines[-1]) and lines[-1]:
        lines.append(process.stderr.readline())
    assert process.poll() is None
    assert last_line(lines[-1])[0] == DRIVER_EVENTS
    process.communicate("go\n", timeout=LIMIT_S)
    assert process.returncode == 3
    assert len(read_trace(sandbox.folder / "trace")) == DRIVER_EVENTS


def test_terminal_sees_progress_and_a_pipe_does_not(sandbox):
    command = f"{PREFLAME} record -o trace -- {DRIVER} {PROVIDER} events"
    shown = sandbox.run("script", "-qec", command, "/dev/null", stdin=subprocess.DEVNULL)
    assert "preflame: recording;" in shown.stdout and f"preflame: recorded {DRIVER_EVENTS} events" in shown.stdout
    done = record(sandbox, "-o", "other", "--", DRIVER, PROVIDER, "events")
    assert len(lines_of(done.stderr)) == 1


def test_preloaded_program_is_recorded_where_nothing_was_ever_traced(sandbox):
    # With an empty /dev/shm, LTTng forks while it is loaded: the preload's fork handler must let that pass.
    program = "import threading; thread = threading.Thread(target=print); thread.start(); thread.join()"
    done = record(sandbox, "-o", "trace", "--", "timeout", "20", "env", "-u", "PREFLAME", sys.executable,
                  "-c", program)
    assert done.returncode == 0, done.stderr
    count, _, folder = last_line(done.stderr)
    names = {event.name.split(":")[1] for event in read_trace(folder)}
    assert count > 0 and {"process", "module", "thread_start"} <= names


# ---- loss and violent ends ----


def test_what_full_buffers_lose_is_counted(tmp_path):
    # A small /dev/shm makes small buffers. Every sample sent is either in the trace or among the lost.
    small = Sandbox(tmp_path, shm_options="size=8m")
    try:
        for attempt in range(8):  # a consumer that happens to keep up loses nothing: then the flood comes again
            done = record(small, "-o", f"trace{attempt}", "--", DRIVER, PROVIDER, "flood=1000000")
            events, lost, folder = last_line(done.stderr)
            assert events + lost == 1000000
            if lost:
                break
        assert lost > 0
        shown = subprocess.run(["babeltrace2", folder], capture_output=True, timeout=LIMIT_S)
        assert shown.stdout.count(b"preflame:sample:") == events
    finally:
        small.close()


def test_killed_command_ends_the_recording_in_bounded_time(sandbox):
    # A process killed inside an event may wedge LTTng 2.13's daemon for good.
    begin = time.monotonic()
    done = record(sandbox, "-o", "trace", "--", "timeout", "-s", "KILL", "1", DRIVER, PROVIDER, "flood=2000000000")
    assert done.returncode == 137
    assert re.match(r"preflame: recorded (at least )?\d+ events", done.stderr.splitlines()[-1])
    assert time.monotonic() - begin < 45
    while sandbox.daemon_pids("lttng-"):  # killed, but not waited for: they are the daemon's children
        assert time.monotonic() - begin < LIMIT_S


# ---- folders and wrong usage ----


def test_folder_with_something_in_it_is_left_alone_and_the_command_runs(sandbox):
    (sandbox.folder / "trace").mkdir()
    (sandbox.folder / "trace" / "file").write_text("mine")
    done = record(sandbox, "-o", "trace", "--", "sh", "-c", "echo ran[$PREFLAME_TRACE]; exit 9")
    assert (done.returncode, done.stdout) == (9, "ran[]\n")
    assert lines_of(done.stderr) == ["preflame: cannot record into trace: Directory not empty; "
                                     "name a new or empty folder with -o; running sh without a trace"]
    assert [path.name for path in (sandbox.folder / "trace").iterdir()] == ["file"]


@pytest.mark.parametrize("folder", ["/proc/none", "missing/parent", "/dev/null"])
def test_folder_that_cannot_be_written_is_one_line_and_the_command_runs(sandbox, folder):
    done = record(sandbox, "-o", folder, "--", "sh", "-c", "echo ran; exit 9")
    assert (done.returncode, done.stdout) == (9, "ran\n")
    lines = lines_of(done.stderr)
    assert len(lines) == 1 and lines[0].startswith(f"preflame: cannot record into {folder}: ")


def test_empty_folder_is_taken(sandbox):
    (sandbox.folder / "trace").mkdir()
    done = record(sandbox, "-o", "trace", "--", DRIVER, PROVIDER, "events")
    assert last_line(done.stderr)[0] == DRIVER_EVENTS


@pytest.mark.parametrize("arguments", [
    [], ["true", "false"], ["--"], ["--nonsense", "--", "true"], ["--syscalls=some", "--", "true"],
    ["--seconds=0", "--", "true"], ["--seconds=x", "--", "true"], ["--cpu-hz=0", "--", "true"]])
def test_wrong_usage_is_one_line_and_status_2(sandbox, arguments):
    done = record(sandbox, *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("preflame: ")
    assert list(sandbox.folder.iterdir()) == []


@pytest.mark.parametrize("command, status", [("no-such-program", 127), ("/etc/passwd", 126), ("/", 126)])
def test_command_that_cannot_run_leaves_no_trace(sandbox, command, status):
    done = record(sandbox, "-o", "trace", "--", command)
    assert (done.returncode, done.stderr.count("\n")) == (status, 1)
    assert done.stderr.startswith(f"preflame: cannot run {command}: ")
    assert list(sandbox.folder.iterdir()) == []
