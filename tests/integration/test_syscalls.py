"""System calls in a trace against strace: the same calls, the same numbers, the same results."""

import collections
import re
import subprocess

import trace_reader
from conftest import program

MARK_RESULT = -9  # write(-1): EBADF
# What the program calls beside the interposed ones.
NOT_INTERPOSED = {"close", "bind", "listen", "socket", "getsockname", "epoll_create1", "epoll_ctl", "pipe2", "fcntl"}
SYSCALL_HEADER = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"


def system_call_numbers():
    with open(SYSCALL_HEADER, encoding="ascii") as file:
        return {name: int(number) for name, number in re.findall(r"#define __NR_(\w+) (\d+)", file.read())}


def between_marks(items, is_mark):
    marks = [at for at, item in enumerate(items) if is_mark(item)]
    assert len(marks) == 2, f"{len(marks)} marks"
    return items[marks[0] + 1:marks[1]]


def order_by_strace(argv, folder):
    """The interposed calls of the thread that marks, by their numbers, in the order of their beginning."""
    log = folder / "order.log"
    subprocess.run(["strace", "-f", "-o", str(log), *argv], check=True, timeout=60)
    calls = re.findall(r"^(\d+) +(\w+)\((.*)$", log.read_text(), re.MULTILINE)
    tid = next(call[0] for call in calls if call[1] == "write" and call[2].startswith('-1, "MARK", 4)'))
    own = between_marks([call[1:] for call in calls if call[0] == tid],
                        lambda call: call[0] == "write" and call[1].startswith('-1, "MARK", 4)'))
    numbers = system_call_numbers()
    return [numbers[name] for name, _ in own if name not in NOT_INTERPOSED]


def counts_by_strace(argv, folder):
    log = folder / "strace.log"
    subprocess.run(["strace", "-f", "-o", str(log), *argv], check=True, timeout=60)
    calls = re.findall(r"^\d+ +(\w+)\((.*)$", log.read_text(), re.MULTILINE)
    own = between_marks(calls, lambda call: call[0] == "write" and call[1].startswith('-1, "MARK", 4)'))
    numbers = system_call_numbers()
    # places.c makes its bytes and clients by plain system calls, which no hook may see.
    hidden = collections.Counter({"write": 0, "connect": 2})
    counted = collections.Counter(name for name, _ in own if name not in NOT_INTERPOSED) - hidden
    return {numbers[name]: count for name, count in counted.items()}


def test_every_interposed_system_call_is_counted_as_strace_counts(runner, tmp_path):
    argv = [program("syscalls_counted")]
    expected = counts_by_strace(argv, tmp_path)
    outcome, folder = runner.record(argv, "--no-cpu", "--syscalls=all")
    assert outcome.status == 0, outcome.stderr
    events, lost = trace_reader.read(folder)
    assert lost == 0
    calls = [event.fields for event in events if event.name == "syscall"]
    own = between_marks(calls, lambda call: call["number"] == 1 and call["result"] == MARK_RESULT)
    seen = dict(collections.Counter(call["number"] for call in own))
    names = {number: name for name, number in system_call_numbers().items()}
    wrong = {names[number]: (seen.get(number, 0), expected.get(number, 0))
             for number in set(seen) | set(expected) if seen.get(number, 0) != expected.get(number, 0)}
    assert wrong == {}, "(recorded, by strace)"


def test_calls_are_recorded_in_the_order_in_which_strace_sees_them(runner, tmp_path):
    argv = [program("syscalls_counted")]
    hidden = {system_call_numbers()["connect"]}  # places.c connects by plain system calls too
    expected = [number for number in order_by_strace(argv, tmp_path) if number not in hidden]
    outcome, folder = runner.record(argv, "--no-cpu", "--syscalls=all")
    assert outcome.status == 0, outcome.stderr
    calls = [event for event in trace_reader.read(folder)[0] if event.name == "syscall"]
    tid = next(call.tid for call in calls if call.fields["number"] == 1 and call.fields["result"] == MARK_RESULT)
    own = between_marks([call.fields for call in calls if call.tid == tid],
                        lambda call: call["number"] == 1 and call["result"] == MARK_RESULT)
    assert [call["number"] for call in own if call["number"] not in hidden] == expected and len(expected) > 100


def sequences(calls):
    """What each thread called, of those that did what the program's own threads do; the order of threads is nobody's."""
    numbers = {system_call_numbers()[name] for name in ("write", "read", "poll")}
    by_thread = collections.defaultdict(list)
    for tid, number in calls:
        if number in numbers:
            by_thread[tid].append(number)
    return sorted(own for own in by_thread.values() if system_call_numbers()["poll"] in own)


def test_every_threads_calls_come_in_the_order_in_which_strace_sees_them(runner, tmp_path):
    log = tmp_path / "strace.log"
    subprocess.run(["strace", "-f", "-o", log, program("syscalls_by_thread")], check=True, timeout=60)
    numbers = system_call_numbers()
    expected = sequences((tid, numbers.get(name)) for tid, name in re.findall(r"^(\d+) +(\w+)\(", log.read_text(), re.MULTILINE))
    outcome, folder = runner.record([program("syscalls_by_thread")], "--no-cpu", "--syscalls=all")
    assert outcome.status == 0, outcome.stderr
    calls = [event for event in trace_reader.read(folder)[0] if event.name == "syscall"]
    assert sequences((call.tid, call.fields["number"]) for call in calls) == expected and len(expected) == 4


def test_a_failed_call_is_recorded_with_its_errno(runner):
    outcome, folder = runner.record([program("syscalls_counted")], "--no-cpu", "--syscalls=all")
    assert outcome.status == 0, outcome.stderr
    calls = [event.fields for event in trace_reader.read(folder)[0] if event.name == "syscall"]
    numbers = system_call_numbers()
    assert {call["result"] for call in calls if call["number"] == numbers["waitid"]} == {-10}  # ECHILD
    assert -9 in {call["result"] for call in calls if call["number"] == numbers["read"]}  # EBADF
