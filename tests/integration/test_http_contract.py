"""Our endpoints and Go's own net/http/pprof give the same answers to the same requests."""

import contextlib
import gzip
import http.client
import os
import pathlib
import re
import select
import socket
import subprocess

import pytest

REPO = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("PREFLAME_BUILD", REPO / "build" / "release"))

GO_SERVER = """
package main

import (
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	panic(http.Serve(listener, nil))
}
"""

# How a reply is framed and when it was sent is not part of the contract.
FRAMING = {"date", "content-length", "transfer-encoding"}


class Peer:
    """Whoever answers on a port of this machine."""

    def __init__(self, port):
        self.port = port

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body=body, headers=headers or {})
        reply = connection.getresponse()
        got = {name.lower(): value for name, value in reply.getheaders()}
        status, content = reply.status, reply.read()
        connection.close()
        return status, {name: value for name, value in got.items() if name not in FRAMING}, content


class Server(Peer):
    """A server process that prints its port as its first line."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        super().__init__(int(self.process.stdout.readline()))

    def end(self):
        self.process.stdin.close()
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


@pytest.fixture(scope="module")
def go_environment(tmp_path_factory):
    home = tmp_path_factory.mktemp("go")
    return dict(os.environ, HOME=str(home), GOCACHE=str(home / "cache"), GOFLAGS="-mod=mod", GOPROXY="off",
                GOPATH=str(home / "path"), PPROF_TMPDIR=str(home))


@pytest.fixture(scope="module")
def go_server(tmp_path_factory, go_environment):
    folder = tmp_path_factory.mktemp("server")
    (folder / "go.mod").write_text("module server\n\ngo 1.19\n")
    (folder / "main.go").write_text(GO_SERVER)
    subprocess.run(["go", "build", "-o", "server", "."], cwd=folder, env=go_environment, check=True)
    server = Server([folder / "server", "a word"])
    yield server
    server.process.kill()
    server.process.wait()


@pytest.fixture(scope="module")
def our_server(tmp_path_factory):
    program = BUILD / "bin" / "http_fake_server"
    if not program.exists():
        pytest.fail(f"{program} is not built")
    # gzip turns a raw profile into a compressed one, as the real helper does after finding names.
    server = Server([program, tmp_path_factory.mktemp("socket") / "private" / "1.sock", "/bin/gzip", "-c"])
    yield server
    assert server.end() == 0


ERRORS_AND_TEXTS = [
    ("GET", "/debug/pprof", None),
    ("HEAD", "/debug/pprof", None),
    ("POST", "/debug/pprof", ""),
    ("GET", "/debug/pprof?debug=1&x=<'\">", None),
    ("GET", "/debug/pprof/nothing", None),
    ("GET", "/debug/pprof/nothing?seconds=x", None),
    ("HEAD", "/debug/pprof/nothing", None),
    ("GET", "/debug/pprof/profile/", None),
    ("GET", "//debug/pprof/", None),
    ("GET", "/debug//pprof?debug=1&debug=2", None),
    ("HEAD", "/debug/./pprof/cmdline", None),
    ("POST", "/debug/x/../pprof/symbol?0x0", "0x0"),
    ("GET", "/debug/%2e%2E/%6eothing", None),
    ("GET", "/debug/pprof/%2e/a%20b%3Fc+%22%25", None),
    ("GET", "/debug/%70prof/cmdline/..", None),
    ("GET", "/..", None),
    ("GET", "/debug/pprof/%zz", None),
    ("GET", "/debug/pprof/nothing?a=1?b=2", None),
    ("GET", "/nothing", None),
    ("GET", "/", None),
    ("POST", "/nothing", "body"),
    ("HEAD", "/debug/pprof/", None),
    ("HEAD", "/debug/pprof/cmdline", None),
    ("GET", "/debug/pprof/symbol", None),
    ("HEAD", "/debug/pprof/symbol", None),
    ("GET", "/debug/pprof/symbol?0x0+zz+", None),
    ("POST", "/debug/pprof/symbol", "0x0"),
    ("PUT", "/debug/pprof/symbol", "0x0"),
    ("DELETE", "/debug/pprof/nothing", None),
    ("OPTIONS", "/nothing", None),
    ("PATCH", "/debug/pprof", ""),
    ("GET", "/debug/pprof/heap?seconds=x", None),
    ("GET", "/debug/pprof/heap?seconds=0", None),
    ("GET", "/debug/pprof/heap?seconds=-1&debug=1", None),
    ("GET", "/debug/pprof/heap?seconds=1.5", None),
    ("GET", "/debug/pprof/heap?seconds=99999999999999999999", None),
    ("GET", "/debug/pprof/block?seconds=1&debug=1", None),
    ("GET", "/debug/pprof/mutex?seconds=1&debug=99999999999999999999", None),
    ("HEAD", "/debug/pprof/allocs?seconds=x", None),
    ("POST", "/debug/pprof/threadcreate?seconds=x", ""),
    ("GET", "/debug/pprof/heap/", None),
    ("GET", "/debug/pprof/Heap", None),
]

NAMED = ["allocs", "block", "goroutine", "heap", "mutex", "threadcreate"]


@pytest.mark.parametrize("method,path,body", ERRORS_AND_TEXTS)
def test_same_answer_as_go(go_server, our_server, method, path, body):
    path = path.replace("<", "%3C").replace(">", "%3E").replace('"', "%22")
    assert our_server.ask(method, path, body) == go_server.ask(method, path, body)


def test_cmdline_is_the_words_joined_by_nul(go_server, our_server):
    ours, theirs = our_server.ask("GET", "/debug/pprof/cmdline"), go_server.ask("GET", "/debug/pprof/cmdline")
    assert ours[:2] == theirs[:2]
    assert theirs[2].endswith(b"\0a word")
    assert ours[2].split(b"\0")[2:] == [b"/bin/gzip", b"-c"]


def test_index_has_gos_headers_and_links_to_what_exists(go_server, our_server):
    ours, theirs = our_server.ask("GET", "/debug/pprof/"), go_server.ask("GET", "/debug/pprof/")
    assert ours[:2] == theirs[:2]
    row = rb"<tr><td>\d+</td><td><a href='(\w+)\?debug=1'>(\w+)</a></td></tr>"
    links = re.findall(row, ours[2])
    assert set(re.findall(row, theirs[2])) >= {(b"cmdline", b"cmdline"), (b"profile", b"profile")}
    assert [name for name, _ in links] == sorted(name for name, _ in links)
    assert {name for name, _ in links} >= {b"cmdline", b"profile", b"symbol", b"trace"}
    for link, name in links:
        assert link == name
        assert b"<li><div class=profile-name>" + name + b": </div> " in ours[2]
        if name not in (b"flame", b"profile", b"trace"):  # they take their time
            assert our_server.ask("GET", "/debug/pprof/" + link.decode())[0] == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_profile_has_gos_headers(go_server, our_server, method):
    path = "/debug/pprof/profile?seconds=1"
    ours, theirs = our_server.ask(method, path), go_server.ask(method, path)
    assert ours[:2] == theirs[:2]
    if method == "HEAD":
        assert ours[2] == theirs[2] == b""
    else:
        assert gzip.decompress(theirs[2])
        assert b"fake_work" in gzip.decompress(ours[2])


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("query", ["", "?debug=0", "?debug=1", "?debug=x", "?gc=1", "?seconds="])
def test_named_profiles_have_gos_headers(go_server, our_server, name, query):
    path = f"/debug/pprof/{name}{query}"
    ours, theirs = our_server.ask("GET", path), go_server.ask("GET", path)
    assert ours[:2] == theirs[:2]
    if query == "?debug=1":
        assert b"fake_work" in ours[2]
    else:
        assert gzip.decompress(ours[2]) and gzip.decompress(theirs[2])


@pytest.mark.parametrize("name", NAMED)
def test_deltas_have_gos_headers(go_server, our_server, name):
    path = f"/debug/pprof/{name}?seconds=1"
    ours, theirs = our_server.ask("GET", path), go_server.ask("GET", path)
    assert ours[:2] == theirs[:2]
    assert "-delta" in ours[1]["content-disposition"]
    assert b"fake_work" not in gzip.decompress(ours[2])  # nothing is new


def test_dumps_have_gos_headers(go_server, our_server):
    ours, theirs = (server.ask("GET", "/debug/pprof/goroutine?debug=2") for server in (our_server, go_server))
    assert ours[:2] == theirs[:2]
    assert b"fake_work(...)\n\tfake.c:1 +0x" in ours[2]


def test_seconds_of_a_posted_form_count(go_server, our_server):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for server in (go_server, our_server):
        assert server.ask("POST", "/debug/pprof/profile?seconds=1000", "seconds=1", form)[0] == 200


def start_long(server, name):
    client = socket.create_connection(("127.0.0.1", server.port))
    client.sendall(b"GET /debug/pprof/" + name.encode() + b"?seconds=1000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return client


def is_answered(client):
    return bool(select.select([client], [], [], 0)[0])


@contextlib.contextmanager
def busy(server, name="profile"):
    """Yields what is answered to a second client while a first one's profile runs, and ends that one."""
    client = start_long(server, name)
    try:
        for _ in range(50):
            answer = server.ask("GET", f"/debug/pprof/{name}?seconds=1")
            if is_answered(client):  # ours came first, so the long one was refused
                client.close()
                client = start_long(server, name)
            elif answer[0] != 200:
                yield answer
                return
        pytest.fail("never busy")
    finally:
        client.close()


def test_busy_answer_and_early_end_are_gos(go_server, our_server):
    with busy(our_server) as ours, busy(go_server) as theirs:
        assert ours == theirs
        assert ours[2] == b"Could not enable CPU profiling: cpu profiling already in use\n"
    for server in (go_server, our_server):
        assert any(server.ask("GET", "/debug/pprof/profile?seconds=1")[0] == 200 for _ in range(1000))


def test_other_requests_are_answered_while_profiling(our_server):
    with busy(our_server):
        assert our_server.ask("GET", "/debug/pprof/cmdline")[0] == 200


def test_go_tool_pprof_reads_us_by_url(our_server, go_environment):
    url = f"http://127.0.0.1:{our_server.port}/debug/pprof/profile?seconds=1"
    for _ in range(1000):  # until the profile of the test before, whose client has left, has ended
        if our_server.ask("GET", "/debug/pprof/profile?seconds=1")[0] == 200:
            break
    top = subprocess.run(["go", "tool", "pprof", "-top", url], env=go_environment, check=True,
                         capture_output=True, text=True)
    assert re.search(r"70ms\s+100%.*fake_work", top.stdout)
    raw = subprocess.run(["go", "tool", "pprof", "-raw", url], env=go_environment, check=True,
                         capture_output=True, text=True)
    assert "PeriodType: cpu nanoseconds" in raw.stdout


def test_go_tool_pprof_shows_our_error_text(our_server, go_environment):
    url = f"http://127.0.0.1:{our_server.port}/debug/pprof/profile?seconds=1"
    with busy(our_server):
        tool = subprocess.run(["go", "tool", "pprof", "-top", url], env=go_environment, capture_output=True,
                              text=True)
    assert tool.returncode != 0
    assert "cpu profiling already in use" in tool.stderr
