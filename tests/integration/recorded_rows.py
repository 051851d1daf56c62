"""What a trace must say of each interposed call that blocks or does I/O, and the check of a trace against it."""

import json

import trace_reader
from test_syscalls import system_call_numbers

ANY = "any"  # an address, or what the call itself makes of its arguments
FD = "fd"    # the descriptor that it is called with

# Program -> call -> (system call or None, reason of a wait or None where its scenarios don't wait, object).
EXPECTED = {
    "calls_io": {
        "read": ("read", "pipe", FD), "readv": ("readv", "pipe", FD), "pread": ("pread64", None, FD),
        "pread64": ("pread64", None, FD), "write": ("write", "pipe", FD), "writev": ("writev", "pipe", FD),
        "pwrite": ("pwrite64", None, FD), "pwrite64": ("pwrite64", None, FD), "fsync": ("fsync", None, FD),
        "fdatasync": ("fdatasync", None, FD), "flock": ("flock", "flock", FD),
    },
    "calls_socket": {
        "recv": ("recvfrom", "net_read", FD), "recvfrom": ("recvfrom", "net_read", FD),
        "recvmsg": ("recvmsg", "net_read", FD), "recvmmsg": ("recvmmsg", "net_read", FD),
        "send": ("sendto", "net_write", FD), "sendto": ("sendto", "net_write", FD),
        "sendmsg": ("sendmsg", "net_write", FD), "sendmmsg": ("sendmmsg", "net_write", FD),
        "accept": ("accept", "accept", FD), "accept4": ("accept4", "accept", FD),
        "connect": ("connect", "connect", FD),
    },
    "calls_wait": {
        "poll": ("poll", "poll", ANY), "ppoll": ("ppoll", "poll", ANY), "select": ("pselect6", "poll", ANY),
        "pselect": ("pselect6", "poll", ANY), "epoll_wait": ("epoll_wait", "poll", FD),
        "epoll_pwait": ("epoll_pwait", "poll", FD), "nanosleep": ("clock_nanosleep", "sleep", ANY),
        "clock_nanosleep": ("clock_nanosleep", "sleep", ANY), "usleep": ("clock_nanosleep", "sleep", ANY),
        "sleep": ("clock_nanosleep", "sleep", ANY),
    },
    "calls_child": {name: ("waitid" if name == "waitid" else "wait4", "wait_child", ANY)
                    for name in ("wait", "waitpid", "wait3", "wait4", "waitid")},
    "calls_sem": {name: (None, "sem", ANY) for name in ("sem_wait", "sem_timedwait", "sem_clockwait")},
    "calls_fortify": {
        "__read_chk": ("read", "pipe", FD), "__pread_chk": ("pread64", None, FD),
        "__pread64_chk": ("pread64", None, FD), "__recv_chk": ("recvfrom", "net_read", FD),
        "__recvfrom_chk": ("recvfrom", "net_read", FD), "__poll_chk": ("poll", "poll", ANY),
        "__ppoll_chk": ("ppoll", "poll", ANY),
    },
}


def differences(program_name, windows, folder):
    """What the trace doesn't say of the program's rows. `windows`: the file that TRANSCRIPT_WINDOWS named."""
    rows = [json.loads(line) for line in windows.read_text().splitlines()]
    events, lost = trace_reader.read(folder)
    numbers, reasons = system_call_numbers(), trace_reader.wait_reasons()
    wrong = [f"{lost} events are lost"] if lost else []
    for call, (system_call, reason, kind) in EXPECTED[program_name].items():
        tried = [row for row in rows if row["call"] == call]
        wanted = {"ready", "interrupted"} if reason else {"ready"}
        if not wanted <= {row["scenario"] for row in tried}:
            wrong.append(f"{call} is not tried {wanted}")
        for row in tried:
            at = f"{call} {row['scenario']}"
            inside = [event for event in events
                      if event.tid == row["tid"] and row["from_ns"] <= event.time_ns <= row["until_ns"]]
            if system_call:
                calls = [event.fields for event in inside
                         if event.name == "syscall" and event.fields["number"] == numbers[system_call]]
                if len(calls) != 1 or (row["error"] and calls[0]["result"] != -row["error"]):
                    wrong.append(f"{at}: {system_call} is recorded as {calls}")
            if row["scenario"] == "interrupted" and reason:
                waits = [event.fields for event in inside if event.name == "unblock"]
                ends = [(reasons[wait["reason"]], wait["object"] if kind == FD else ANY) for wait in waits]
                if ends != [(reason, row["where"] if kind == FD else ANY)]:
                    wrong.append(f"{at}: its wait is recorded as {waits}")
                elif row["error"] and waits[0]["result"] != -row["error"]:
                    wrong.append(f"{at}: the result is {waits[0]['result']}")
    return wrong
