"""/debug/pprof/trace of a process that was started without any: what Go's handler answers, about native threads."""

import base64
import contextlib
import gzip
import http.client
import json
import re
import subprocess
import threading
import time
import urllib.error
import urllib.request

import perfetto_reader
import pytest
import trace_reader
from conftest import PRELOAD, free_port, isolation, measured, program, wait_until
from test_http_contract import Peer, busy, go_environment, go_server  # noqa: F401, fixtures


def fetch(port, query="", timeout_s=60):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request("GET", f"/debug/pprof/trace{query}")
        answer = connection.getresponse()
        headers = [(name, value) for name, value in answer.getheaders() if name not in ("Date", "Content-Length")]
        return answer.status, headers, answer.read()
    finally:
        connection.close()


def page_of(port, path):
    """What the data of a page holds, which its script would draw."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=90) as answer:
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        page = answer.read().decode()
    assert page.startswith("<!DOCTYPE html>")
    return json.loads(gzip.decompress(base64.b64decode(re.search(r'<script id="data"[^>]*>([^<]*)<', page).group(1))))


def started(runner, port, *argv):
    process = runner.start([*isolation(), "env", f"LD_PRELOAD={PRELOAD}", f"PREFLAME_HTTP={port}", *argv],
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def answers():
        with contextlib.suppress(OSError):
            return fetch(port, "?format=none")[0] == 400
    wait_until(answers, what="an endpoint")
    return process


@pytest.fixture
def at_work(runner, port):
    """Computes, sleeps and polls in turns, for longer than any test here."""
    return started(runner, port, program("wall_known"), "100000")


def test_a_trace_as_go_sends_it(at_work, port, tmp_path):
    status, headers, body = fetch(port, "?seconds=0.5")
    assert (status, headers) == (200, [("X-Content-Type-Options", "nosniff"),
                                       ("Content-Type", "application/octet-stream"),
                                       ("Content-Disposition", 'attachment; filename="trace"')]), body[:200]
    (tmp_path / "trace.out").write_bytes(body)
    done = subprocess.run(["go", "tool", "trace", "-pprof=net", tmp_path / "trace.out"], stdout=subprocess.PIPE,
                          check=True, timeout=60)
    (tmp_path / "net.pb.gz").write_bytes(done.stdout)
    top = subprocess.run(["go", "tool", "pprof", "-top", "-nodefraction=0", tmp_path / "net.pb.gz"],
                         capture_output=True, text=True, check=True, timeout=60).stdout
    assert "poll_a_while" in top, top
    # Another, in another format; and its own name in it.
    status, headers, body = fetch(port, "?seconds=0.2&format=chrome")
    assert status == 200 and ("Content-Type", "application/json") in headers, body[:200]
    document = json.loads(body)
    pids = {event["pid"] for event in document["traceEvents"]}
    assert len(pids) == 1
    assert any(event["ph"] == "X" and event["name"] == "poll" for event in document["traceEvents"])
    status, headers, body = fetch(port, "?seconds=0.2&format=perfetto")
    assert status == 200 and ("Content-Disposition", 'attachment; filename="trace.pftrace"') in headers, body[:200]
    (tmp_path / "trace.pftrace").write_bytes(body)
    assert perfetto_reader.read(tmp_path / "trace.pftrace").of("wait", "poll")
    assert at_work.poll() is None


def test_the_trace_itself_comes_as_an_archive(at_work, port, tmp_path):
    status, headers, body = fetch(port, "?seconds=0.5&format=ctf")
    assert (status, headers) == (200, [("X-Content-Type-Options", "nosniff"), ("Content-Type", "application/x-tar"),
                                       ("Content-Disposition", 'attachment; filename="trace.tar"')]), body[:200]
    done = subprocess.run(["tar", "xv"], cwd=tmp_path, input=body, capture_output=True, timeout=60)
    assert done.returncode == 0 and done.stderr == b""
    assert all(line.startswith(b"trace/") for line in done.stdout.splitlines())
    shown = subprocess.run(["babeltrace2", tmp_path / "trace"], capture_output=True, text=True, timeout=60)
    assert shown.returncode == 0 and "preflame:process" in shown.stdout
    events, lost = trace_reader.read(tmp_path / "trace")
    assert lost == 0 and len(events) == len(shown.stdout.splitlines())
    names = {event.name for event in events}
    assert {"process", "module", "thread_status", "stack", "block", "unblock"} <= names
    assert len({event.pid for event in events}) == 1


def test_statuses_headers_and_the_busy_answer_are_gos(at_work, port, go_server):  # noqa: F811, the fixture
    ours, theirs = Peer(port), go_server
    assert ours.ask("GET", "/debug/pprof/trace?seconds=0.2")[:2] == theirs.ask("GET", "/debug/pprof/trace?seconds=0.2")[:2]
    with busy(ours, "trace") as our_answer, busy(theirs, "trace") as their_answer:
        assert our_answer == their_answer


def test_one_trace_at_a_time_and_nothing_is_left_when_the_client_leaves(at_work, port, tmp_path):
    first = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    first.request("GET", "/debug/pprof/trace?seconds=3600")
    wait_until(lambda: list(tmp_path.glob("preflame-trace-*")), what="a recorder")
    status, headers, body = fetch(port)
    assert (status, body) == (500, b"Could not enable tracing: runtime error: tracing is already enabled\n")
    assert ("X-Go-Pprof", "1") in headers and ("Content-Type", "text/plain; charset=utf-8") in headers
    first.close()
    wait_until(lambda: not list(tmp_path.glob("preflame-trace-*")), timeout_s=40, what="the recorder's end")
    assert at_work.poll() is None


@measured
def test_no_trace_waits_for_lttng_to_look_for_its_daemon_again(runner, tmp_path):
    """Left alone, LTTng sleeps five seconds before it comes back to every second one."""
    port = free_port()
    started(runner, port, program("wall_known"), "100000")
    for _ in range(3):
        begin = time.monotonic()
        status, _, body = fetch(port, "?seconds=0.1")
        assert status == 200, body
        assert time.monotonic() - begin < 5


def test_a_program_that_does_nothing_is_not_traced_and_told_why(runner, port):
    process = started(runner, port, "cat")
    status, _, body = fetch(port, "?seconds=0.1")
    assert status == 500 and b"no thread of the program has waited" in body
    assert process.communicate(b"and goes on\n", timeout=20)[0] == b"and goes on\n"
    assert process.returncode == 0


def test_what_is_asked_wrongly_is_one_second_or_refused(at_work, port):
    status, _, body = fetch(port, "?format=tar")
    assert status == 400 and body == b"unknown format; give one of: gotrace chrome perfetto ctf html\n"
    answers = []
    thread = threading.Thread(target=lambda: answers.append(fetch(port, "?seconds=-3")))
    thread.start()
    thread.join(timeout=60)
    assert answers and answers[0][0] == 200


def test_pages_of_a_trace_and_of_a_profile(at_work, port):
    trace = page_of(port, "/debug/pprof/trace?seconds=0.3&format=html")
    assert trace["kind"] == "trace" and "poll_a_while" in trace["names"] and 0 in trace["slices"]["kind"]
    for query, types in (("", ["samples", "cpu"]), ("&type=wall", ["samples", "wall"])):
        profile = page_of(port, f"/debug/pprof/flame?seconds=1{query}")
        assert profile["kind"] == "profile" and [one["name"] for one in profile["types"]] == types
        assert "main" in profile["names"] and sum(profile["samples"]["values"][1]) > 0
    with pytest.raises(urllib.error.HTTPError, match="400"):
        page_of(port, "/debug/pprof/flame?type=heap")
