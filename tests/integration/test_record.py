"""`preflame record` and `preflame run`: what a user meets, also when LTTng is missing, hung or somebody else's.

The command under test is provider_driver, which hosts the LTTng provider by itself, so no preload is needed."""
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time

import pytest

from test_provider import (DRIVER, ENVIRONMENT, IS_ROOT, LIMIT_S, PREFLAME, PROVIDER, Sandbox, needs_build, read_trace,
                           sandbox)

assert sandbox  # a fixture: used by name

pytestmark = [
    needs_build(PREFLAME, DRIVER, PROVIDER),
    pytest.mark.skipif(not shutil.which("lttng-sessiond"), reason="lttng-sessiond is not installed"),
]

LAST_LINE = re.compile(r"^preflame: recorded (\d+) events \((\d+) lost\) in (.*)$")
root_only = pytest.mark.skipif(not IS_ROOT, reason="needs root to become somebody else")


def last_line(text):
    found = LAST_LINE.match(text.splitlines()[-1])
    assert found, text
    return int(found[1]), int(found[2]), found[3]


def lines_of(text):
    """Our lines, but for the one about a preload that isn't built."""
    return [line for line in text.splitlines() if line.startswith("preflame") and "libpreflame.so is not" not in line]


def record(sandbox, *arguments, **options):
    return sandbox.run(PREFLAME, "record", *arguments, **options)


# ---- the usual way ----


def test_last_line_counts_the_events_of_the_folder(sandbox):
    done = record(sandbox, "-o", "trace", "--", DRIVER, PROVIDER, "events", "flood=1000", "exit=7")
    folder = str(sandbox.folder / "trace")
    assert done.returncode == 7
    assert last_line(done.stderr) == (1019, 0, folder)
    assert len(read_trace(folder)) == 1019


def test_plain_babeltrace2_reads_the_folder(sandbox):
    record(sandbox, "-o", "trace", "--", DRIVER, PROVIDER, "events")
    shown = subprocess.run(["babeltrace2", sandbox.folder / "trace"], capture_output=True, text=True, timeout=LIMIT_S)
    assert (shown.returncode, shown.stderr, len(shown.stdout.splitlines())) == (0, "", 19)


def test_default_folder_is_named_by_our_pid(sandbox):
    process = sandbox.popen(PREFLAME, "record", "--", DRIVER, PROVIDER, "events")
    _, err = process.communicate(timeout=LIMIT_S)
    assert last_line(err) == (19, 0, str(sandbox.folder / f"preflame-trace-{process.pid}"))


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
    assert last_line(lines[-1])[0] == 19
    process.communicate("go\n", timeout=LIMIT_S)
    assert process.returncode == 3
    assert len(read_trace(sandbox.folder / "trace")) == 19


def test_terminal_sees_progress_and_a_pipe_does_not(sandbox):
    command = f"{PREFLAME} record -o trace -- {DRIVER} {PROVIDER} events"
    shown = sandbox.run("script", "-qec", command, "/dev/null", stdin=subprocess.DEVNULL)
    assert "preflame: recording;" in shown.stdout and "preflame: recorded 19 events" in shown.stdout
    done = record(sandbox, "-o", "other", "--", DRIVER, PROVIDER, "events")
    assert len(lines_of(done.stderr)) == 1


@pytest.mark.skipif(not (PREFLAME.parents[1] / "lib" / "libpreflame.so").exists(), reason="no libpreflame.so")
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
    assert last_line(done.stderr)[0] == 19


@pytest.mark.parametrize("arguments", [
    [], ["true"], ["--"], ["--nonsense", "--", "true"], ["--syscalls=some", "--", "true"],
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


# ---- daemons ----


def test_each_of_many_short_recordings_is_whole(sandbox):
    # A session destroyed without waiting loses its last packets or metadata, now and then.
    sandbox.start_daemon()
    for number in range(10):
        done = record(sandbox, "-o", f"trace{number}", "--", DRIVER, PROVIDER, "events")
        assert last_line(done.stderr)[:2] == (19, 0)


def test_own_daemon_is_gone_afterwards(sandbox):
    process = sandbox.popen(PREFLAME, "record", "-o", "trace", "--", DRIVER, PROVIDER, "gate")
    assert process.stdout.readline() == "gate\n"
    assert len(sandbox.daemon_pids()) == 1
    process.communicate("go\n", timeout=LIMIT_S)
    assert sandbox.daemon_pids("lttng-") == []


def test_somebody_elses_daemon_and_session_stay_as_they_are(sandbox):
    sandbox.start_daemon()
    sandbox.lttng("create", "theirs", f"--output={sandbox.folder}/theirs")
    sandbox.lttng("enable-event", "-u", "-s", "theirs", "preflame:process")
    sandbox.lttng("start", "theirs")
    before = sandbox.daemon_pids()
    done = record(sandbox, "-o", "trace", "--", DRIVER, PROVIDER, "events")
    assert last_line(done.stderr)[0] == 19
    assert sandbox.daemon_pids() == before and len(before) == 1
    listed = sandbox.lttng("list")
    assert "theirs" in listed and "[active]" in listed
    sandbox.lttng("stop", "theirs")
    shown = subprocess.run(["babeltrace2", sandbox.folder / "theirs"], capture_output=True, text=True, timeout=LIMIT_S)
    assert shown.stdout.count("preflame:process:") == shown.stdout.count("\n") == 1


def test_taken_session_name_is_left_and_another_used(sandbox):
    sandbox.start_daemon()
    # exec keeps the pid, so the name that preflame tries first is known and taken.
    script = (f'lttng create preflame-$$-0 --output={sandbox.folder}/theirs >&2 && '
              f'exec {PREFLAME} record -o trace -- {DRIVER} {PROVIDER} events')
    done = sandbox.run("sh", "-c", script)
    assert (done.returncode, last_line(done.stderr)[0]) == (0, 19)
    assert re.search(r"preflame-\d+-0 ", sandbox.lttng("list"))


def test_hung_daemon_costs_three_seconds_at_most_and_the_command_runs(sandbox):
    sandbox.start_daemon()
    pid, = sandbox.daemon_pids()
    os.kill(pid, signal.SIGSTOP)
    begin = time.monotonic()
    done = record(sandbox, "-o", "trace", "--", "sh", "-c", "echo ran[$PREFLAME_TRACE]; exit 9")
    assert time.monotonic() - begin < 3.5
    assert (done.returncode, done.stdout) == (9, "ran[]\n")
    assert done.stderr == ("preflame: the running lttng-sessiond does not answer (hung or stopped: restart it); "
                           "running sh without a trace\n")
    assert not (sandbox.folder / "trace").exists()
    os.kill(pid, signal.SIGCONT)
    assert "preflame" not in sandbox.run("lttng", "--no-sessiond", "list").stdout  # nothing late was left behind


def test_daemon_that_hangs_while_recording_is_given_up(sandbox):
    sandbox.start_daemon()
    pid, = sandbox.daemon_pids()
    process = sandbox.popen(PREFLAME, "record", "-o", "trace", "--", DRIVER, PROVIDER, "events", "gate")
    assert process.stdout.readline() == "gate\n"
    os.kill(pid, signal.SIGSTOP)
    begin = time.monotonic()
    _, err = process.communicate("go\n", timeout=LIMIT_S)
    assert time.monotonic() - begin < 15
    assert process.returncode == 0
    assert "did not finish the trace in time" in lines_of(err)[0] and len(lines_of(err)) == 2


def tools_without(sandbox, *names):
    """A folder of links to the programs of PATH but for `names`."""
    folder = sandbox.folder / "tools"
    folder.mkdir()
    for name in ["sh", "env", "true", "id"]:
        folder.joinpath(name).symlink_to(shutil.which(name))
    assert not any((folder / name).exists() for name in names)
    return folder


def test_missing_daemon_program_is_one_line_and_the_command_runs(sandbox):
    tools = tools_without(sandbox, "lttng-sessiond")
    done = sandbox.run("env", f"PATH={tools}", PREFLAME, "record", "-o", "trace", "--", "sh", "-c", "echo ran; exit 4")
    assert (done.returncode, done.stdout) == (4, "ran\n")
    assert done.stderr == ("preflame: lttng-sessiond is not installed (Debian: apt install lttng-tools); "
                           "running sh without a trace\n")
    assert not (sandbox.folder / "trace").exists()


def test_daemon_that_cannot_start_is_one_line_and_the_command_runs(sandbox):
    assert sandbox.run("mount", "-o", "remount,ro", "/run").returncode == 0
    done = record(sandbox, "-o", "trace", "--", "sh", "-c", "echo ran; exit 4")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (4, "ran\n", 1)
    assert done.stderr.startswith("preflame: lttng-sessiond does not start")
    assert done.stderr.endswith("; running sh without a trace\n")


@root_only
def test_normal_user_gets_a_private_daemon_and_no_left_overs(tmp_path):
    home = pathlib.Path("/tmp") / f"preflame-test-{os.getpid()}"
    home.mkdir()
    os.chown(home, 65534, 65534)
    box = Sandbox(home)
    try:
        before = set(pathlib.Path("/tmp").glob("preflame-??????"))
        tools = home / "build"  # the build folder may not be readable for others
        for path in (PREFLAME, DRIVER, PROVIDER):
            target = tools / path.parent.name / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", "-u", "LTTNG_HOME"]
        done = box.run(*nobody, f"HOME={home}", tools / "bin" / PREFLAME.name, "record", "-o", "trace", "--",
                       tools / "bin" / DRIVER.name, tools / "lib" / PROVIDER.name, "events")
        assert (done.returncode, last_line(done.stderr)[:2]) == (0, (19, 0)), done.stderr
        assert set(pathlib.Path("/tmp").glob("preflame-??????")) == before
        assert box.daemon_pids() == []
    finally:
        box.close()
        shutil.rmtree(home)


# ---- preflame run ----


@pytest.fixture
def installed(tmp_path):
    """An installed tree whose libpreflame.so is some harmless library."""
    (tmp_path / "prefix" / "bin").mkdir(parents=True)
    (tmp_path / "prefix" / "lib").mkdir()
    shutil.copy2(PREFLAME, tmp_path / "prefix" / "bin" / "preflame")
    harmless, = [path for path in pathlib.Path("/lib/x86_64-linux-gnu").glob("libdl.so.2")]
    shutil.copy2(harmless, tmp_path / "prefix" / "lib" / "libpreflame.so")
    return tmp_path / "prefix"


def run(prefix, *arguments, **environment):
    return subprocess.run([prefix / "bin" / "preflame", "run", *arguments], capture_output=True, text=True,
                          timeout=LIMIT_S, env={"PATH": os.environ["PATH"], **environment})


def test_run_sets_the_environment_and_puts_the_preload_in_front(installed):
    done = run(installed, "--http=6060", "--profile=cpu,heap", "--out=/tmp/x", "--cpu-hz=99", "--socket=off", "--trace",
               "--log=info", "--", "env", LD_PRELOAD="libother-not-there.so")
    seen = dict(line.split("=", 1) for line in done.stdout.splitlines())
    seen.pop("PATH")
    assert seen == {"LD_PRELOAD": f"{installed}/lib/libpreflame.so:libother-not-there.so", "PREFLAME_HTTP": "6060",
                    "PREFLAME_PROFILE": "cpu,heap", "PREFLAME_OUT": "/tmp/x", "PREFLAME_CPU_HZ": "99",
                    "PREFLAME_SOCKET": "off", "PREFLAME_TRACE": "1", "PREFLAME_LOG": "info"}


def test_run_finds_the_library_of_a_multiarch_install(installed):
    folder = installed / "lib" / "x86_64-linux-gnu"
    folder.mkdir()
    (installed / "lib" / "libpreflame.so").rename(folder / "libpreflame.so")
    done = run(installed, "--", "env")
    assert f"LD_PRELOAD={folder}/libpreflame.so\n" in done.stdout and done.stderr == ""


def test_run_becomes_the_command(installed):
    process = subprocess.Popen([installed / "bin" / "preflame", "run", "--", "sh", "-c", "echo $$; exit 6"],
                               stdout=subprocess.PIPE, text=True)
    out, _ = process.communicate(timeout=LIMIT_S)
    assert (int(out), process.returncode) == (process.pid, 6)


@pytest.mark.parametrize("command, status", [("no-such-program", 127), ("/etc/passwd", 126), ("/", 126)])
def test_run_answers_as_env_does_when_the_command_cannot_run(installed, command, status):
    done = run(installed, "--", command)
    assert (done.returncode, done.stderr.count("\n")) == (status, 1)
    assert done.stderr.startswith(f"preflame: cannot run {command}: ")


@pytest.mark.parametrize("command", ["run", "record", "view", "symbolize", "recover"])
def test_wrong_usage_of_every_command_begins_with_our_name(installed, command):
    done = subprocess.run([installed / "bin" / PREFLAME.name, command, "--foo"], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=LIMIT_S)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("preflame: ") and "foo" in done.stderr


def test_run_warns_of_a_static_program_and_runs_it(installed):
    ldconfig = "/sbin/ldconfig"
    if "INTERP" in subprocess.run(["readelf", "-lW", ldconfig], capture_output=True, text=True).stdout:
        pytest.skip("no static program at hand")
    done = run(installed, "--", ldconfig, "--version")
    assert done.returncode == 0 and done.stdout.startswith("ldconfig")
    assert done.stderr == ("preflame: /sbin/ldconfig is statically linked: there is no loader to preload anything; "
                           "it runs, unseen\n")


@root_only
def test_run_warns_of_a_setuid_program_and_runs_it(installed, tmp_path):
    program = tmp_path / "setuid-true"
    shutil.copy2("/bin/true", program)
    os.chown(program, 65534, 65534)
    program.chmod(0o4755)
    done = run(installed, "--", program)
    assert done.returncode == 0
    assert done.stderr == f"preflame: {program} is setuid: the loader ignores preloads there; it runs, unseen\n"


def test_run_without_its_library_says_so_and_runs(installed):
    (installed / "lib" / "libpreflame.so").unlink()
    done = run(installed, "--", "env")
    assert done.returncode == 0 and "LD_PRELOAD" not in done.stdout
    assert done.stderr == ("preflame: libpreflame.so is not in ../lib beside this program; "
                           "running without it (reinstall)\n")


def test_run_refuses_a_path_that_ld_preload_cannot_carry(installed, tmp_path):
    spaced = tmp_path / "with space"
    installed.rename(spaced)
    done = run(spaced, "--", "env")
    assert done.returncode == 0 and "LD_PRELOAD" not in done.stdout
    assert done.stderr.count("\n") == 1 and "can't carry a path with a space" in done.stderr


@pytest.mark.parametrize("command", ["run", "record"])
def test_help_and_version_are_answered(command):
    for option, text in (("--help", f"usage: preflame {command} "), ("--version", "preflame ")):
        done = subprocess.run([PREFLAME, command, option], capture_output=True, text=True, timeout=LIMIT_S)
        assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith(text)
