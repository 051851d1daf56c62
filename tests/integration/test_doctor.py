"""`preflame doctor`: each check that can be provoked is, and says what is wrong and what to do."""

import os
import shutil
import signal
import subprocess
import sys

import pytest
from conftest import BUILD, COMMAND, PRELOAD, program, wait_until
from recording import root_only

SOURCE = "#include <stdio.h>\nint main(void) { puts(\"ran\"); return 5; }\n"
FILTER = """
import ctypes, os, sys
class Rule(ctypes.Structure):
    _fields_ = [("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint)]
class Program(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("rules", ctypes.POINTER(Rule))]
allow = Program(1, ctypes.pointer(Rule(6, 0, 0, 0x7fff0000)))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, ctypes.byref(allow), 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.fixture
def doctor(runner):
    def ask(*arguments, command=COMMAND, prefix=(), **extra):
        outcome = runner.run([*prefix, command, "doctor", *arguments], timeout_s=30, **extra)
        lines = [line.split(None, 1) for line in outcome.stdout.splitlines()]
        problems = [text for word, text in lines if word == "problem"]
        assert outcome.status == (1 if problems else 0), outcome
        assert not problems or f"preflame: {len(problems)} problem" in outcome.stderr
        return {text.split(":", 1)[0]: (word, text.split(": ", 1)[1]) for word, text in lines}
    return ask


def compiled(folder, *options):
    (folder / "main.c").write_text(SOURCE)
    subprocess.run(["gcc", "-o", folder / "patient", folder / "main.c", *options], check=True, timeout=60)
    return folder / "patient"


def patched(folder, offset, value):
    data = bytearray((folder / "patient").read_bytes())
    data[offset] = value
    (folder / "patient").write_bytes(data)
    return folder / "patient"


def test_where_all_is_well_every_line_says_so(doctor):
    found = doctor("ls")
    assert {word for word, _ in found.values()} <= {"ok", "note"}
    assert found["program"] == ("ok", "ls is loaded by glibc's loader, which heeds LD_PRELOAD")
    assert found["preload"] == ("ok", str(PRELOAD))
    assert {"libc", "engine", "provider", "session daemon", "shared memory", "socket", "memory limit", "timer limit",
            "file limit", "perf"} <= set(found)


@pytest.mark.parametrize("option, what", [("-static", "is statically linked"),
                                          ("-Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1", "against musl"),
                                          ("machine", "another processor"), ("class", "32-bit")])
def test_a_program_that_cannot_be_preloaded(doctor, tmp_path, option, what):
    if option in ("machine", "class"):
        compiled(tmp_path)
        patient = patched(tmp_path, 18, 183) if option == "machine" else patched(tmp_path, 4, 1)
    else:
        patient = compiled(tmp_path, option)
    word, text = doctor(patient)["program"]
    assert word == "problem" and what in text


@root_only
def test_a_setuid_program(doctor, tmp_path):
    patient = compiled(tmp_path)
    os.chown(patient, 65534, 65534)
    patient.chmod(0o4755)
    word, text = doctor(patient)["program"]
    assert word == "problem" and "is setuid" in text


@pytest.mark.parametrize("option, name", [("address", "AddressSanitizer"), ("thread", "ThreadSanitizer")])
def test_a_sanitizers_program_is_named_and_run_without_the_preload(doctor, runner, tmp_path, option, name):
    patient = compiled(tmp_path, f"-fsanitize={option}")
    word, text = doctor(patient)["sanitizer"]
    assert word == "problem" and name in text
    for way in (["run"], ["record", "-o", tmp_path / "trace"]):
        outcome = runner.run([COMMAND, *way, "--", patient], timeout_s=60)
        assert (outcome.status, outcome.stdout) == (5, "ran\n"), outcome.stderr
        assert f"preflame: {patient} is built with {name}, which ends programs with preloads; it runs, unseen" in (
            outcome.lines)


def test_a_command_or_process_that_is_not_there_is_one_line(runner):
    for word in ("no-such-program", "/etc/passwd", "2147483646"):
        outcome = runner.run([COMMAND, "doctor", word])
        assert (outcome.status, outcome.stdout, len(outcome.stderr.splitlines())) == (1, "", 1)
        assert outcome.stderr.startswith("preflame: ") and word in outcome.stderr
    assert runner.run([COMMAND, "doctor", "--foo"]).status == 2
    assert runner.run([COMMAND, "doctor", "--help"]).stdout.startswith("usage: preflame doctor ")


def test_processes_with_and_without_the_preload(doctor, runner):
    process = runner.start(["sleep", "100"])
    word, text = doctor(str(process.pid))["process"]
    assert word == "problem" and "preflame run" in text
    served = runner.served([program("wall_known"), "100000"])
    assert doctor(str(served.pid))["process"] == (
        "ok", f"process {served.pid} answers on {runner.socket_of(served.pid)}")


def test_a_preloaded_process_without_endpoints(doctor, runner):
    process = runner.start(["sleep", "100"], preload=PRELOAD, PREFLAME_SOCKET="off")
    wait_until(lambda: "libpreflame.so" in open(f"/proc/{process.pid}/maps").read(), what="the preload")
    word, text = doctor(str(process.pid))["process"]
    assert word == "problem" and "PREFLAME_SOCKET=off" in text


def test_a_process_that_handles_sigprof(doctor, runner):
    script = "import signal; signal.signal(signal.SIGPROF, lambda *_: 0); print(1, flush=True); signal.pause()"
    process = runner.start([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"1\n"
    word, text = doctor(str(process.pid))["signal"]
    assert word == "note" and f"process {process.pid} handles SIGPROF" in text
    process.send_signal(signal.SIGKILL)


@pytest.mark.parametrize("library, check, word", [("libjemalloc.so.2", "allocator", "note"),
                                                  ("libtcmalloc_minimal.so.4", "allocator", "note"),
                                                  ("libmimalloc.so.2", "allocator", "note"),
                                                  ("libheaptrack_preload.so", "profilers", "problem"),
                                                  ("libasan.so.8", "profilers", "problem"),
                                                  ("libprofiler.so.0", "profilers", "note"),
                                                  ("liblttng-ust-pthread-wrapper.so.1", "profilers", "note")])
def test_what_else_is_preloaded(doctor, library, check, word):
    # As the command's environment, not as the doctor's own.
    found = doctor("ls", prefix=["sh", "-c", f'LD_PRELOAD={library} exec "$@" 2>&2', "sh"])
    assert found[check][0] == word and library.split(".")[0].split("_")[0] in found[check][1]


@pytest.mark.parametrize("limit, check", [("-v 1000000", "memory limit"), ("-d 1000000", "memory limit"),
                                          ("-i 10", "timer limit"), ("-n 30", "file limit")])
def test_limits_that_are_too_low(doctor, limit, check):
    word, text = doctor(prefix=["bash", "-c", f'ulimit {limit}; exec "$@"', "bash"])[check]
    assert word == "problem" and "raise it (ulimit" in text and limit[:2] in text


def test_a_filter_of_system_calls_and_a_container(doctor):
    found = doctor(prefix=[sys.executable, "-c", FILTER], container="some")
    assert found["seccomp"][0] == "note" and found["container"][0] == "note"


def test_no_folder_for_sockets(doctor):
    word, text = doctor(XDG_RUNTIME_DIR="/nowhere", TMPDIR="/nowhere")["socket"]
    assert word == "problem" and "PREFLAME_SOCKET" in text


def test_no_session_daemon_installed(doctor):
    word, text = doctor(PATH="/nowhere")["session daemon"]
    assert word == "problem" and "apt install lttng-tools" in text


@root_only
def test_little_shared_memory(doctor):
    script = 'mount -t tmpfs -o size=2m none /dev/shm || exit 99; exec "$@"'
    word, text = doctor(prefix=["unshare", "--mount", "sh", "-c", script, "sh"])["shared memory"]
    assert word == "problem" and text.startswith("/dev/shm has 2 MB: traces lose events")


def test_parts_that_are_missing_or_lack_a_library(doctor, tmp_path):
    for folder in ("bin", "lib"):
        (tmp_path / "prefix" / folder).mkdir(parents=True)
    command, lib = tmp_path / "prefix" / "bin" / "preflame", tmp_path / "prefix" / "lib"
    shutil.copy2(COMMAND, command)
    assert doctor(command=command)["preload"] == (
        "problem", "libpreflame.so is not in ../lib beside this program; reinstall")
    shutil.copy2(PRELOAD, lib)
    assert "is not beside libpreflame.so" in doctor(command=command)["engine"][1]
    shutil.copy2(BUILD / "lib" / "libpreflame-engine.so", lib)
    (tmp_path / "gone.c").write_text("int gone(void); int gone(void) { return 1; }\n")
    (tmp_path / "needs.c").write_text("int gone(void); int needs(void); int needs(void) { return gone(); }\n")
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", tmp_path / "libgone.so", tmp_path / "gone.c"], check=True)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", lib / "libpreflame-lttng.so", tmp_path / "needs.c",
                    tmp_path / "libgone.so", "-Wl,-soname,x"], check=True)
    (tmp_path / "libgone.so").unlink()
    found = doctor(command=command)
    assert found["engine"][0] == "ok"
    assert found["provider"][0] == "problem" and "apt install liblttng-ust1" in found["provider"][1]
