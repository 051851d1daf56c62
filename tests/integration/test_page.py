"""The page that `preflame view` writes, in a browser: what it shows, what can be done with it, whom it doesn't trust."""

import os
import re
import struct
import subprocess
from pathlib import Path

import pytest
from browser import browser
from ctf_writer import EVENTS, Stream, write_trace
from pprof_writer import Profile, known_profile

ROOT = Path(__file__).resolve().parents[2]
COMMAND = Path(os.environ.get("PREFLAME_BUILD", ROOT / "build" / "release")).resolve() / "bin" / "preflame"
MUTEX, COND, NET_READ, POLL = 1, 4, 12, 16
SYS_READ, SYS_WRITE, SYS_FUTEX = 0, 1, 202
MS = 1000000
HOSTILE = ["</script><img src=x onerror=alert(1)>", "\"quoted\" 'too'", "line\u2028and\u2029ends", "<!--<script>", "]]>", "${x}`"]
TEXT = "document.querySelector({!r}).textContent"
MAX_BYTES, MAX_SECONDS = 20 << 20, 3
TURNS = 210000  # 1.26 million events


@pytest.fixture(name="tab", scope="module")
def one_tab(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("browser")) as tab:
        yield tab


def view(*arguments, cwd=None):
    done = subprocess.run([COMMAND, "view", *map(str, arguments)], capture_output=True, text=True, timeout=80, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def show(tab, source, tmp_path, **how):
    """Writes the page of a trace or profile and opens it: no error, and nothing asked of any network."""
    path = tmp_path / "shown.html"
    view(source, "-o", path)
    tab.errors.clear()
    tab.requests.clear()
    tab.open(path.as_uri(), **how)
    assert tab.errors == []
    assert tab.requests == [path.as_uri()]
    return path


def text(tab, selector):
    return tab.run(f"document.querySelector({selector!r}).textContent")


def press(tab, selector):
    tab.run(f"document.querySelector({selector!r}).click()")
    tab.frames()


def button(tab, words):
    """Clicks the button with these words."""
    assert tab.run(f"""(() => {{
        const found = [...document.querySelectorAll('button')].find((button) => button.textContent === {words!r});
        if (found) found.click();
        return Boolean(found);
    }})()"""), words
    tab.frames()


def table(tab, name):
    """The rows of one table, as texts."""
    press(tab, f'[data-tab="{name}"]')
    return tab.run("[...document.querySelectorAll('#tables tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent.trim()))")


def boxes(tab):
    return tab.run("[...document.querySelectorAll('.box[data-node]')].map((box) => box.getAttribute('aria-label'))")


def spot(tab, thread, part):
    """Where on the screen a thread's lane is at that part of the time shown."""
    return tab.run(f"""(() => {{
        const lane = document.querySelector('[data-thread="{thread}"]').getBoundingClientRect();
        const view = document.querySelector('.lanes .view').getBoundingClientRect();
        return [view.left + {part} * view.width, lane.top + 11];
    }})()""")


def known_trace(folder):
    """100 ms. `main` runs, wakes `worker` at 60, which has waited from 20 to 70 for a mutex; from 80 to 90 it reads."""
    main, worker = Stream(), Stream()
    main.add(0, 100, 100, "process", pid=100, ppid=1, exe="/usr/bin/demo", cmdline="demo --fast", real_ns=1700000000 * 10**9)
    main.add(1, 100, 100, "module", base=0x400000, size=0x1000, path="/nonexistent/demo", build_id=[0xAB])
    main.add(2, 100, 100, "stack", id=1, pcs=[0x400100, 0x400200])
    main.add(3, 100, 100, "stack", id=2, pcs=[0x400300, 0x400200])
    main.add(4, 100, 100, "stack", id=3, pcs=[0x400400, 0x400200])
    main.add(10 * MS, 100, 100, "sample", weight_ns=10 * MS, stack=1)
    main.add(12 * MS, 100, 100, "region_begin", name="parse", stack=1)
    main.add(30 * MS, 100, 100, "region_end", name="parse")
    main.add(35 * MS, 100, 100, "counter", name="queue", value=3.5)
    main.add(40 * MS, 100, 100, "log", category="note", message="half way")
    main.add(50 * MS, 100, 100, "sample", weight_ns=30 * MS, stack=2)
    main.add(60 * MS, 100, 100, "wake", reason=MUTEX, object=0x99, waiters=1, stack=3)
    main.add(100 * MS, 100, 100, "counter", name="queue", value=1)
    worker.add(15 * MS, 100, 101, "thread_start", parent_tid=100, name="worker")
    worker.add(20 * MS, 100, 101, "block", reason=MUTEX, object=0x99, stack=2)
    worker.add(70 * MS, 100, 101, "unblock", reason=MUTEX, object=0x99, duration_ns=50 * MS, stack=2)
    worker.add(70 * MS + 1, 100, 101, "syscall", number=SYS_FUTEX, duration_ns=49 * MS, stack=2)
    worker.add(90 * MS, 100, 101, "unblock", reason=NET_READ, object=7, duration_ns=10 * MS, stack=1)
    worker.add(95 * MS, 100, 101, "syscall", number=SYS_WRITE, duration_ns=2 * MS, stack=1, result=-11)
    write_trace(folder, [main, worker])
    return folder


@pytest.fixture(name="trace")
def trace_of_known_contents(tmp_path):
    return known_trace(tmp_path / "trace")


@pytest.fixture(name="profile")
def profile_of_known_contents(tmp_path):
    return known_profile(tmp_path / "known.pprof")


# --- the command ---


def test_without_options_the_page_is_written_and_named(profile, trace, tmp_path):
    for source in (profile, trace):
        out, errors = view(source, cwd=tmp_path)
        assert (out, errors) == ("", "preflame: wrote report.html\n")
        page = (tmp_path / "report.html").read_text(encoding="utf-8")
        assert page.startswith("<!DOCTYPE html>") and f"<h1>{source}</h1>" in page
        (tmp_path / "report.html").unlink()


def test_text_is_written_when_asked_for(trace, tmp_path):
    view(trace, "-o", tmp_path / "summary.txt")
    assert (tmp_path / "summary.txt").read_text() == view(trace, "--format=text")[0]
    assert not (tmp_path / "report.html").exists()


def test_kinds_of_waits_alone_are_refused(trace, tmp_path):
    done = subprocess.run([COMMAND, "view", trace, "--kind=sync"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and "--kind" in done.stderr


# --- of a profile ---


def test_a_profile_has_a_flame_graph_and_its_functions(tab, profile, tmp_path):
    show(tab, profile, tmp_path)
    assert sorted(boxes(tab)) == ["all, 100.00 %", "alloc, 20.00 %", "alloc, 20.00 %", "alloc, 30.00 %", "main, 100.00 %",
                                  "parse, 80.00 %", "scan, 80.00 %"]
    assert table(tab, "Functions") == [
        ["5.00 µs", "50.00 %", "8.00 µs", "80.00 %", "scan"], ["5.00 µs", "50.00 %", "5.00 µs", "50.00 %", "alloc"],
        ["0 ns", "0.00 %", "10.00 µs", "100.00 %", "main"], ["0 ns", "0.00 %", "8.00 µs", "80.00 %", "parse"]]
    button(tab, "samples")
    assert ["2", "50.00 %", "2", "50.00 %", "alloc"] in table(tab, "Functions")


def test_search_counts_a_match_within_a_match_once(tab, profile, tmp_path):
    show(tab, profile, tmp_path)
    tab.key("/")
    assert tab.run("document.activeElement.type") == "search"
    for letter in "alloc":
        tab.key(letter)
    assert text(tab, ".matched") == "Matched: 50.00 %"
    assert tab.run("document.querySelectorAll('.box.match').length") == 3
    for letter in "(":
        tab.key(letter)
    assert tab.run("document.querySelector('#flame input').classList.contains('bad')")
    tab.key("Escape")
    assert text(tab, ".matched") == "" and tab.run("document.querySelectorAll('.box.match').length") == 0


def test_zoom_callers_and_keys(tab, profile, tmp_path):
    show(tab, profile, tmp_path)
    press(tab, '[aria-label^="scan"]')
    assert tab.run("document.querySelectorAll('.box[data-node]').length") == 5  # all, main, parse, scan, alloc
    assert tab.run("document.querySelector('[aria-label^=\"alloc\"]').style.width") == "37.5%"
    tab.run("document.querySelector('[aria-label^=\"scan\"]').focus()")
    tab.key("ArrowDown")
    assert tab.run("document.activeElement.getAttribute('aria-label')") == "alloc, 30.00 %"
    assert text(tab, ".detail").startswith("alloc · total 3.00 µs (30.00 %) · self 3.00 µs")
    tab.key("Enter")
    assert tab.run("document.querySelectorAll('.box[data-node]').length") == 5
    tab.key("Escape")
    button(tab, "Callers")
    assert {"alloc, 50.00 %", "scan, 30.00 %", "scan, 50.00 %"} <= set(boxes(tab))
    tops = "[...document.querySelectorAll('.box[data-node]')].map((box) => parseFloat(box.style.top))"
    assert tab.run(f"{tops}[0]") == 0
    button(tab, "Flames up")
    assert tab.run(f"{tops}[0] === Math.max(...{tops})")


def test_labels_choose_samples(tab, profile, tmp_path):
    show(tab, profile, tmp_path)
    assert tab.run("[...document.querySelectorAll('[data-label]')].map((choice) => choice.dataset.label)") == ["thread", "tid"]
    tab.run("""(() => { const choice = document.querySelector('[data-label="thread"]');
                        choice.value = 'worker'; choice.dispatchEvent(new Event('change')); })()""")
    tab.frames()
    assert table(tab, "Functions")[0] == ["3.00 µs", "100.00 %", "3.00 µs", "100.00 %", "alloc"]


# --- of a trace ---


def test_a_trace_says_where_it_is_from_and_has_a_lane_for_each_thread(tab, trace, tmp_path):
    show(tab, trace, tmp_path)
    assert text(tab, "h1") == str(trace)
    facts = dict(tab.run("[...document.querySelectorAll('#facts div')].map((fact) => [...fact.children].map((word) => word.textContent))"))
    assert facts["Process"] == "demo --fast (100)" and facts["Duration"] == "100.00 ms" and facts["Threads"] == "2"
    assert facts["Recorded"] == "2023-11-14 22:13:20 UTC" and facts["Made of"] == "2 CPU samples, 2 waits, 2 system calls"
    assert tab.run("[...document.querySelectorAll('.lane')].map((lane) => lane.textContent)") == [
        "demo100", "worker101", "queue1 … 3.5"]
    assert tab.run("document.querySelector('#loss')") is None


def test_losses_are_said_loudly(tab, tmp_path):
    stream = Stream()
    stream.add(10, 100, 100, "sample", weight_ns=5)
    write_trace(tmp_path / "trace", [stream], discarded=42)
    show(tab, tmp_path / "trace", tmp_path)
    assert "too small: 42 events discarded by the tracer" in text(tab, "#loss")


def test_a_wait_tells_by_hover_and_click_who_ended_it(tab, trace, tmp_path):
    show(tab, trace, tmp_path)
    tab.move(*spot(tab, 1, 0.45))
    tip = text(tab, ".tip")
    assert "waits: mutex 0x99" in tip and "50.00 ms, from 20.00 ms to 70.00 ms" in tip
    assert "Woken by demo (100), 10.00 ms before it went on" in tip and "demo+0x300 ← demo+0x200" in tip
    tab.move(*spot(tab, 0, 0.2))
    assert "runs, or is ready to" in text(tab, ".tip") and "in region parse" in text(tab, ".tip")
    tab.click(*spot(tab, 1, 0.45))
    assert tab.run("[...document.querySelectorAll('.chosen-slice .pair > div')].map((part) => [...part.querySelectorAll('h3, li')].map((word) => word.textContent))") == [
        ["Waits in: worker (101)", "demo+0x300", "demo+0x200"], ["Woken by: demo (100)", "demo+0x400", "demo+0x200"]]
    tab.click(*spot(tab, 0, 0.9))
    assert tab.run("document.querySelector('.chosen-slice').hidden")


def test_tables_tell_of_threads_waits_calls_and_locks(tab, trace, tmp_path):
    show(tab, trace, tmp_path)
    assert [row[:3] + row[4:] for row in table(tab, "Threads")] == [
        ["demo (100)", "40.00 ms", "0 ns", "0", "0 ns"], ["worker (101)", "0 ns", "60.00 ms", "2", "51.00 ms"]]
    waits = table(tab, "Waits")
    assert waits == [["50.00 ms", "1", "50.00 ms", "mutex", "0x99", "demo+0x300 ← demo+0x200", "demo (100) 1×"],
                     ["10.00 ms", "1", "10.00 ms", "net_read", "0x7", "demo+0x100 ← demo+0x200", ""]]
    press(tab, "#tables tbody tr")
    assert "Woken by: demo (100)" in text(tab, "tr.stacks") and "demo+0x400" in text(tab, "tr.stacks")
    assert [row[:6] for row in table(tab, "System calls")] == [
        ["49.00 ms", "1", "49.00 ms", "49.00 ms", "0", "futex"], ["2.00 ms", "1", "2.00 ms", "2.00 ms", "1", "write"]]
    assert table(tab, "Locks") == [
        ["50.00 ms", "1", "50.00 ms", "50.00 ms", "1", "mutex", "0x99", "demo+0x300 ← demo+0x200", "demo (100) 1×"]]
    assert table(tab, "Tasks and regions") == [["18.00 ms", "1", "18.00 ms", "18.00 ms", "region", "parse"]]
    assert table(tab, "Log") == [["40.00 ms", "demo (100)", "note", "half way"]]


def test_flame_graphs_of_running_and_waiting(tab, trace, tmp_path):
    show(tab, trace, tmp_path)
    assert boxes(tab) == ["all, 100.00 %", "demo+0x200, 100.00 %", "demo+0x300, 75.00 %", "demo+0x100, 25.00 %"]
    button(tab, "Off-CPU")
    assert "[mutex], 83.33 %" in boxes(tab) and "[net_read], 16.67 %" in boxes(tab)
    assert text(tab, ".detail").startswith("all · total 60.00 ms")


def test_graphs_and_tables_are_of_the_range_that_is_chosen(tab, trace, tmp_path):
    show(tab, trace, tmp_path)
    ruler = tab.run("document.querySelector('.ruler').getBoundingClientRect().top") + 10
    left, right = spot(tab, 0, 0.4)[0], spot(tab, 0, 0.6)[0]
    tab.drag(left, ruler, right, ruler)
    assert re.match(r"Of (19\.\d\d|20\.\d\d) ms from (39\.|40\.)", text(tab, ".range-text"))
    total, count, longest = table(tab, "Waits")[0][:3]
    assert abs(float(total.split()[0]) - 20) < 0.2 and (count, longest) == ("1", "50.00 ms")
    assert len(table(tab, "Waits")) == 1
    assert boxes(tab)[-1] == "demo+0x300, 100.00 %"  # the sample at 10 ms lies before
    button(tab, "Whole trace")
    assert len(table(tab, "Waits")) == 2 and text(tab, ".range-text") == "Of the whole trace"
    press(tab, '[data-thread="0"]')
    assert table(tab, "Waits") == [] and len(table(tab, "Threads")) == 1


def test_the_timeline_is_moved_and_asked_by_keys(tab, trace, tmp_path):
    show(tab, trace, tmp_path)
    tab.run("document.querySelector('.lanes').focus()")
    for key in ("ArrowDown", "n"):
        tab.key(key)
    assert "worker (101) waits: mutex 0x99" in text(tab, ".chosen-slice")
    tab.key("n")
    assert "waits: net_read 0x7" in text(tab, ".chosen-slice")
    for key in ("z", "r"):
        tab.key(key)
    assert [row[0] for row in table(tab, "Waits")] == ["10.00 ms"]  # the other one lies outside of what is seen
    tab.run("document.querySelector('.lanes').focus()")
    tab.key("p")
    assert "waits: mutex 0x99" in text(tab, ".chosen-slice")
    tab.key("Escape")
    assert text(tab, ".range-text") == "Of the whole trace" and tab.run("document.querySelector('.chosen-slice').hidden")


def test_wheel_and_drag_zoom_and_move(tab, trace, tmp_path):
    show(tab, trace, tmp_path)
    x, y = spot(tab, 1, 0.45)
    tab.mouse("mouseWheel", x, y, deltaX=0, deltaY=-700)
    tab.frames()
    button(tab, "Range = view")
    span, start = (float(number) for number in re.findall(r"(\d+\.\d\d) ms", text(tab, ".range-text")))
    assert 20 < span < 30 and 30 < start < 36  # exp(-1.4) of 100 ms, around 45 ms
    tab.drag(x, y, x - 400, y)
    button(tab, "Range = view")
    moved = [float(number) for number in re.findall(r"(\d+\.\d\d) ms", text(tab, ".range-text"))]
    assert moved[1] > start + 5 and abs(moved[0] - span) < 0.1


def test_light_and_dark_wide_and_narrow(tab, trace, profile, tmp_path):
    for source in (trace, profile):
        for width in (1280, 600):
            show(tab, source, tmp_path, width=width)
            assert tab.run("document.documentElement.scrollWidth") <= width
            light = tab.run("getComputedStyle(document.body).backgroundColor")
            show(tab, source, tmp_path, width=width, dark=True)
            dark = tab.run("getComputedStyle(document.body).backgroundColor")
            brightness = [sum(map(int, re.findall(r"\d+", color)[:3])) for color in (light, dark)]
            assert brightness[0] > 600 and brightness[1] < 150


def test_without_script_the_largest_rows_are_there(tab, trace, profile, tmp_path):
    page = view(trace, "--format=html")[0]
    assert "Content-Security-Policy\" content=\"default-src 'none';" in page
    for source, words in ((trace, ["worker", "60.00 ms", "demo+0x300", "demo --fast (100)"]), (profile, ["scan", "8.00 µs"])):
        path = tmp_path / "plain.html"
        view(source, "-o", path)
        tab.open(path.as_uri(), script=False)
        seen = tab.call("DOM.getOuterHTML", nodeId=tab.call("DOM.getDocument")["root"]["nodeId"])["outerHTML"]
        assert all(word in seen.split("<script", 1)[0] for word in words)


# --- of strangers, and of many ---


def test_no_name_can_become_part_of_the_page(tab, tmp_path):
    profile = Profile([("cpu", "nanoseconds")], comments=HOSTILE)
    for name in HOSTILE:
        profile.add(["main", name], [100], {name: name})
    (tmp_path / "bad.pprof").write_bytes(profile.encode())
    stream = Stream()
    stream.add(1, 100, 100, "process", pid=100, exe=HOSTILE[0], cmdline=HOSTILE[0])
    stream.add(2, 100, 100, "module", base=0x400000, size=0x1000, path=HOSTILE[0] + "/" + HOSTILE[3])
    stream.add(3, 100, 100, "stack", id=1, pcs=[0x400100])
    for number, name in enumerate(HOSTILE):
        stream.add(10 + number, 100, 101 + number, "thread_start", name=name)
        stream.add(20 + number, 100, 101 + number, "region_begin", name=name, stack=1)
        stream.add(30 + number, 100, 101 + number, "log", category=name, message=name, stack=1)
        stream.add(40 + number, 100, 101 + number, "counter", name=name, value=1)
        stream.add(50 + number, 100, 101 + number, "unblock", reason=MUTEX, object=9, duration_ns=1, stack=1)
        stream.add(60 + number, 100, 101 + number, "region_end", name=name)
    write_trace(tmp_path / "bad", [stream])
    for source in (tmp_path / "bad.pprof", tmp_path / "bad"):
        page = show(tab, source, tmp_path).read_text(encoding="utf-8")
        assert not re.search(r"<img|alert\(1\)<|onerror=alert\(1\)>", page)
        assert page.count("<script") == 2 and page.count("</script>") == 2
        assert tab.run("document.querySelectorAll('img, body > :not(header, main, noscript, script)').length") == 0
        for tabs in tab.run("[...document.querySelectorAll('[data-tab]')].map((one) => one.dataset.tab)"):
            table(tab, tabs)
        assert tab.errors == []
    assert set(HOSTILE) - {"line\u2028and\u2029ends"} <= {row[-1] for row in table(tab, "Log")}


def million_events(folder, rounds):
    """Eight threads that take turns: each waits, is woken, writes, is sampled; six events a turn."""
    number = {name: at for at, name in enumerate(EVENTS)}
    head = "<IQii"
    block, unblock = struct.Struct(head + "BQqI"), struct.Struct(head + "BQqqI")
    wake, call, sample = struct.Struct(head + "BQII"), struct.Struct(head + "iqqI"), struct.Struct(head + "qI")
    start = Stream()
    start.add(0, 100, 100, "process", pid=100, exe="/usr/bin/busy", cmdline="busy")
    start.add(1, 100, 100, "module", base=0x400000, size=0x100000, path="/nonexistent/busy")
    for stack in range(1, 400):
        start.add(2, 100, 100, "stack", id=stack, pcs=[0x400000 + 0x10 * (stack * 7 % 97 + depth * 131) for depth in range(stack % 9 + 3)])
    parts = [start.content]
    for turn in range(rounds):
        at, tid, stack = 1000 + turn * 60000, 101 + turn % 8, 1 + turn * 13 % 399
        other = 101 + (turn + 1) % 8
        parts += [block.pack(number["block"], at, 100, tid, MUTEX, 0x90 + stack % 5, -1, stack),
                  wake.pack(number["wake"], at + 9000, 100, other, MUTEX, 0x90 + stack % 5, 1, stack % 7 + 1),
                  unblock.pack(number["unblock"], at + 10000, 100, tid, MUTEX, 0x90 + stack % 5, 0, 10000, stack),
                  call.pack(number["syscall"], at + 40000, 100, tid, SYS_WRITE, 5, 20000, stack),
                  sample.pack(number["sample"], at + 41000, 100, tid, 1000, stack),
                  wake.pack(number["wake"], at + 42000, 100, tid, MUTEX, 0x99, 0, stack)]
    start.content = b"".join(parts)
    start.last_ns = 1000 + rounds * 60000
    write_trace(folder, [start])


def test_a_million_events_make_a_page_that_opens(tab, tmp_path):
    million_events(tmp_path / "trace", TURNS)
    path = tmp_path / "large.html"
    view(tmp_path / "trace", "-o", path)
    assert path.stat().st_size < MAX_BYTES
    tab.open("about:blank", script=False)  # leaves what the tab did before
    before_s = tab.work_s()
    tab.open(path.as_uri())
    assert tab.work_s() - before_s < MAX_SECONDS and tab.errors == []
    assert "count for a range to the nearest" in text(tab, "#notes")
    waits = table(tab, "Waits")
    assert sum(int(row[1].replace(",", "")) for row in waits) == TURNS
    assert sum(float(row[0].split()[0]) for row in waits) == pytest.approx(TURNS / 100, abs=0.1)
