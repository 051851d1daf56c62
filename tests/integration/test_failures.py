"""What cannot work is said in one line, and the program runs as if preflame were not there."""

import os
import pathlib
import shutil
import socket
import tempfile
import subprocess

import pytest
from conftest import COMMAND, PRELOAD, fetch_unix, program, wait_until

WAY = "return"


def judge(runner, preload=PRELOAD, lines=1, **extra):
    argv = [program("life"), WAY, 20]
    bare = runner.run(argv)
    outcome = runner.run(argv, preload=preload, timeout_s=30, **extra)
    assert (outcome.status, outcome.stdout) == (bare.status, bare.stdout), outcome.stderr
    said = outcome.stderr.splitlines()
    assert len(said) == lines, said
    assert all(line.startswith("preflame: ") for line in said), said
    return said


@pytest.mark.parametrize("name,value", [
    ("PREFLAME_CPU_HZ", "often"), ("PREFLAME_CPU_HZ", "-5"), ("PREFLAME_CPU_HZ", "0"),
    ("PREFLAME_CPU_HZ", "99999999999999999999"), ("PREFLAME_LOG", "loud"), ("PREFLAME_TRACE", "maybe"),
    ("PREFLAME_CPU_BUDGET", "101"), ("PREFLAME_CPU_BUDGET", "-1"), ("PREFLAME_CPU_BUDGET", "1,5"),
    ("PREFLAME_CPU_BUDGET", ".5"), ("PREFLAME_MEMORY_MAX", "3M"), ("PREFLAME_MEMORY_MAX", "64MB"),
    ("PREFLAME_MEMORY_MAX", "-64M"), ("PREFLAME_MEMORY_MAX", "99999999999G"), ("PREFLAME_PROFILE", "cup"), ("PREFLAME_HTTP", "127.0.0.1:99999"), ("PREFLAME_HTTP", "host:port:more"),
    ("PREFLAME_HTTP", "no-such-host.invalid:6060")])
def test_a_wrong_option_is_one_line_that_names_it(runner, name, value):
    said = judge(runner, **{name: value})
    assert name in said[0]


def test_nothing_is_said_when_all_is_well(runner):
    judge(runner, lines=0)


def test_off_does_nothing_at_all(runner, tmp_path):
    judge(runner, lines=0, PREFLAME="off", PREFLAME_PROFILE="cpu", PREFLAME_OUT=tmp_path / "out", PREFLAME_CPU_HZ="x")
    assert not (tmp_path / "out").exists()
    assert not (runner.runtime_folder / "preflame").exists()


def test_an_unwritable_output_folder_is_one_line(runner, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    judge(runner, PREFLAME_PROFILE="cpu", PREFLAME_OUT=tmp_path / "file" / "below")


def as_nobody():
    """A prefix that takes root's rights away, for which no folder is unwritable."""
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []


def test_a_folder_that_others_may_not_write_is_one_line(runner):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="preflame-unwritable-"))
    folder.chmod(0o555)
    copied = folder.with_name(folder.name + "-copy")
    try:
        # The build folder may not be readable for others.
        shutil.copytree(PRELOAD.parent, copied / "lib", symlinks=True, ignore=lambda _, names: [
            name for name in names if not name.startswith("libpreflame")])
        (copied / "bin").mkdir()
        for path in (COMMAND, pathlib.Path(program("life"))):
            shutil.copy2(path, copied / "bin" / path.name)
        argv = [*as_nobody(), copied / "bin" / "life", WAY, 20]
        bare = runner.run(argv)
        outcome = runner.run([*as_nobody(), "env", f"LD_PRELOAD={copied}/lib/{PRELOAD.name}", *argv[-3:]],
                             PREFLAME_PROFILE="cpu", PREFLAME_OUT=folder, PREFLAME_SOCKET="off")
        assert (outcome.status, outcome.stdout) == (bare.status, bare.stdout), outcome.stderr
        assert outcome.stderr.splitlines() == [
            f"preflame: no profile: {folder}: Permission denied; set PREFLAME_OUT to a writable folder"]
    finally:
        shutil.rmtree(copied, ignore_errors=True)
        folder.rmdir()


def test_a_port_in_use_is_one_line(runner):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen(1)
        port = holder.getsockname()[1]
        said = judge(runner, PREFLAME_HTTP=port)
    assert str(port) in said[0]


def test_a_wrong_host_leaves_the_socket(runner):
    process = runner.start([program("life"), "signal", 0], preload=PRELOAD, stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL, PREFLAME_HTTP="no-such-host.invalid:6060")
    assert process.stdout.readline() == b"ready\n"
    own = runner.runtime_folder / "preflame" / f"{process.pid}.sock"
    assert fetch_unix(own, "/debug/pprof/cmdline")[0] == 200


def test_a_socket_in_a_folder_that_others_may_enter_is_one_line_that_says_the_rule(runner, tmp_path):
    tmp_path.chmod(0o755)
    said = judge(runner, PREFLAME_SOCKET=tmp_path / "own.sock")
    assert "closed to others (mode 0700)" in said[0] and "PREFLAME_SOCKET" in said[0]


def test_the_folder_of_a_given_socket_is_not_made(runner, tmp_path):
    said = judge(runner, PREFLAME_SOCKET=tmp_path / "missing" / "own.sock")
    assert "its folder is not there" in said[0]
    assert not (tmp_path / "missing").exists()


def socket_file(path, listens=False):
    holder = socket.socket(socket.AF_UNIX)
    holder.bind(str(path))
    if listens:
        holder.listen(1)
        return holder
    holder.close()
    return None


def dead_pid():
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_sockets_of_dead_processes_are_removed_and_nothing_else(runner):
    folder = runner.runtime_folder / "preflame"
    folder.mkdir(mode=0o700)
    stale, elsewhere, plain, alive, named = (folder / f"{name}.sock" for name in
                                             (dead_pid(), dead_pid(), dead_pid(), os.getpid(), "mine"))
    for path in (stale, alive, named):
        socket_file(path)
    holder = socket_file(elsewhere, listens=True)  # its process lives in another pid namespace
    plain.write_text("no socket")
    process = runner.start([program("life"), "signal", 0], preload=PRELOAD, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    wait_until(lambda: not stale.exists(), what="the removal of a dead process' socket")
    assert {path.name for path in folder.iterdir()} == {
        path.name for path in (elsewhere, plain, alive, named, folder / f"{process.pid}.sock")}
    holder.close()


def copied_without(folder, *missing):
    """The preload and what lies beside it, less some, in a prefix of its own."""
    folder.mkdir()
    (folder.parent / "bin").mkdir()
    shutil.copy2(COMMAND, folder.parent / "bin" / COMMAND.name)
    for path in PRELOAD.parent.glob("libpreflame*.so*"):
        if not any(name in path.name for name in missing):
            shutil.copy2(path, folder / path.name, follow_symlinks=True)
    assert (folder / PRELOAD.name).exists()
    return folder / PRELOAD.name


def test_a_missing_trace_provider_is_one_line(runner, tmp_path):
    judge(runner, preload=copied_without(tmp_path / "lib", "lttng"), PREFLAME_TRACE="1")


def test_a_missing_engine_is_one_line(runner, tmp_path):
    judge(runner, preload=copied_without(tmp_path / "lib", "lttng", "engine"))


def test_a_program_without_stderr_still_runs(runner):
    argv = ["/bin/sh", "-c", f'exec "{program("life")}" {WAY} 20 2>&-']
    bare = runner.run(argv)
    outcome = runner.run(argv, preload=PRELOAD, PREFLAME_CPU_HZ="x")
    assert (outcome.status, outcome.stdout) == (bare.status, bare.stdout)
