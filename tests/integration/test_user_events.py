"""Tasks, regions, logs and counters of include/preflame/preflame.h: in the trace, and in every view of time."""

import json
import subprocess
import urllib.request

import pytest
import trace_reader
from conftest import COMMAND, measured, program, wait_until
from ctf_writer import Stream, write_trace

REQUESTS = 8


@pytest.fixture
def known(runner):
    """(what the program knows, its trace)."""
    outcome, folder = runner.record([program("user_known"), REQUESTS], "--no-cpu")
    assert outcome.status == 0, outcome.stderr
    return json.loads(outcome.stdout), folder


def view(trace, path, *options):
    done = subprocess.run([COMMAND, "view", trace, "-o", path, *options], capture_output=True, text=True, timeout=80)
    assert done.returncode == 0, done.stderr
    return path


def test_without_a_trace_or_a_preload_the_program_is_the_same(runner):
    for outcome in runner.bare_and_preloaded([program("user_known"), 1]):
        assert outcome.status == 0 and json.loads(outcome.stdout)["requests"] == 1


def test_without_a_trace_a_call_costs_next_to_nothing(runner):
    outcome = runner.preloaded([program("user_known"), "cost"])
    # Two calls through a table; an event in a trace costs several hundred ns, and a stack on top.
    assert float(outcome.stdout) < 60, "ns for two calls"


def test_every_call_is_an_event_with_what_the_program_said(known):
    events, lost = trace_reader.read(known[1])
    assert lost == 0
    named = {}
    for event in events:
        named.setdefault(event.name, []).append(event)
    tasks = [event.fields for event in named["task_begin"]]
    assert [task["name"] for task in tasks] == ["all"] + ["request"] * REQUESTS
    assert tasks[0]["parent"] == 0 and {task["parent"] for task in tasks[1:]} == {tasks[0]["task"]}
    assert len({task["task"] for task in tasks}) == len(tasks)
    assert [event.fields["task"] for event in named["task_end"]] == [task["task"] for task in tasks[1:] + tasks[:1]]
    assert {event.tid for event in named["task_begin"]}.isdisjoint({event.tid for event in named["task_end"][:-1]})
    assert [event.fields["message"] for event in named["log"]] == [f"GET /{number}" for number in range(REQUESTS)]
    assert [event.fields["value"] for event in named["counter"]] == [1.5 * number for number in range(REQUESTS)]
    assert len(named["region_begin"]) == 3 * REQUESTS and len(named["region_end"]) == 2 * REQUESTS + 1
    sent = {event.fields["id"] for event in named["stack"]}
    for name in ("task_begin", "region_begin", "log"):
        assert {event.fields["stack"] for event in named[name]} <= sent


def spans_of(document):
    """name -> lengths in ns of what began and ended: async events of Chrome's format, matched line by line."""
    open_spans, found = {}, {}
    for event in document["traceEvents"]:
        if event["ph"] not in "be":
            continue
        line = open_spans.setdefault((event["pid"], event["cat"], event["id2"]["local"]), [])
        if event["ph"] == "b":
            line.append(event)
            continue
        begin = line.pop()
        assert begin["name"] == event["name"]
        found.setdefault(event["name"], []).append((event["ts"] - begin["ts"]) * 1000)
    assert not any(open_spans.values())
    return found


@measured
def test_chromes_spans_are_as_long_as_the_program_measured(runner, tmp_path):
    outcome, folder = runner.record([program("user_known"), REQUESTS], "--no-cpu")
    truth = json.loads(outcome.stdout)
    document = json.loads(view(folder, tmp_path / "user.chrome.json").read_text())
    spans = spans_of(document)
    assert set(spans) == {"all", "request", "serve", "parse", "left open"}
    for name in ("request", "serve", "parse"):
        assert len(spans[name]) == REQUESTS
        assert sum(spans[name]) == pytest.approx(truth[name], rel=0.01), name
    levels = [event["args"]["value"] for event in document["traceEvents"] if event["ph"] == "C"]
    assert levels == [1.5 * number for number in range(REQUESTS)]
    logs = [event["args"]["message"] for event in document["traceEvents"] if event["ph"] == "i"]
    assert logs == [f"GET /{number}" for number in range(REQUESTS)]


def test_text_adds_them_up(known, tmp_path):
    text = view(known[1], tmp_path / "user.text", "--format=text").read_text()
    rows = {line.split()[-1]: line.split() for line in text.split("\nTasks\n")[1].splitlines() if line.strip()}
    for name in ("request", "serve", "parse"):
        assert str(REQUESTS) in rows[name]
    assert rows["requests"][:4] == [str(1.5 * (REQUESTS - 1)), "0", str(1.5 * (REQUESTS - 1)), str(REQUESTS)]
    assert "request: GET /3" in text


def test_go_tool_trace_shows_tasks_regions_and_logs(runner, known, tmp_path, port):
    path = view(known[1], tmp_path / "user.trace")
    runner.start(["go", "tool", "trace", f"-http=127.0.0.1:{port}", path], stdout=subprocess.DEVNULL,
                 stderr=subprocess.DEVNULL, BROWSER="true")

    def page(url):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{url}", timeout=60) as answer:
                return answer.read().decode()
        except OSError:
            return None

    tasks = wait_until(lambda: page("/usertasks"), timeout_s=60, what="go tool trace")
    assert "request" in tasks and ">%d<" % REQUESTS in "".join(tasks.split())
    one = page("/usertask?type=request")
    for number in range(REQUESTS):
        assert f"GET /{number}" in one
    assert "region parse started" in one or "parse" in one
    regions = page("/userregions")
    assert "serve" in regions and "parse" in regions


def odd_stream(folder):
    """Ends without begins, begins without ends, a task that is its own parent, and one that ends twice."""
    stream = Stream()
    stream.add(1000, 7, 7, "process", pid=7, exe="/bin/x", cmdline="x")
    stream.add(1100, 7, 7, "task_end", task=9)
    stream.add(1200, 7, 7, "task_begin", task=3, parent=3, name="a")
    stream.add(1300, 7, 8, "region_begin", task=3, name="outer")
    stream.add(1400, 7, 8, "region_begin", task=3, name="inner")
    stream.add(1500, 7, 8, "region_end", task=4, name="inner")
    stream.add(1600, 7, 8, "region_end", task=3, name="outer")
    stream.add(1700, 7, 8, "task_end", task=3)
    stream.add(1800, 7, 8, "task_end", task=3)
    stream.add(1900, 7, 8, "counter", name="c", value=float("nan"))
    stream.add(2000, 7, 8, "counter", name="c", value=float("inf"))
    stream.add(2100, 7, 8, "log", task=5, category="x\n\"", message="\x1b[31m")
    write_trace(folder, [stream])


@pytest.mark.parametrize("ending", ["trace", "chrome.json", "txt"])
def test_what_contradicts_itself_makes_files_that_do_not(tmp_path, ending):
    odd_stream(tmp_path / "odd")
    path = view(tmp_path / "odd", tmp_path / f"odd.{ending}", *(["--format=text"] if ending == "txt" else []))
    if ending == "trace":
        subprocess.run(["go", "tool", "trace", "-pprof=sync", path], check=True, stdout=subprocess.DEVNULL, timeout=60)
    elif ending == "txt":
        assert "\x1b" not in path.read_text()
    else:
        document = json.loads(path.read_text())
        lengths = spans_of(document)
        assert {name: len(rows) for name, rows in lengths.items()} == {"a": 1, "outer": 1, "inner": 1}
        assert not [event for event in document["traceEvents"] if event["ph"] == "C"]
