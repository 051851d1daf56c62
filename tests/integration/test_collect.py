"""`preflame collect`: windows kept as files and pushed to a server that may fail."""

import base64
import contextlib
import gzip
import http.server
import json
import re
import subprocess
import threading
import time
import urllib.parse

import pprof_reader
import pprof_writer
import pytest
from conftest import COMMAND, program, wait_until
from pyroscope import parts_of, pyroscope


@pytest.fixture(name="convoy")
def convoy_process(runner):
    return runner.served([program("contention_known"), "4", "100000", "1000"])


def collect(*arguments, status=0, **variables):
    done = subprocess.run([COMMAND, "collect", *map(str, arguments)], capture_output=True, timeout=60, text=True,
                          stdin=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin", **variables})
    assert done.returncode == status, done.stderr
    return done.stderr


def served(profile):
    """A server that answers every request with this profile: its URL."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):  # the base class calls it by this name
            self.send_response(200)
            self.send_header("Content-Length", str(len(profile)))
            self.end_headers()
            self.wfile.write(profile)

        def log_message(self, *arguments):
            pass

    return serving(Handler)


@contextlib.contextmanager
def serving(handler):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


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
    with pyroscope([503, 429]) as there:
        said = collect(convoy.pid, "-i", "1", "-n", "5", "-p", "mutex", "--push", there.url + "/", "--name=my app")
    assert "answered 503" in said and len(said.splitlines()) == 1 and len(there.taken) == 5
    windows = []
    for path, headers, body in there.taken:
        place = urllib.parse.urlsplit(path)
        query = {key: value[0] for key, value in urllib.parse.parse_qs(place.query).items()}
        assert place.path == "/ingest" and query["name"] == "my_app" and query["format"] == "pprof"
        windows.append((int(query["from"]), int(query["until"])))
        parts = parts_of(headers, body)
        assert json.loads(parts["sample_type_config"]) == {
            "contentions": {"units": "count", "aggregation": "sum", "cumulative": False},
            "delay": {"units": "nanoseconds", "aggregation": "sum", "cumulative": False}}
        assert pprof_reader.decode(gzip.decompress(parts["profile"])).cumulative("hold_long", "delay") > 0
    assert windows == sorted(set(windows)) and all(0 < until - start < 10 for start, until in windows)


def test_the_connect_api_gets_json_with_the_profile(convoy):
    with pyroscope([503]) as there:
        collect(convoy.pid, "-i", "1", "-n", "1", "-p", "cpu,mutex", "--push", there.url, "--connect", "--name=my app")
    assert [(path, headers["Content-Type"]) for path, headers, _ in there.taken] == \
        [("/push.v1.PusherService/Push", "application/json")] * 2
    for (_, _, body), name, unit in zip(there.taken, ("process_cpu", "mutex"), ("cpu", "delay")):
        series, = json.loads(body)["series"]
        assert series["labels"] == [{"name": "__name__", "value": name}, {"name": "service_name", "value": "my app"}]
        profile = pprof_reader.decode(gzip.decompress(base64.b64decode(series["samples"][0]["rawProfile"], validate=True)))
        assert [kind for kind, _ in profile.sample_types][1] == unit


def test_a_token_is_sent_and_settings_come_from_the_environment(convoy):
    with pyroscope() as there:
        collect(convoy.pid, "-n", "1", "-p", "mutex", PREFLAME_INTERVAL="1", PREFLAME_PUSH=there.url,
                PREFLAME_PUSH_TOKEN="correct-horse")
    assert [headers["Authorization"] for _, headers, _ in there.taken] == ["Bearer correct-horse"]


def test_what_never_arrives_is_counted_and_harms_nobody(convoy):
    with pyroscope([500] * 50) as there:
        assert "pushed: 0, dropped: 2, refused: 0" in collect(convoy.pid, "-i", "1", "-n", "2", "-p", "mutex",
                                                              "--push", there.url)
        assert there.taken == []
    with pyroscope([400]) as there:
        assert "pushed: 1, dropped: 0, refused: 1" in collect(convoy.pid, "-i", "1", "-n", "2", "-p", "mutex",
                                                              "--push", there.url)
        assert len(there.taken) == 1
    assert "dropped: 1" in collect(convoy.pid, "-i", "1", "-n", "1", "-p", "mutex", "--push", there.url)
    assert convoy.poll() is None


def test_after_each_failure_it_waits_twice_as_long(convoy):
    with pyroscope([503] * 2) as there:
        collect(convoy.pid, "-i", "1", "-n", "5", "-p", "mutex", "--push", there.url)
    first, second = (after - before for before, after in zip(there.asked_s, there.asked_s[1:3]))
    assert first >= 0.9 and second >= 1.9, there.asked_s
    assert len(there.taken) == 5


def test_the_queue_is_bounded_and_loses_the_oldest(convoy, tmp_path):
    out = tmp_path / "out"
    kinds = ",".join(["threadcreate"] * 16)  # sixteen profiles a window: the queue holds those of four
    with pyroscope([503] * 1000) as there:
        process = subprocess.Popen([COMMAND, "collect", str(convoy.pid), "-i", "1", "-n", "6", "-p", kinds, "-o", out,
                                    "--push", there.url], stderr=subprocess.PIPE, text=True)
        wait_until((out / "threadcreate.000006.pprof").exists, timeout_s=60, what="six windows")
        there.left.clear()
        said = process.communicate(timeout=60)[1]
    sent, dropped = map(int, re.search(r"pushed: (\d+), dropped: (\d+), refused: 0", said).groups())
    assert (sent, dropped, len(there.taken)) == (64, 32, 64), said
    starts = [int(re.search(r"from=(\d+)", path)[1]) for path, _, _ in there.taken]
    assert starts == sorted(starts)
    assert starts[0] >= int((out / "threadcreate.000002.pprof").stat().st_mtime), "the oldest should be gone"


def of_samples(count, name_bytes=10):
    profile = pprof_writer.Profile([("samples", "count"), ("cpu-time", "nanoseconds")])
    for number in range(count):
        profile.add(["main", f"f{number:0{name_bytes}}"], [1, 1000 + number])
    return profile


def pushed(profile, *arguments):
    """What a server that keeps Pyroscope's limits has got of a profile, and what was said."""
    with served(profile.encode()) as url, pyroscope() as there:
        said = collect(url, "-i", "1", "-n", "1", "-p", "cpu", "--push", there.url, *arguments)
    assert there.refused == []
    return there.profiles, said


def test_a_profile_with_many_samples_is_split_and_loses_none():
    profiles, said = pushed(of_samples(16500))
    assert said == "" and len(profiles) == 2
    assert sum(profile.total("samples") for profile in profiles) == 16500
    assert sum(profile.total("cpu_time") for profile in profiles) == sum(range(1000, 17500))
    assert all(profile.cumulative("main", "samples") == profile.total("samples") for profile in profiles)


def test_a_profile_of_many_bytes_is_split_and_loses_none():
    profiles, said = pushed(of_samples(300, name_bytes=30000), "--connect")
    assert said == "" and sum(profile.total("samples") for profile in profiles) == 300


def test_what_even_splitting_cannot_carry_is_the_least_and_counted():
    profiles, said = pushed(of_samples(700, name_bytes=60000))
    arrived = sum(profile.total("samples") for profile in profiles)
    assert 0 < arrived < 700 and len(profiles) == 16 and f"samples left out: {700 - arrived}, cut short: 0" in said
    assert min(value for profile in profiles for name, value in profile.flat("cpu_time").items()) == 1000 + 700 - arrived


def test_long_stacks_names_and_labels_are_cut_and_counted():
    profile = pprof_writer.Profile([("samples", "count"), ("cpu", "nanoseconds")])
    profile.add([f"frame{number}" for number in range(1500)], [1, 10])
    profile.add(["main", "\u00e9" * 40000], [1, 10])
    profile.add(["main"], [1, 10], {f"key{number}": "value" for number in range(150)})
    (pushed_profile,), said = pushed(profile)
    assert "samples left out: 0, cut short: 3" in said
    deep, = (sample for sample in pushed_profile.samples if len(sample.stack) > 2)
    assert deep.stack == [f"frame{number}" for number in range(1499, 499, -1)]
    assert "\u00e9" * 32767 in pushed_profile.names()
    assert sorted(len(sample.labels) for sample in pushed_profile.samples) == [0, 0, 100]


@pytest.mark.parametrize("time_s", [1_000_000_000, 100_000_000_000])
def test_a_profile_of_another_time_gets_that_of_its_window(time_s):
    profile = of_samples(1)
    profile.time_ns = time_s * 1_000_000_000
    (arrived,), _ = pushed(profile)
    assert abs(arrived.time_ns / 1e9 - time.time()) < 60


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
