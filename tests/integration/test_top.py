"""`preflame top`: what it shows, and that the terminal is as before on every way out."""

import os
import pty
import re
import select
import signal
import subprocess
import termios
import time

import pytest
from conftest import COMMAND, program, wait_until

ROW = re.compile(r"^ +[\d.]+ \S+ +([\d.]+)% +[\d.]+ \S+ +[\d.]+%  (\S+)$", re.M)


@pytest.fixture(name="busy")
def busy_process(runner):
    return runner.served([program("burn_split"), "2", "60"])


@pytest.fixture(name="convoy")
def convoy_process(runner):
    return runner.served([program("contention_known"), "4", "100000", "1000"])


def top(*arguments):
    return subprocess.run([COMMAND, "top", *map(str, arguments)], capture_output=True, timeout=60, text=True,
                          stdin=subprocess.DEVNULL)


def test_without_a_terminal_it_prints_one_round(busy):
    done = top(busy.pid, "--seconds=1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"burn_split ({busy.pid}), CPU time: ") and done.stdout.count("CPU time") == 1
    rows = ROW.findall(done.stdout)
    assert rows[0][1] == "work" and "burn_half" in [name for _, name in rows]
    functions, threads = done.stdout.split("tid  thread\n")
    assert len(re.findall(r"^ +[\d.]+ \S+ +[\d.]+% +\d+  \S+$", threads, re.M)) == 2
    assert "\033" not in done.stdout and functions


def test_rounds_show_who_holds_locks_since_the_round_before(convoy):
    done = top(convoy.pid, "-n", "2", "--seconds=1")
    assert done.returncode == 0, done.stderr
    rounds = done.stdout.split("holder of a lock that others waited for\n")
    assert len(rounds) == 3
    for part in rounds[1:]:
        assert ROW.findall(part)[0][1] == "hold_long"
        # Four threads wait three seconds in each second; not what was before.
        delayed = re.match(r" +([\d.]+) (s|ms) ", part)
        assert float(delayed.group(1)) / (1 if delayed.group(2) == "s" else 1000) < 6


class Screen:
    """`preflame top` on a terminal of its own."""

    def __init__(self, *arguments):
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.text = b""
        self.process = subprocess.Popen([COMMAND, "top", *map(str, arguments)], stdin=self.slave, stdout=self.slave,
                                        stderr=self.slave, start_new_session=True)

    def read_until(self, wanted):
        deadline = time.monotonic() + 30
        while wanted not in self.text:
            assert time.monotonic() < deadline, self.text
            if select.select([self.master], [], [], 0.2)[0]:
                self.text += os.read(self.master, 65536)

    def is_raw(self):
        return not termios.tcgetattr(self.slave)[3] & termios.ICANON

    def ended(self):
        status = self.process.wait(timeout=30)
        self.read_until(b"\033[?1049l")
        assert termios.tcgetattr(self.slave) == self.before
        os.close(self.master)
        os.close(self.slave)
        return status


def test_a_key_ends_it_at_once_and_the_terminal_is_as_before(busy):
    screen = Screen(busy.pid)
    screen.read_until(b"burn_half")
    assert screen.is_raw() and b"\033[?1049h" in screen.text
    os.write(screen.master, b"xq")
    assert screen.ended() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_end_it_and_the_terminal_is_as_before(busy, number):
    screen = Screen(busy.pid)
    screen.read_until(b"\033[?1049h")
    wait_until(screen.is_raw, what="raw mode")
    screen.process.send_signal(number)
    assert screen.ended() == -number


def test_the_end_of_the_process_ends_it_with_a_message_on_the_terminal_as_before(busy):
    screen = Screen(busy.pid)
    screen.read_until(b"burn_half")
    busy.kill()
    screen.read_until(b"preflame: ")
    assert screen.ended() == 1
    assert screen.text.index(b"\033[?1049l") < screen.text.index(b"preflame: ")
