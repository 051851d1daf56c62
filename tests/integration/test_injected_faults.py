"""Each system call that the runtime makes fails in turn, in the process, its own threads and its helpers: the program
ends as ever. strace lists the calls and makes them fail."""

import contextlib
import http.client
import os
import re
import subprocess
from collections import Counter

from conftest import PRELOAD, fetch_unix, program

STATUS, OUTPUT = 7, b"ready\ndone\n"
BOOT, MARK = "/proc/self/status", "getcpu"  # the first file that boot opens; the program's own two marks
# What ends a thread or can't fail in a kernel, so that libc ends the process itself.
NEVER = {"exit", "exit_group", "execve", "rt_sigreturn", "restart_syscall", "futex", "getcpu", "arch_prctl",
         "set_tid_address", "set_robust_list", "rseq", "vfork"}
ERRORS = {"mmap": "ENOMEM", "mprotect": "ENOMEM", "brk": "ENOMEM", "clone3": "EAGAIN", "clone": "EAGAIN",
          "read": "EIO", "write": "EIO", "openat": "EMFILE", "socket": "EMFILE", "close": "EIO"}
FULL = os.environ.get("PREFLAME_TEST_FULL") == "1"


def run(runner, folder, *strace, preload=PRELOAD):
    """Under strace: the program's output and status, after its endpoints were asked."""
    extra = dict(PREFLAME_PROFILE="cpu,heap,block,threads", PREFLAME_CPU_HZ="1000", PREFLAME_HTTP="0",
                 PREFLAME_OUT=folder / "out", PREFLAME_LOG="error") if preload else {}
    # strace hands the preload on: it isn't to be preloaded itself.
    given = ["-E", f"LD_PRELOAD={preload}"] if preload else []
    process = runner.start(["strace", "-f", "-qq", *strace, *given, program("injected")], stdin=subprocess.PIPE,
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **extra)
    first = process.stdout.readline()
    for path in sorted((runner.runtime_folder / "preflame").glob("*.sock")):
        for url in ("/debug/pprof/goroutine?debug=2", "/debug/pprof/heap"):
            with contextlib.suppress(OSError, http.client.HTTPException):  # an endpoint may fail; the program may not
                fetch_unix(path, url, timeout_s=0.7)
        path.unlink(missing_ok=True)
    rest, _ = process.communicate(timeout=60)
    return first + rest, process.returncode


def calls_of(runner, folder):
    """Of a run that meets no fault: name -> (calls of the first thread before boot, before and after the program's own
    part, in all, does the program call it itself)."""
    log = folder / "calls.log"
    assert run(runner, folder, "-o", log) == (OUTPUT, STATUS)
    phases, phase, main, names = [Counter() for _ in range(4)], 0, None, set()
    for line in log.read_text(errors="replace").splitlines():
        call = re.match(r"(\d+) +(\w+)\((.*)", line)
        if not call:
            continue
        names.add(call[2])
        main = main or call[1]
        if call[1] != main:
            continue
        if phase == 0 and BOOT in call[3]:
            phase = 1
        phase += call[2] == MARK
        phases[min(phase, 3)][call[2]] += 1
    assert phase == 3
    return {name: [counter[name] for counter in phases] for name in names}


def plan_of(counts):
    """What `when=` may be: everything where only we call, else single calls of ours."""
    loader, boot, own, end = counts
    if not loader and not own:
        return ["1+"] if not FULL else ["1+", *map(str, range(1, 2 + boot + end))]
    before, after = loader + boot, loader + boot + own
    ours = [*range(loader + 1, before + 1), *range(after + 1, after + end + 1)]
    return [str(number) for number in (ours if FULL else ours[len(ours) // 2:][:1])]


def test_each_call_of_the_runtime_fails_and_the_program_goes_on(runner, tmp_path):
    assert run(runner, tmp_path, "-e", "trace=none", preload=None) == (OUTPUT, STATUS)
    calls = calls_of(runner, tmp_path)
    assert len(calls) > 60 and {"timer_create", "epoll_wait", "close_range", "bind", "clone3"} <= set(calls)
    harmed = []
    for name in sorted(set(calls) - NEVER):
        for when in plan_of(calls[name]):
            fault = f"inject={name}:error={ERRORS.get(name, 'EPERM')}:when={when}"
            outcome = run(runner, tmp_path, "--seccomp-bpf", "-e", f"trace={name}", "-o", "/dev/null", "-e", fault)
            if outcome != (OUTPUT, STATUS):
                harmed.append((fault, outcome))
    assert not harmed
