"""The main job as a newcomer runs it: what scripts/demo prints, and what it leaves on disk."""

import re
import subprocess
import xml.etree.ElementTree

import pytest
from conftest import ROOT, isolation, pprof_top

FUNCTIONS = r"users_lookup|json_escape|json_append_user"
TIMEOUT_S = 170


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """(what it printed, its folder)."""
    out = tmp_path_factory.mktemp("demo") / "out"
    done = subprocess.run([*isolation(), ROOT / "scripts" / "demo", "-o", out], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=TIMEOUT_S)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout, out


def test_it_prints_the_top_table_and_the_first_lines_of_the_trace(demo):
    printed, _ = demo
    table = re.search(r"^ +flat +flat% +sum% +cum +cum%\n(?: .*\n)+", printed, re.MULTILINE)
    assert table and re.search(FUNCTIONS, table[0])
    assert len(re.findall(r"^\[\d\d:\d\d:\d\d\.\d{9}\] \(\+.* preflame:\w+: \{", printed, re.MULTILINE)) >= 5
    count, lost = re.search(r"^preflame: recorded (\d+) events \((\d+) lost\)", printed, re.MULTILINE).groups()
    assert int(count) > 1000 and int(lost) <= int(count) // 100


def test_it_prints_where_everything_is(demo):
    printed, out = demo
    paths = printed[printed.index("== All of it is in"):].splitlines()[1:]
    found = {line.split()[-1] for line in paths if line.strip()}
    assert {f"{out}/{name}" for name in ("cpu.pprof", "flame.svg", "trace", "summary.txt", "report.html", "offcpu.svg")} <= found


def test_the_profile_has_functions_files_and_lines(demo):
    _, out = demo
    assert re.search(FUNCTIONS, pprof_top(out / "cpu.pprof", out))
    lines = subprocess.run(["go", "tool", "pprof", "-top", "-lines", str(out / "cpu.pprof")], capture_output=True,
                           text=True, timeout=60, env={"PATH": "/usr/bin:/bin:/usr/local/go/bin", "HOME": str(out)})
    assert re.search(rf"({FUNCTIONS}) .*\w+\.c:\d+", lines.stdout), lines.stdout + lines.stderr


@pytest.mark.parametrize("name,words", [("flame.svg", FUNCTIONS), ("offcpu.svg", r"epoll_wait|poll|accept|mutex")])
def test_the_flame_graphs_are_whole_and_have_names(demo, name, words):
    _, out = demo
    root = xml.etree.ElementTree.parse(out / name).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert re.search(words, " ".join(root.itertext()))


def test_the_trace_has_every_kind_of_event_a_loaded_server_makes(demo):
    _, out = demo
    done = subprocess.run(["babeltrace2", str(out / "trace")], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    seen = set(re.findall(r" preflame:(\w+): ", done.stdout))
    assert {"process", "module", "stack", "thread_start", "block", "unblock", "syscall", "sample"} <= seen


def test_the_summary_tells_threads_waits_and_stacks(demo):
    _, out = demo
    text = (out / "summary.txt").read_text()
    assert "poll" in text and "demo-server" in text and re.search(FUNCTIONS, text)
