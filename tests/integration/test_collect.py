"""`preflame collect`: windows kept as files and pushed to a server that may fail."""

import base64
import contextlib
import email
import gzip
import http.server
import json
import re
import subprocess
import threading
import urllib.parse

import pprof_reader
import pytest
from conftest import COMMAND, program, wait_until


@pytest.fixture(name="convoy")
def convoy_process(runner):
    return runner.served([program("contention_known"), "4", "100000", "1000"])


def collect(*arguments, status=0, **variables):
    done = subprocess.run([COMMAND, "collect", *map(str, arguments)], capture_output=True, timeout=60, text=True,
                          stdin=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin", **variables})
    assert done.returncode == status, done.stderr
    return done.stderr


@contextlib.contextmanager
def server(statuses):
    """Answers pushes with each of `statuses` in turn, then 200; yields its URL and what it took."""
    taken, left = [], list(statuses)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):  # the base class calls it by this name
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = left.pop(0) if left else 200
            if status == 200:
                taken.append((self.path, self.headers, body))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{serving.server_port}", taken
        serving.shutdown()
        thread.join()


def parts_of(headers, body):
    message = email.message_from_bytes(b"Content-Type: " + headers["Content-Type"].encode() + b"\r\n\r\n" + body)
    return {part.get_param("name", header="content-disposition"): part.get_payload(decode=True)
            for part in message.get_payload()}


def test_each_window_is_a_file_and_only_the_last_are_kept(convoy, tmp_path):
    out = tmp_path / "out"
    assert collect(convoy.pid, "--interval=1", "--windows=3", "--profile=cpu,heap,mutex", "-o", out, "--keep=2") == ""
    assert sorted(path.name for path in out.iterdir()) == [f"{kind}.00000{number}.pprof" for kind in ("cpu", "heap", "mutex")
                                                           for number in (2, 3)]
    for number in (2, 3):
        mutex = pprof_reader.read(out / f"mutex.00000{number}.pprof")
        # Three of four threads wait at any time: of one window, and not of all since the start.
        assert 0 < mutex.total("delay") < 6_000_000_000
        assert mutex.cumulative("hold_long", "delay") > mutex.cumulative("hold_short", "delay")
        assert 500_000_000 < pprof_reader.read(out / f"cpu.00000{number}.pprof").duration_ns < 3_000_000_000


def test_what_a_server_refuses_for_a_while_arrives_later_once_and_in_order(convoy):
    with server([503, 429]) as (url, taken):
        said = collect(convoy.pid, "-i", "1", "-n", "5", "-p", "mutex", "--push", url + "/", "--name=my app")
    assert said == "" and len(taken) == 5
    windows = []
    for path, headers, body in taken:
        place = urllib.parse.urlsplit(path)
        query = {key: value[0] for key, value in urllib.parse.parse_qs(place.query).items()}
        assert place.path == "/ingest" and query["name"] == "my app" and query["format"] == "pprof"
        windows.append((int(query["from"]), int(query["until"])))
        parts = parts_of(headers, body)
        assert json.loads(parts["sample_type_config"]) == {
            "contentions": {"units": "count", "aggregation": "sum", "cumulative": False},
            "delay": {"units": "nanoseconds", "aggregation": "sum", "cumulative": False}}
        assert pprof_reader.decode(gzip.decompress(parts["profile"])).cumulative("hold_long", "delay") > 0
    assert windows == sorted(set(windows)) and all(0 < until - start < 10 for start, until in windows)


def test_the_connect_api_gets_json_with_the_profile(convoy):
    with server([503]) as (url, taken):
        collect(convoy.pid, "-i", "1", "-n", "1", "-p", "cpu,mutex", "--push", url, "--connect", "--name=my app")
    assert [(path, headers["Content-Type"]) for path, headers, _ in taken] == \
        [("/push.v1.PusherService/Push", "application/json")] * 2
    for (_, _, body), name, unit in zip(taken, ("process_cpu", "mutex"), ("cpu", "delay")):
        series, = json.loads(body)["series"]
        assert series["labels"] == [{"name": "__name__", "value": name}, {"name": "service_name", "value": "my app"}]
        profile = pprof_reader.decode(gzip.decompress(base64.b64decode(series["samples"][0]["rawProfile"], validate=True)))
        assert [kind for kind, _ in profile.sample_types][1] == unit


def test_a_token_is_sent_and_settings_come_from_the_environment(convoy):
    with server([]) as (url, taken):
        collect(convoy.pid, "-n", "1", "-p", "mutex", PREFLAME_INTERVAL="1", PREFLAME_PUSH=url,
                PREFLAME_PUSH_TOKEN="correct-horse")
    assert [headers["Authorization"] for _, headers, _ in taken] == ["Bearer correct-horse"]


def test_what_never_arrives_is_counted_and_harms_nobody(convoy):
    with server([500] * 50) as (url, taken):
        assert "pushed: 0, dropped: 2, refused: 0" in collect(convoy.pid, "-i", "1", "-n", "2", "-p", "mutex", "--push", url)
        assert taken == []
    with server([400]) as (url, taken):
        assert "pushed: 1, dropped: 0, refused: 1" in collect(convoy.pid, "-i", "1", "-n", "2", "-p", "mutex", "--push", url)
        assert len(taken) == 1
    assert "dropped: 1" in collect(convoy.pid, "-i", "1", "-n", "1", "-p", "mutex", "--push", url)
    assert convoy.poll() is None


def test_it_ends_with_the_process(convoy, tmp_path):
    out = tmp_path / "out"
    collecting = subprocess.Popen([COMMAND, "collect", str(convoy.pid), "-i", "1", "-p", "mutex", "-o", out])
    wait_until((out / "mutex.000002.pprof").exists, what="the second window")
    convoy.kill()
    assert collecting.wait(timeout=20) == 0
    assert not [path.name for path in out.iterdir() if not re.fullmatch(r"mutex\.\d{6}\.pprof", path.name)]


def test_a_profile_that_there_is_not_is_said_at_once(convoy, tmp_path):
    said = collect(convoy.pid, "-i", "1", "-n", "1", "-p", "mutex,nonsense", "-o", tmp_path / "out", status=1)
    assert "Unknown profile" in said and len(said.splitlines()) == 1
