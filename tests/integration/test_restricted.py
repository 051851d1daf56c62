"""A program that may do little: it ends as it does without preflame, which says in one line what it leaves out."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import PRELOAD, program

EVERYTHING = {"PREFLAME_HTTP": "0", "PREFLAME_PROFILE": "cpu,heap,block,wall", "PREFLAME_CPU_HZ": "1000"}
GREETINGS = (" profiling enabled, ", " profiling disabled, ")

# What is taken away -> what preflame says about it, besides where the profiles are; None: nothing.
REFUSED = {
    "refuse:timer_create": "no CPU profile of process",
    "refuse:timer_settime": "no CPU profile of process",
    "refuse:perf_event_open,process_vm_readv,memfd_create,pidfd_open,pidfd_getfd": None,
    "refuse:close_range,madvise,prctl,rt_sigpending,rt_tgsigqueueinfo": None,
    "refuse:clone,clone3": "a thread is refused",
    "refuse:socket": "no socket",
    "refuse:epoll_create1,eventfd2,getrandom": None,
    "refuse:getdents64,readlink,mkdir,access,unlink": None,
    "limit:sigpending=0": "no CPU profile of process",
    "limit:nofile=10": None,
    "limit:fsize=0": None,
    "limit:stack=65536": None,
    "limit:as=60000000": "off: RLIMIT_AS leaves",
    "limit:as=400000000": "off: RLIMIT_AS leaves",
    "limit:data=20000000": "off: RLIMIT_DATA leaves",
}
KILLED = ["timer_create", "timer_settime", "timer_delete", "process_vm_readv", "pidfd_open", "close_range", "socket", "epoll_create1", "getdents64", "rt_tgsigqueueinfo", "rt_sigpending", "prctl", "fcntl",
          "gettid", "getpid", "sched_yield", "unlink", "mkdir"]


def bare_and_preloaded(runner, folder, *restrictions, prefix=(), **extra):
    """Both outcomes, and what preflame said but for its greetings."""
    itself = program("restricted")
    argv = [*prefix, program("restricted"), *restrictions]
    bare = runner.run(argv, RESTRICTED_SELF=itself)
    preloaded = runner.run(argv, RESTRICTED_SELF=itself, RESTRICTED_PRELOAD=PRELOAD,
                           **{**EVERYTHING, "PREFLAME_OUT": folder / "out", **extra})
    assert preloaded.stdout == bare.stdout
    assert preloaded.status == bare.status
    return bare, [line for line in preloaded.lines if not any(words in line for words in GREETINGS)]


@pytest.mark.parametrize("restriction", REFUSED)
def test_what_is_refused_is_left_out(runner, tmp_path, restriction):
    bare, lines = bare_and_preloaded(runner, tmp_path, restriction)
    assert bare.status == 7
    said = REFUSED[restriction]
    assert said is None or sum(said in line for line in lines) == 1, lines


@pytest.mark.parametrize("call", KILLED)
def test_a_filter_that_kills_turns_it_off_in_one_line(runner, tmp_path, call):
    bare, lines = bare_and_preloaded(runner, tmp_path, f"kill:{call}")
    assert bare.status == 7
    assert lines == [f"preflame: off: a seccomp filter ends processes that call {call}: allow it, or let it fail "
                     "with EPERM"]
    assert not (tmp_path / "out").exists()


def test_without_restrictions_it_says_nothing_and_works(runner, tmp_path):
    bare, lines = bare_and_preloaded(runner, tmp_path)
    assert bare.status == 7 and not lines
    assert (tmp_path / "out" / "cpu.pprof").exists()


def test_no_descriptor_left_for_anything(runner, tmp_path):
    """Not even the loader can open an object then: it says so, and so does its loss of libc."""
    bare, lines = bare_and_preloaded(runner, tmp_path, "limit:nofile=3")
    assert bare.status == 127 and not lines


def test_no_thread_left_for_the_user(runner, tmp_path):
    if os.geteuid() != 0:
        pytest.fail("needs root: other users' limits are shared with all that they run")
    os.chown(runner.runtime_folder, 65534, 65534)
    bare, lines = bare_and_preloaded(runner, runner.runtime_folder, "limit:nproc=1", "user:65534")
    assert "thread: 11\n" in bare.stdout
    assert sorted(line.split(":")[1] for line in lines) == [" a thread is refused", " no HTTP"]
    assert (runner.runtime_folder / "out" / "cpu.pprof").exists()


def copied(folder, path):
    to = folder / str(path).lstrip("/")
    to.parent.mkdir(parents=True, exist_ok=True)
    if not to.exists():
        shutil.copy(path, to)


def test_a_root_folder_without_proc_and_tmp(runner, tmp_path):
    root = tmp_path / "root"
    objects = [Path(program("restricted")), *sorted(PRELOAD.parent.glob("libpreflame*.so"))]
    for item in objects:
        copied(root, item)
        listed = subprocess.run(["ldd", item], capture_output=True, text=True, check=True).stdout
        for word in listed.split():
            if word.startswith("/"):
                copied(root, word)
    bare, lines = bare_and_preloaded(runner, tmp_path, f"chroot:{root}", PREFLAME_OUT="/out")
    assert bare.status == 7, bare.stderr
    assert (root / "out" / "cpu.pprof").exists() or lines


def test_a_full_disk(runner, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    script = 'mount -t tmpfs -o size=4k none "$0" && mkdir "$0/out" && exec "$@"'
    prefix = ["unshare", "--mount", "sh", "-c", script, disk]
    bare, lines = bare_and_preloaded(runner, disk, prefix=prefix)
    assert bare.status == 7, bare.stderr
    assert any("No space left on device" in line for line in lines), lines


def test_standard_error_whose_reader_is_gone(runner, tmp_path):
    """Our line is written to it: no SIGPIPE comes of that."""
    reader, writer = os.pipe()
    os.close(reader)
    process = runner.start([program("restricted"), "limit:as=60000000"], stdout=subprocess.PIPE, stderr=writer,
                           RESTRICTED_SELF=program("restricted"), RESTRICTED_PRELOAD=PRELOAD, **EVERYTHING)
    os.close(writer)
    text = process.communicate(timeout=30)[0].decode()
    assert process.returncode == 7 and text.startswith("thread: 0\n")


@pytest.mark.parametrize("how", ["prctl", "seccomp"])
@pytest.mark.parametrize("calls", ["strict", "getpid", "gettid", "prctl,process_vm_readv", "fcntl,unlink,socket,bind",
                                   "timer_create,timer_settime,timer_delete,close_range,pidfd_open,rt_sigpending"])
def test_a_program_that_restricts_itself_is_left_alone_from_then_on(runner, tmp_path, calls, how):
    by_call = {"RESTRICTED_BY_CALL": "1"} if how == "seccomp" else {}
    bare, lines = bare_and_preloaded(runner, tmp_path, f"seal:{calls}", **by_call)
    assert bare.stdout.count("\n") > 6  # it went on after that
    assert lines == ["preflame: off: the program restricts its own system calls from here on"]
    assert (tmp_path / "out" / "cpu.pprof").exists()
