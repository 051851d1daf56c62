"""The demo server from outside: every option, both maps, both modes, a clean end."""
import json
import os
import pathlib
import re
import signal
import subprocess
import urllib.error
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("PREFLAME_BUILD", ROOT / "build/release"))
PROGRAM = BUILD / "bin/demo-server"
READY = re.compile(r"demo-server: listening on (http://127\.0\.0\.1:\d+)\n")


class Demo:
    """A running demo server; `stop` ends it and hands back what it printed after its first line."""

    def __init__(self, *options):
        self.process = subprocess.Popen([PROGRAM, "--port=0", *options], stdout=subprocess.PIPE, text=True)
        ready = READY.fullmatch(self.process.stdout.readline())
        assert ready, "the first line must say where it listens"
        self.url = ready.group(1)

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=20) as answer:
            return answer.read()

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        text, _ = self.process.communicate(timeout=20)
        return text


@pytest.fixture
def demo():
    started = []

    def start(*options):
        started.append(Demo(*options))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.communicate()


def test_hello_answers_about_200_kb_of_json_with_a_thousand_users(demo):
    body = demo().get("/hello")
    users = json.loads(body)["users"]
    assert len({user["id"] for user in users}) == 1000
    assert set(users[0]) == {"id", "name", "email", "city", "bio"}
    assert 180_000 < len(body) < 220_000


@pytest.mark.parametrize("mode", ["pool", "connection"])
def test_both_maps_give_the_same_answers(demo, mode):
    pointer = demo("--map=pointer", "--mode=" + mode)
    value = demo("--map=value", "--mode=" + mode)
    for _ in range(3):
        assert pointer.get("/hello") == value.get("/hello")


def test_ten_threads_print_a_line_each_and_the_answer_is_success(demo):
    server = demo()
    assert server.get("/test") == b"success\n"
    lines = server.stop().splitlines()
    assert sorted(lines) == [f"hello from thread {i}" for i in range(10)]


def test_log_prints_one_line_a_request_and_is_silent_without_it(demo):
    logging, silent = demo("--log"), demo()
    for server in (logging, silent):
        server.get("/hello")
        server.get("/hello?again")
    assert re.findall(r" GET (\S+) (\d+) ", logging.stop()) == [("/hello", "200"), ("/hello", "200")]
    assert silent.stop() == ""


def test_unknown_path_is_not_found(demo):
    with pytest.raises(urllib.error.HTTPError) as error:
        demo().get("/elsewhere")
    assert error.value.code == 404


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_it_with_status_zero(demo, number):
    server = demo()
    server.stop(number)
    assert server.process.returncode == 0


def test_port_in_use_is_one_line_and_status_one(demo):
    port = demo().url.rsplit(":", 1)[1]
    second = subprocess.run([PROGRAM, "--port=" + port], capture_output=True, text=True, timeout=20)
    assert second.returncode == 1
    assert second.stdout == ""
    assert re.fullmatch(r"demo-server: cannot listen on .*\n", second.stderr)


@pytest.mark.parametrize("word", ["--port=70000", "--port=", "--threads=0", "--mode=fork", "--map=", "extra"])
def test_wrong_option_is_one_line_and_status_two(word):
    result = subprocess.run([PROGRAM, word], capture_output=True, text=True, timeout=20)
    assert result.returncode == 2
    assert word in result.stderr and result.stderr.count("\n") == 1
