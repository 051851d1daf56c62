"""The commands that look at running processes: ls, profile, threads, torch; and the word TARGET."""

import contextlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pprof_reader
import pytest
from conftest import COMMAND, PRELOAD, wait_until
from pprof_writer import Profile

TOKEN = "correct-horse"


def preflame(*arguments, status=0, cwd=None, **variables):
    env = {key: value for key, value in os.environ.items() if not key.startswith("PREFLAME")}
    env.update(variables)
    done = subprocess.run([COMMAND, *map(str, arguments)], capture_output=True, timeout=60, cwd=cwd, env=env,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == status, done.stderr.decode() + done.stdout.decode()
    if status:
        assert done.stdout == b""
        assert len(done.stderr.decode().splitlines()) == 1, "one line says what is wrong"
    return done.stdout.decode(), done.stderr.decode()


@contextlib.contextmanager
def sleeper(runner, name, **variables):
    """A process of that name which waits for its standard input, once it is served."""
    path = Path(runner.folder) / name
    if not path.exists():
        shutil.copy("/bin/cat", path)
    process = runner.start([path], preload=PRELOAD, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, **variables)
    socket = Path(variables.get("PREFLAME_SOCKET", runner.socket_of(process.pid)))
    wait_until(socket.exists, what=f"the socket {socket}")
    yield process
    process.stdin.close()
    assert process.wait(timeout=20) == 0


def test_ls_tells_pid_name_addresses_and_age(runner, port):
    folder = runner.folder / "own"
    folder.mkdir(mode=0o700)
    with sleeper(runner, "lsone", PREFLAME_HTTP=port) as one, \
            sleeper(runner, "lstwo", PREFLAME_SOCKET=str(folder / "here.sock")) as two:
        rows = {row["pid"]: row for row in json.loads(preflame("ls", "--json")[0])}
        assert rows[one.pid] == {"pid": one.pid, "name": "lsone", "uptime_s": rows[one.pid]["uptime_s"],
                                 "http": f"127.0.0.1:{port}", "socket": str(runner.socket_of(one.pid))}
        assert 0 <= rows[one.pid]["uptime_s"] < 60
        assert rows[two.pid]["http"] == "" and rows[two.pid]["socket"] == str(folder / "here.sock")
        lines = preflame("ls")[0].splitlines()
        assert lines[0].split() == ["PID", "NAME", "UPTIME", "HTTP", "SOCKET"]
        assert any(re.fullmatch(rf" *{one.pid}  lsone +\d+s  127\.0\.0\.1:{port} +\S+\.sock", line) for line in lines)
        column = lines[0].index("SOCKET")
        assert all(line[column - 1] == " " and line[column] != " " for line in lines)
        assert os.getpid() not in rows
    assert one.pid not in [row["pid"] for row in json.loads(preflame("ls", "--json")[0])]


def test_every_way_to_name_a_target_gives_the_profile(runner, port, tmp_path):
    with sleeper(runner, "targetone", PREFLAME_HTTP=port) as process:
        targets = [process.pid, "targetone", f"http://127.0.0.1:{port}", f"localhost:{port}/", f"127.0.0.1:{port}/debug/pprof",
                   f"http://localhost:{port}/debug/pprof/heap", runner.socket_of(process.pid)]
        for number, target in enumerate(targets):
            path = tmp_path / f"heap{number}.pprof"
            preflame("profile", target, "--type=heap", "-o", path)
            assert [name for name, _ in pprof_reader.read(path).sample_types] == \
                ["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"], target
        preflame("profile", path, "-o", tmp_path / "copy.pprof")
        assert (tmp_path / "copy.pprof").read_bytes() == path.read_bytes()


def test_profile_names_its_file_and_makes_any_format(runner, tmp_path):
    with sleeper(runner, "formatone") as process:
        name = f"formatone.{process.pid}.cpu.pprof"
        assert preflame("profile", process.pid, "--seconds=1", cwd=tmp_path)[0] == name + "\n"
        assert pprof_reader.read(tmp_path / name).duration_ns >= 900_000_000
        assert sorted(path.name for path in tmp_path.glob("*.pprof*")) == [name], "nothing half written is left"
        assert "alloc_space/bytes" in preflame("profile", "formatone", "--type=allocs", "--format=text")[0]
        preflame("profile", "formatone", "--type=heap", "-o", tmp_path / "heap.svg")
        assert "<svg" in (tmp_path / "heap.svg").read_text()
        assert "delay/nanoseconds" in preflame("profile", "formatone", "--type=block", "--format=text")[0]


def test_a_pipe_shows_no_progress(runner):
    with sleeper(runner, "quietone") as process:
        assert preflame("profile", process.pid, "--seconds=2", "-o", "-", "-f", "text")[1] == ""


def test_threads_says_what_each_waits_for(runner, tmp_path):
    with sleeper(runner, "threadone") as process:
        text = preflame("threads", "threadone")[0]
        assert re.match(rf'thread {process.pid} "threadone" \[\w+.*, [\d.]+s\]:\n', text)
        assert re.search(r"^main\(\.\.\.\)$|^threadone\+0x", text, re.M)
        (tmp_path / "file.pprof").write_bytes(b"")
        assert "is a file" in preflame("threads", tmp_path / "file.pprof", status=1)[1]


def test_torch_writes_the_flame_graph_that_go_torch_would(runner, port, tmp_path):
    with sleeper(runner, "torchone", PREFLAME_HTTP=port):
        url = f"http://localhost:{port}"
        assert preflame("torch", "-u", url, "-t", "1", cwd=tmp_path) == ("", "preflame: wrote torch.svg\n")
        assert ">Flame Graph</text>" in (tmp_path / "torch.svg").read_text()
        preflame("torch", "--url", url, "--suffix=/debug/pprof/heap", "-f", tmp_path / "heap.svg", "--title=Heap here",
                 "--width=900", "--colors=green", "--hash", "--cp", "--inverted")
        picture = (tmp_path / "heap.svg").read_text()
        assert ">Heap here</text>" in picture and 'width="900"' in picture
        assert preflame("torch", "-u", url, "-t", "1", "-p")[0].startswith("<?xml")
        assert (tmp_path / "torch.svg").exists() and not (tmp_path / "torch.svg.new").exists()


def test_torch_takes_a_file_and_gives_raw_stacks(tmp_path):
    profile = Profile([("samples", "count"), ("cpu", "nanoseconds")])
    profile.add(["main", "work"], [1, 7000])
    (tmp_path / "known.pprof").write_bytes(profile.encode())
    assert preflame("torch", "-b", tmp_path / "known.pprof", "-r")[0] == "main;work 7000\n"
    assert preflame("torch", "-r", "--reverse", "--binaryinput", tmp_path / "known.pprof")[0] == "work;main 7000\n"
    pictures = {colors: preflame("torch", "-p", "-b", tmp_path / "known.pprof", f"--colors={colors}")[0]
                for colors in ("hot", "mem", "io", "wakeup", "chain", "red", "green", "blue", "yellow", "purple", "aqua",
                               "orange")}
    assert len(set(pictures.values())) == len(pictures)


def test_a_token_is_sent_to_tcp(runner, port):
    with sleeper(runner, "tokenone", PREFLAME_HTTP=port, PREFLAME_HTTP_TOKEN=TOKEN):
        url = f"http://localhost:{port}"
        assert "PREFLAME_HTTP_TOKEN" in preflame("threads", url, status=1)[1]
        assert "tokenone" in preflame("threads", url, PREFLAME_HTTP_TOKEN=TOKEN)[0]


def test_what_cannot_be_asked_is_one_line_that_says_what_to_do(runner, port, tmp_path):
    with sleeper(runner, "sameone") as first, sleeper(runner, "sameone") as second:
        line = preflame("threads", "sameone", status=1)[1]
        assert "several" in line and str(first.pid) in line and str(second.pid) in line
        assert "Unknown profile" in preflame("profile", first.pid, "--type=nonsense", status=1)[1]
    bare = runner.start(["/bin/cat"], stdin=subprocess.PIPE)
    assert "not instrumented; start it with `preflame run" in preflame("threads", bare.pid, status=1)[1]
    assert "preflame ls" in preflame("threads", "nosuchname", status=1)[1]
    assert "there is no process 4194304" in preflame("threads", 4194304, status=1)[1]
    assert "preflame run --http" in preflame("threads", f"localhost:{port}", status=1)[1]
    assert "no file or socket" in preflame("threads", tmp_path / "absent.sock", status=1)[1]
    (tmp_path / "wrong.pprof").write_bytes(b"wrong")
    assert "no pprof profile" in preflame("profile", tmp_path / "wrong.pprof", status=1)[1]


@pytest.mark.parametrize("arguments", [["threads"], ["threads", "1", "2"], ["profile"], ["profile", "1", "--seconds=x"],
                                       ["profile", "1", "--format=nonsense"], ["torch", "--colors=nonsense"], ["torch", "-t", "0"], ["top"], ["collect", "1"], ["collect", "1", "--interval=0", "-o", "x"], ["top", "1", "-n", "0"], ["ls", "1"], ["ls", "--nonsense"]])
def test_wrong_usage_is_status_2(arguments):
    assert "--help" in preflame(*arguments, status=2)[1]


@pytest.mark.parametrize("command", ["ls", "profile", "threads", "top", "torch", "collect"])
def test_every_command_has_help_and_version(command):
    assert preflame(command, "--help")[0].startswith(f"usage: preflame {command}")
    assert re.fullmatch(r"preflame [\d.]+\n", preflame(command, "--version")[0])
