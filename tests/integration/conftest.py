"""What integration tests share: the build under test, running bare and preloaded, waiting on conditions, cleaning up."""

import functools
import http.client
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("PREFLAME_BUILD", ROOT / "build" / "release")).resolve()
PRELOAD = BUILD / "lib" / "libpreflame.so"
COMMAND = BUILD / "bin" / "preflame"
RUN_TIMEOUT_S = float(os.environ.get("PREFLAME_TEST_TIMEOUT", "90"))


# Whoever runs the tests in the background ignores some signals, and every program would inherit that.
for _number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM):
    if signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(_number, signal.SIG_DFL)


@dataclass
class Outcome:
    status: int
    stdout: str
    stderr: str

    @property
    def lines(self):
        """What preflame said on stderr."""
        return [line for line in self.stderr.splitlines() if line.startswith("preflame: ")]


def program(name):
    path = BUILD / "bin" / name
    if not path.exists():
        pytest.fail(f"{path} is missing: build first")
    return str(path)


def wait_until(condition, timeout_s=15, what="the condition"):
    """Polls until condition() is true and returns its value; fails after the time."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not come true in {timeout_s} s")
        time.sleep(0.02)


def measured(test):
    """For a test of durations that the program measures beside us: whatever else runs on the machine may fall between
    the two readings. One of three tries must hold; what hangs or ends badly is not tried again."""
    @functools.wraps(test)
    def tries(runner, tmp_path, **arguments):
        for left in (2, 1, 0):
            try:
                return test(runner, tmp_path, **arguments)
            except AssertionError:
                if not left:
                    raise
                for entry in tmp_path.iterdir():
                    shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        return None
    return tries


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fetch_unix(path, url, timeout_s=40):
    """GET over a Unix socket: (status, headers, body)."""
    connection = http.client.HTTPConnection("localhost", timeout=timeout_s)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(timeout_s)
    connection.sock.connect(str(path))
    try:
        connection.request("GET", url)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def pprof_top(profile, folder):
    """The text of `go tool pprof -top`: what a user would see."""
    env = dict(os.environ, HOME=str(folder), PPROF_TMPDIR=str(folder), GOFLAGS="-mod=mod", GOPROXY="off")
    done = subprocess.run(["go", "tool", "pprof", "-top", "-nodecount=40", str(profile)], env=env, timeout=60,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Runner:
    """Runs programs in a clean environment, bare or under the preload."""

    def __init__(self, folder):
        self.folder = folder
        # Short, because the path of a Unix socket may have 107 bytes at most.
        self.runtime_folder = Path(tempfile.mkdtemp(prefix="preflame-"))
        self.started = []

    def env(self, preload=None, **extra):
        env = {key: value for key, value in os.environ.items()
               if not key.startswith("PREFLAME") and key != "LD_PRELOAD"}
        env["XDG_RUNTIME_DIR"] = str(self.runtime_folder)
        env["TMPDIR"] = str(self.folder)
        if preload:
            env["LD_PRELOAD"] = str(preload)
        env.update({key: str(value) for key, value in extra.items()})
        return env

    def run(self, argv, preload=None, timeout_s=RUN_TIMEOUT_S, **extra):
        """Runs to the end. A hang is a failure that names the command; the process is killed by its pid."""
        process = self.start(argv, preload=preload, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, **extra)
        try:
            stdout, stderr = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            state = thread_states(process.pid)
            kill_group(process)
            pytest.fail(f"{argv} hung for {timeout_s} s under {preload or 'nothing'}; threads: {state}")
        return Outcome(process.returncode, stdout.decode(errors="replace"), stderr.decode(errors="replace"))

    def start(self, argv, preload=None, stdin=None, stdout=None, stderr=None, **extra):
        process = subprocess.Popen([str(item) for item in argv], env=self.env(preload, **extra), stdin=stdin,
                                   stdout=stdout, stderr=stderr, start_new_session=True, cwd=self.folder)
        self.started.append(process)
        return process

    def bare_and_preloaded(self, argv, timeout_s=RUN_TIMEOUT_S, **extra):
        return self.run(argv, timeout_s=timeout_s), self.preloaded(argv, timeout_s=timeout_s, **extra)

    def preloaded(self, argv, timeout_s=RUN_TIMEOUT_S, **extra):
        assert PRELOAD.exists(), f"{PRELOAD} is missing: build first"
        return self.run(argv, preload=PRELOAD, timeout_s=timeout_s, **extra)

    def served(self, argv, **extra):
        """Starts it under the preload, and waits for its socket."""
        process = self.start(argv, preload=PRELOAD, stdout=subprocess.DEVNULL, **extra)
        path = self.socket_of(process.pid)
        wait_until(path.exists, what=f"the socket {path}")
        return process

    def record(self, argv, *options, timeout_s=RUN_TIMEOUT_S, **extra):
        """`preflame record`, with daemons of its own where the system allows: (outcome, trace folder)."""
        folder = self.folder / f"trace{len(self.started)}"
        command = [program("preflame"), "record", "-o", str(folder), *options, "--", *[str(item) for item in argv]]
        return self.run(isolation() + command, timeout_s=timeout_s, **extra), folder

    def socket_of(self, pid):
        return self.runtime_folder / "preflame" / f"{pid}.sock"

    def clean(self):
        for process in self.started:
            kill_group(process)
        shutil.rmtree(self.runtime_folder, ignore_errors=True)


def thread_states(pid):
    """name, state and kernel wait of every thread of a process that hangs."""
    result = []
    for task in sorted(Path(f"/proc/{pid}/task").glob("*")):
        try:
            name = (task / "comm").read_text().strip()
            state = (task / "stat").read_text().rsplit(")", 1)[1].split()[0]
            call = (task / "syscall").read_text().split()[0]
        except (OSError, IndexError):
            continue
        result.append(f"{name} {state} in system call {call}")
    return result


def kill_group(process):
    """Ends a process that we started and its children, by the process group that is its own."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    if process.poll() is None:
        process.kill()
    for pipe in (process.stdout, process.stderr, process.stdin):
        if pipe:
            pipe.close()
    process.wait(timeout=10)


def isolation():
    """A prefix that gives a command its own session daemon folder and processes: a user's daemon is neither seen nor
    disturbed, and what a killed command leaves behind ends with it."""
    if os.geteuid() != 0:
        return []
    script = ('mkdir -p /run/lttng && mount -t tmpfs none /run/lttng && mount -t tmpfs none /dev/shm || exit 99; '
              '"$@"; exit $?')
    prefix = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script, "sh"]
    usable = subprocess.run(prefix + ["true"], capture_output=True).returncode == 0
    return prefix if usable else []


@pytest.fixture
def runner(tmp_path):
    runner = Runner(tmp_path)
    yield runner
    runner.clean()


@pytest.fixture
def run_bare_and_preloaded(runner):
    return runner.bare_and_preloaded


@pytest.fixture
def port():
    return free_port()
