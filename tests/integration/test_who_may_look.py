"""The endpoints of a real process: who is answered, who is not, and what many clients cost it."""

import base64
import contextlib
import http.client
import os
import resource
import socket
import subprocess
from pathlib import Path

import pytest
from conftest import PRELOAD, fetch_unix, wait_until

TOKEN = "correct-horse"
IDLE_CLIENTS = 10_000


@contextlib.contextmanager
def echo(runner, **variables):
    """`cat` under preflame, once it is served; and it must echo to the end."""
    process = runner.start(["/bin/cat"], preload=PRELOAD, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, **variables)
    path = runner.socket_of(process.pid)
    wait_until(path.exists, what=f"the socket {path}")
    yield process
    process.stdin.write(b"still here\n")
    process.stdin.close()
    assert process.stdout.read() == b"still here\n"
    assert process.wait(timeout=20) == 0


def said(process):
    return process.stderr.read().decode().splitlines()


def ask(port, headers=None, path="/debug/preflame/self"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers=headers or {})
    status = connection.getresponse().status
    connection.close()
    return status


def basic(pair):
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def test_a_token_is_asked_for_on_tcp(runner, port):
    with echo(runner, PREFLAME_HTTP=port, PREFLAME_HTTP_TOKEN=TOKEN) as process:
        assert ask(port) == 401
        assert ask(port, {"Authorization": "Bearer wrong"}) == 401
        assert ask(port, {"Authorization": f"Bearer {TOKEN}"}) == 200
        assert ask(port, basic(f"anybody:{TOKEN}")) == 200
        assert ask(port, basic(f"{TOKEN}:")) == 401
        assert fetch_unix(runner.socket_of(process.pid), "/debug/preflame/self")[0] == 200
    assert said(process) == []


def test_go_tool_pprof_sends_the_token_of_the_url(runner, port, tmp_path):
    env = dict(os.environ, HOME=str(tmp_path), PPROF_TMPDIR=str(tmp_path))
    with echo(runner, PREFLAME_HTTP=port, PREFLAME_HTTP_TOKEN=TOKEN):
        for pair, is_let_in in ((f":{TOKEN}@", True), ("", False)):
            url = f"http://{pair}127.0.0.1:{port}/debug/pprof/threadcreate"
            done = subprocess.run(["go", "tool", "pprof", "-raw", url], env=env, capture_output=True, text=True,
                                  timeout=60)
            assert (done.returncode == 0) == is_let_in, done.stderr
            assert ("PREFLAME_HTTP_TOKEN" in done.stderr) != is_let_in


@pytest.mark.parametrize("host,token,is_open", [("0.0.0.0", None, True), ("[::]", None, True), ("0.0.0.0", TOKEN, False),
                                                ("127.0.0.1", None, False), ("127.1.2.3", None, False)])
def test_an_open_port_is_said_loudly(runner, port, host, token, is_open):
    variables = {"PREFLAME_HTTP_TOKEN": token} if token else {}
    with echo(runner, PREFLAME_HTTP=f"{host}:{port}", PREFLAME_LOG="error", **variables) as process:
        pass
    expected = f"preflame: http://{host}:{port} is open to everybody who can reach it; set PREFLAME_HTTP_TOKEN"
    assert said(process) == ([expected] if is_open else [])


@pytest.mark.parametrize("token", ["two words", "t" * 256, "ümlaut", "tab\t"])
def test_a_token_that_cannot_be_sent_leaves_the_port_closed_and_unsaid(runner, port, token):
    with echo(runner, PREFLAME_HTTP=port, PREFLAME_HTTP_TOKEN=token) as process:
        with pytest.raises(ConnectionRefusedError):
            ask(port)
    assert said(process) == ["preflame: PREFLAME_HTTP_TOKEN is not 1 to 255 visible ASCII characters; "
                             "nothing is served on TCP"]


def server_files(pid):
    """How many descriptors the serving thread holds."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        if (task / "comm").read_text() == "preflame-http\n":
            return len(list((task / "fd").iterdir()))
    return pytest.fail("no serving thread")


def resident_kb(pid):
    return int(next(line for line in Path(f"/proc/{pid}/status").open() if line.startswith("VmRSS")).split()[1])


def test_ten_thousand_idle_clients_do_not_keep_the_next_one_out(runner, port):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    clients = []
    try:
        with echo(runner, PREFLAME_HTTP=port) as process:
            path = str(runner.socket_of(process.pid))
            assert fetch_unix(path, "/debug/pprof/")[0] == 200
            before_kb = resident_kb(process.pid)
            for i in range(IDLE_CLIENTS):
                if i % 2:
                    clients.append(socket.create_connection(("127.0.0.1", port), timeout=20))
                else:
                    clients.append(socket.socket(socket.AF_UNIX))
                    clients[-1].settimeout(20)
                    clients[-1].connect(path)
            assert fetch_unix(path, "/debug/pprof/", timeout_s=5)[0] == 200
            assert ask(port) == 200
            assert server_files(process.pid) < 100
            assert len(list(Path(f"/proc/{process.pid}/fd").iterdir())) == 3
            assert resident_kb(process.pid) - before_kb < 4096
    finally:
        for client in clients:
            client.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
