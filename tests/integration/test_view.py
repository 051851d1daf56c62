"""`preflame view`: traces and profiles of exactly known contents in, text, folded stacks and pictures out."""

import gzip
import json
import os
import re
import shutil
import struct
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import perfetto_reader
import pprof_reader
import pytest
from conftest import pprof_top
from ctf_writer import Stream, write_trace
from pprof_writer import Profile, known_profile

ROOT = Path(__file__).resolve().parents[2]
COMMAND = Path(os.environ.get("PREFLAME_BUILD", ROOT / "build" / "release")).resolve() / "bin" / "preflame"
MUTEX, NET_READ, FILE_IO = 1, 12, 17
SYS_READ, SYS_WRITE, SYS_FUTEX = 0, 1, 202
SVG = "{http://www.w3.org/2000/svg}"


def view(*arguments, status=0, stdin=None, environment=None):
    """As text, unless the arguments say what else."""
    words = [str(argument) for argument in arguments]
    if not any(word.startswith(("-f", "--format", "-o", "--output", "--help")) for word in words):
        words.append("--format=text")
    done = subprocess.run([COMMAND, "view", *words], input=stdin, capture_output=True, timeout=60,
                          env={**os.environ, **(environment or {})})
    assert done.returncode == status, done.stderr.decode()
    return done.stdout.decode(), done.stderr.decode()


def folded(*arguments):
    lines = view(*arguments, "--format=folded")[0].splitlines()
    return {stack: int(value) for stack, value in (line.rsplit(" ", 1) for line in lines)}


def known_streams():
    """Thread 100 runs 1000 ns and wakes 101, which waits 2000 ns for a mutex, is 500 ns in write() and waits
    400 ns of them."""
    main, worker = Stream(), Stream()
    main.add(1000, 100, 100, "process", pid=100, ppid=1, exe="/usr/bin/demo", cmdline="demo --fast")
    main.add(1001, 100, 100, "module", base=0x400000, size=0x1000, path="/nonexistent/demo", build_id=[0xAB, 0xCD])
    main.add(1002, 100, 100, "stack", id=1, pcs=[0x400100, 0x400200])
    main.add(1003, 100, 100, "stack", id=2, pcs=[0x400300, 0x400200])
    main.add(2000, 100, 100, "sample", weight_ns=700, stack=1)
    main.add(3000, 100, 100, "sample", weight_ns=300, stack=2)
    worker.add(2500, 100, 101, "thread_start", parent_tid=100, name="worker")
    worker.add(4000, 100, 101, "block", reason=MUTEX, object=0x99, stack=2)
    main.add(5000, 100, 100, "wake", reason=MUTEX, object=0x99, waiters=1, stack=1)
    worker.add(6000, 100, 101, "unblock", reason=MUTEX, object=0x99, duration_ns=2000, stack=2)
    worker.add(6001, 100, 101, "syscall", number=SYS_FUTEX, duration_ns=1990, stack=2)
    worker.add(8999, 100, 101, "unblock", reason=FILE_IO, object=1, duration_ns=400, stack=1)
    worker.add(9000, 100, 101, "syscall", number=SYS_WRITE, duration_ns=500, stack=1, result=-11)
    return [main, worker]


@pytest.fixture(name="trace")
def known_trace(tmp_path):
    write_trace(tmp_path / "trace" / "ust" / "uid" / "64-bit", known_streams())
    return tmp_path / "trace"


@pytest.fixture(name="profile")
def profile_of_known_contents(tmp_path):
    return known_profile(tmp_path / "known.pprof")


def test_trace_text_tells_threads_waits_and_wakers(trace):
    text, errors = view(trace)
    assert errors == ""
    assert "Process 100: demo --fast" in text
    assert re.search(r"^ +2  preflame:sample$", text, re.M)
    assert "Lost: 0 events, 0 packets" in text
    assert re.search(r"^ +100  demo +1\.00 µs +0 ns$", text, re.M)
    assert re.search(r"^ +101  worker +0 ns +2\.40 µs  mutex 2\.00 µs, file_io 400 ns$", text, re.M)
    assert re.search(r"2\.00 µs +1 +2\.00 µs  mutex +0x99\n +longest: 101 worker in demo\+0x300 < demo\+0x200\n"
                     r" +woken by 100 demo \(1 times\)", text)
    assert re.search(r"^ +1\.99 µs +1 +1\.99 µs +0  futex$", text, re.M)
    assert re.search(r"^ +500 ns +1 +500 ns +1  write$", text, re.M)


def test_on_cpu_time_is_the_weight_of_the_samples(trace):
    assert folded(trace) == {"demo+0x200;demo+0x100": 700, "demo+0x200;demo+0x300": 300}


def test_a_system_call_waits_as_long_as_its_wait_says(trace):
    assert folded(trace, "--kind=offcpu") == {"demo+0x200;demo+0x300;[mutex]": 2000,
                                              "demo+0x200;demo+0x100;[file_io]": 400}


def test_both_kinds_in_one_file_are_told_apart(trace):
    stacks = folded(trace, "--kind=all")
    assert stacks["[on-cpu];demo+0x200;demo+0x100"] == 700
    assert stacks["[off-cpu];demo+0x200;demo+0x300;[mutex]"] == 2000
    assert len(stacks) == 4


def test_streams_are_merged_by_time_whatever_their_order(tmp_path):
    write_trace(tmp_path / "trace" / "one", list(reversed(known_streams())))
    assert "woken by 100 demo (1 times)" in view(tmp_path / "trace")[0]


def test_streams_of_different_traces_are_merged_too(tmp_path):
    main, worker = known_streams()
    write_trace(tmp_path / "trace" / "b", [main])
    write_trace(tmp_path / "trace" / "a", [worker])
    assert "woken by 100 demo (1 times)" in view(tmp_path / "trace")[0]


def test_unreadable_trace_is_skipped_and_the_rest_is_shown(trace):
    (trace / "broken").mkdir()
    (trace / "broken" / "metadata").write_text("/* CTF 1.8 */ nonsense {")
    text, errors = view(trace)
    assert errors.startswith("preflame: skipped ") and "broken" in errors
    assert len(errors.splitlines()) == 1
    assert "1 trace folders unreadable" in text
    assert "Events: 13" in text


def test_metadata_that_is_cut_short_is_skipped_at_once(trace):
    """Babeltrace 2.0 waits for ever on a metadata packet that is longer than what is left of its file."""
    (trace / "cut").mkdir()
    header = struct.pack("<I16sIIIBBBBB", 0x75D11D57, bytes(16), 0, 4096 * 8, 4096 * 8, 0, 0, 0, 1, 8)
    (trace / "cut" / "metadata").write_bytes(header + b"/* CTF 1.8 */")
    text, errors = view(trace)
    assert errors.startswith("preflame: skipped ") and errors.endswith("its metadata is cut short\n")
    assert "Events: 13" in text


def test_truncated_stream_file_does_not_hide_the_others(tmp_path):
    """Babeltrace refuses the whole folder for a packet that is longer than what is left of its file."""
    folder = tmp_path / "trace" / "one"
    write_trace(folder, known_streams())
    stream = folder / "stream_1"
    stream.write_bytes(stream.read_bytes()[:-30])
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    text, errors = view(tmp_path / "trace", environment={"TMPDIR": str(temporary)})
    assert errors.startswith("preflame: skipped ") and "stream_1" in errors and len(errors.splitlines()) == 1
    assert "1 streams broken off" in text
    assert re.search(r"^ +2  preflame:sample$", text, re.M)
    assert not list(temporary.iterdir())


def test_stream_that_breaks_off_inside_keeps_its_beginning_and_the_others(tmp_path):
    main, worker = known_streams()
    worker.content += struct.pack("<IQii", 9999, 9500, 100, 101)  # an event that the metadata doesn't know
    worker.last_ns = 9500
    write_trace(tmp_path / "trace", [worker, main])
    text, errors = view(tmp_path / "trace")
    assert len(errors.splitlines()) == 1 and "the rest of one stream" in errors
    assert "1 streams broken off" in text
    assert "Events: 13" in text


def test_sequence_that_reaches_beyond_its_packet_is_said(tmp_path):
    """Babeltrace 2.0.4 says "end" or "fine" here and leaves an error behind, with which its next call aborts."""
    main, worker = known_streams()
    worker.add(9600, 100, 101, "stack", id=9, pcs=[1])
    worker.content = worker.content[:-9] + bytes([255]) + worker.content[-8:]
    write_trace(tmp_path / "trace", [main, worker])
    text, errors = view(tmp_path / "trace")
    assert "1 streams broken off" in text
    assert len(errors.splitlines()) == 1 and errors.startswith("preflame: skipped ")
    assert re.search(r"^ +2  preflame:sample$", text, re.M)


def write_aborting(folder):
    """A context with a sequence in a stream without events: an assertion of Babeltrace 2.0.4 fails."""
    write_trace(folder, [Stream()])
    metadata = (folder / "metadata").read_text()
    metadata = metadata[:metadata.index("event {")].replace(
        "i32 vpid; i32 vtid;", "u8 len; u8 seq[len]; enum : u8 { A, B } tag; variant <tag> { u8 A; u64 B; } v;")
    (folder / "metadata").write_text(metadata)


def test_an_abort_leaves_no_temporary_folder_behind(trace, tmp_path):
    """Traces are taken apart in such a folder before Babeltrace aborts on another: folders come in any order."""
    for name in ("1", "2", "3", "4"):
        write_trace(trace / name, known_streams())
        stream = trace / name / "stream_1"
        stream.write_bytes(stream.read_bytes()[:-30])
    write_aborting(trace / "bad")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    text, _ = view(trace, environment={"TMPDIR": str(temporary)})
    assert "4 streams broken off" in text
    assert not list(temporary.iterdir())


def test_trace_that_makes_babeltrace_abort_does_not_hide_the_others(trace):
    write_aborting(trace / "bad")
    text, errors = view(trace)
    assert "Events: 13" in text
    assert len(errors.splitlines()) <= 1 and "Assertion" not in errors


def test_lost_events_are_counted_and_said(tmp_path):
    write_trace(tmp_path / "trace" / "one", known_streams(), discarded=7)
    text, errors = view(tmp_path / "trace")
    assert "Lost: 7 events, 0 packets" in text
    assert "lost 7 events" in errors
    assert "7 events discarded by the tracer" in view(tmp_path / "trace", "--format=svg")[0]


def test_every_view_says_what_the_tracer_lost_and_views_of_time_when(tmp_path):
    trace = tmp_path / "trace"
    write_trace(trace, known_streams(), discarded=7)
    words = "7 events discarded by the tracer"
    shown = json.loads(view(trace, "--format=chrome")[0])
    assert (shown["otherData"]["lost_events"], shown["otherData"]["lost_packets"]) == (7, 0)
    lost = [event for event in shown["traceEvents"] if event["name"] == "lost"]
    assert [(event["ph"], event["s"], event["args"]["events"], event["args"]["packets"]) for event in lost] == [("i", "g", 7, 0)]
    # Between the stream's last packet and the empty one that tells of them.
    assert lost[0]["ts"] == pytest.approx(4.001) and lost[0]["args"]["within_us"] == pytest.approx(0.001)
    view(trace, "-o", tmp_path / "view.pftrace")
    losses = [event for event in perfetto_reader.read(tmp_path / "view.pftrace").events if event.name == "lost"]
    assert [(event.time_ns, event.notes) for event in losses] == [(4001, {"events": 7, "packets": 0, "within_ns": 1})]
    view(trace, "--format=gotrace", "-o", tmp_path / "view.trace")
    assert words.encode() in (tmp_path / "view.trace").read_bytes()
    assert words in json.loads(view(trace, "--format=speedscope")[0])["name"]
    view(trace, "--format=pprof", "-o", tmp_path / "view.pprof")
    assert words.encode() in gzip.decompress((tmp_path / "view.pprof").read_bytes())
    text = view(trace)[0].splitlines()
    assert re.match(r"  7 events, 0 packets +4\.00 µs to +4\.00 µs", text[text.index("Lost: 7 events, 0 packets") + 1])


def test_forked_processes_get_a_root_of_their_own(tmp_path):
    stream = Stream()
    for pid in (5, 6):
        stream.add(10 * pid, pid, pid, "process", pid=pid, exe="/bin/demo", cmdline="demo")
        stream.add(10 * pid + 1, pid, pid, "module", base=0x1000, size=0x1000, path="/bin/nonexistent")
        stream.add(10 * pid + 2, pid, pid, "stack", id=1, pcs=[0x1000 + pid])
        stream.add(10 * pid + 3, pid, pid, "sample", weight_ns=pid, stack=1)
    write_trace(tmp_path / "trace", [stream])
    assert folded(tmp_path) == {"demo (5);nonexistent+0x5": 5, "demo (6);nonexistent+0x6": 6}


def test_functions_of_a_real_program_are_named(tmp_path):
    """An address of this very command, as a module event would describe it."""
    symbols = subprocess.run(["readelf", "-sW", COMMAND], capture_output=True, text=True, check=True).stdout
    address = next(int(line.split()[1], 16) for line in symbols.splitlines() if line.split()[-1:] == ["cmd_view"])
    headers = subprocess.run(["readelf", "-lW", COMMAND], capture_output=True, text=True, check=True).stdout
    offset, vaddr, size = next((int(part[1], 16), int(part[2], 16), int(part[5], 16))
                               for part in map(str.split, headers.splitlines())
                               if part[:1] == ["LOAD"] and "E" in part[6:-1])
    stream = Stream()
    base = 0x555500000000 + vaddr
    stream.add(1, 1, 1, "process", pid=1, exe=str(COMMAND), cmdline="preflame")
    stream.add(2, 1, 1, "module", base=base, size=size, file_offset=offset, path=str(COMMAND))
    stream.add(3, 1, 1, "stack", id=1, pcs=[base + address - vaddr + 4])
    stream.add(4, 1, 1, "sample", weight_ns=9, stack=1)
    write_trace(tmp_path / "trace", [stream])
    stacks = folded(tmp_path / "trace")
    assert sum(stacks.values()) == 9
    assert all(stack.split(";")[0] == "cmd_view" for stack in stacks)


def test_profile_shows_its_last_type_unless_asked(profile):
    assert folded(profile) == {"main;parse;scan;alloc": 3000, "main;parse;scan": 5000, "main;alloc;alloc": 2000}
    assert folded(profile, "--sample-type=samples")["main;parse;scan"] == 2


def test_sample_chooses_the_value_in_every_format(tmp_path):
    heap = Profile([("inuse_objects", "count"), ("inuse_space", "bytes")])
    heap.add(["main", "keep"], [3, 4096])
    path = tmp_path / "heap.pprof"
    path.write_bytes(heap.encode())
    assert folded(path, "--sample=inuse_objects") == {"main;keep": 3}
    assert "inuse_objects: 3\n" in view(path, "--sample=inuse_objects")[0]
    assert "inuse_objects: 3<" in view(path, "--sample=inuse_objects", "--format=svg")[0]
    scope = json.loads(view(path, "--sample=inuse_objects", "--format=speedscope")[0])
    assert scope["profiles"][0]["weights"] == [3] and scope["profiles"][0]["unit"] == "none"
    view(path, "--sample=inuse_objects", "-o", tmp_path / "chosen.pprof")
    top = pprof_top(tmp_path / "chosen.pprof", tmp_path)
    assert "Type: inuse_objects" in top and re.search(r"^ +3 +100% .* keep$", top, re.M)


def test_speedscope_has_the_same_stacks(profile):
    scope = json.loads(view(profile, "--format=speedscope", "--title=known")[0])
    assert scope["$schema"] == "https://www.speedscope.app/file-format-schema.json" and scope["name"] == "known"
    names = [frame["name"] for frame in scope["shared"]["frames"]]
    assert sorted(names) == ["alloc", "main", "parse", "scan"]
    [one] = scope["profiles"]
    assert (one["type"], one["name"], one["unit"]) == ("sampled", "cpu", "nanoseconds")
    assert (one["startValue"], one["endValue"]) == (0, 10000)
    stacks = {";".join(names[at] for at in stack): weight for stack, weight in zip(one["samples"], one["weights"])}
    assert stacks == folded(profile)


def test_profile_that_is_read_and_written_again_is_the_same(profile, tmp_path):
    view(profile, "-o", tmp_path / "again.pb.gz")
    before, again = pprof_reader.read(profile), pprof_reader.read(tmp_path / "again.pb.gz")
    assert again.sample_types == before.sample_types and again.comments == before.comments
    key = lambda sample: (sample.stack, sample.values)  # noqa: E731
    assert sorted(map(key, again.samples)) == sorted(map(key, before.samples))
    assert sorted(str(sample.labels) for sample in again.samples) == sorted(
        str(sample.labels) for sample in before.samples)


def test_trace_becomes_a_profile_with_a_type_for_each_kind_of_time(trace, tmp_path):
    view(trace, "-o", tmp_path / "trace.pprof")
    profile = pprof_reader.read(tmp_path / "trace.pprof")
    assert profile.sample_types == [("oncpu", "nanoseconds"), ("offcpu", "nanoseconds")]
    assert sorted((sample.stack, sample.values) for sample in profile.samples) == [
        (["[file_io]", "demo+0x100", "demo+0x200"], [0, 400]),
        (["[mutex]", "demo+0x300", "demo+0x200"], [0, 2000]),
        (["demo+0x100", "demo+0x200"], [700, 0]),
        (["demo+0x300", "demo+0x200"], [300, 0])]
    assert "[mutex]" in pprof_top(tmp_path / "trace.pprof", tmp_path)


def test_reversed_stacks_begin_with_the_leaf(profile):
    assert folded(profile, "--reverse") == {"alloc;scan;parse;main": 3000, "scan;parse;main": 5000,
                                            "alloc;alloc;main": 2000}
    assert "--reverse" in view(profile, "--reverse", "--format=text", status=2)[1]


def test_default_sample_type_of_the_profile_is_shown(tmp_path):
    profile = Profile([("inuse", "bytes"), ("alloc", "bytes")], default_type="inuse")
    profile.add(["main"], [11, 22])
    (tmp_path / "heap.pprof").write_bytes(profile.encode())
    assert folded(tmp_path / "heap.pprof") == {"main": 11}


def test_profile_text_has_table_labels_and_comments(profile):
    text, _ = view(profile)
    assert "Comment: made by hand" in text
    # 10000 ns in all; `alloc` called itself once, which its 5000 ns hold once.
    assert re.search(r"^ +5\.00 µs  50\.00% .* +5\.00 µs  50\.00%  alloc$", text, re.M)
    assert re.search(r"^ +0 ns   0\.00% 100\.00% +10\.00 µs 100\.00%  main$", text, re.M)
    assert re.search(r"^  thread\n +5\.00 µs  50\.00%  main\n +3\.00 µs  30\.00%  worker$", text, re.M)
    assert re.search(r"^  tid\n +3\.00 µs  30\.00%  7$", text, re.M)


def test_profile_may_come_uncompressed_and_from_standard_input(profile):
    plain = gzip.decompress(profile.read_bytes())
    assert view("-", "-f", "folded", stdin=plain)[0] == view(profile, "-f", "folded")[0]


@pytest.mark.parametrize("name, beginning", [("x.svg", "<?xml"), ("x.folded", "main;"), ("x", "known.pprof")])
def test_ending_of_the_output_chooses_the_format(profile, tmp_path, name, beginning):
    view(profile, "-o", tmp_path / name, "--title=known.pprof")
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(beginning)


@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["--format=png", "a"], ["--kind=some", "a"], ["--nonsense"],
                                       ["--width=10", "a"], ["-o"], ["a", "-o", "b.png"]])
def test_wrong_usage_is_one_line_and_status_2(arguments):
    out, errors = view(*arguments, status=2)
    assert out == "" and len(errors.splitlines()) == 1 and "--help" in errors and errors.startswith("preflame: ")


@pytest.mark.parametrize("content", [b"", b"no profile", gzip.compress(b"\xff\xff"), b"\x1f\x8b\x08broken"])
def test_no_profile_is_one_line_and_status_1(tmp_path, content):
    (tmp_path / "bad.pprof").write_bytes(content)
    out, errors = view(tmp_path / "bad.pprof", "-o", tmp_path / "out.svg", status=1)
    assert out == "" and len(errors.splitlines()) == 1 and errors.startswith("preflame: ")
    assert not (tmp_path / "out.svg").exists()


def test_missing_and_empty_inputs_are_one_line_and_status_1(tmp_path):
    for path in (tmp_path, tmp_path / "nothing"):
        out, errors = view(path, status=1)
        assert out == "" and len(errors.splitlines()) == 1 and str(path) in errors


def test_unknown_sample_type_names_those_that_exist(profile):
    assert "samples cpu" in view(profile, "--sample-type=heap", status=1)[1]


def test_unwritable_output_leaves_nothing_behind(profile, tmp_path):
    errors = view(profile, "-o", tmp_path / "no" / "such" / "x.svg", status=1)[1]
    assert "cannot write" in errors and len(errors.splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["known.pprof"]


def test_unknown_command_is_one_line_and_status_2():
    done = subprocess.run([COMMAND, "nonsense"], capture_output=True, text=True, timeout=10)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1


def test_help_lists_commands_but_no_internal_ones():
    text = subprocess.run([COMMAND, "--help"], capture_output=True, text=True, timeout=10, check=True).stdout
    assert re.search(r"^  view ", text, re.M) and "symbolize" not in text
    version = subprocess.run([COMMAND, "--version"], capture_output=True, text=True, timeout=10, check=True).stdout
    assert re.fullmatch(r"preflame \d+\.\d+\.\d+\n", version)


def test_picture_is_well_formed_and_exact(profile):
    root = ElementTree.fromstring(view(profile, "--format=svg")[0].encode())
    boxes = [group for group in root.iter(SVG + "g") if group.get("class", "").startswith("b ")]
    widths = {group.find(SVG + "title").text.split("\n")[0] + "@" + group.get("data-d"):
              float(group.find(SVG + "rect").get("width")) for group in boxes}
    assert widths == {"all@0": 1176, "main@1": 1176, "parse@2": 940.8, "scan@3": 940.8, "alloc@4": 352.8,
                      "alloc@2": 235.2, "alloc@3": 235.2}
    scan = next(group for group in boxes if group.find(SVG + "title").text.startswith("scan"))
    assert " i" in scan.get("class") and scan.find(SVG + "title").text.endswith("inlined")


def test_two_graphs_of_a_trace_stand_in_one_picture(trace):
    root = ElementTree.fromstring(view(trace, "--format=svg", "--kind=all")[0].encode())
    headings = [text.text for text in root.iter(SVG + "text") if text.get("class") == "heading"]
    assert headings == ["On-CPU time: 1.00 µs", "Off-CPU time: 2.40 µs"]
    bottom = max(float(rect.get("y", 0)) + 17 for rect in root.iter(SVG + "rect"))
    assert bottom < float(root.get("height"))


def test_hostile_names_inject_nothing(tmp_path):
    profile = Profile([("cpu", "nanoseconds")])
    for name in ('</title><script>alert(1)</script>', '"><img src=x onerror=alert(2)>', "]]></script>", "\x1b[2J\x00",
                 "&#60;script>"):
        profile.add(["main", name], [10])
    (tmp_path / "bad.pprof").write_bytes(profile.encode())
    picture = view(tmp_path / "bad.pprof", "--format=svg", "--title=<script>")[0]
    root = ElementTree.fromstring(picture.encode())
    assert len(list(root.iter(SVG + "script"))) == 1
    assert not [node for node in root.iter() if node.tag.split("}")[1] in ("img", "iframe", "a")]
    assert "\x1b" not in picture and "\x1b" not in view(tmp_path / "bad.pprof")[0]


PAGE = """<!DOCTYPE html><meta charset="utf-8">%s<pre id="answers"></pre><script>
  'use strict';
  var answers = [];
  function boxes(name) {
    return Array.from(document.querySelectorAll('g.b')).filter(
      function (g) { return g.querySelector('title').textContent.split('\\n')[0] === name; });
  }
  function search(term) {
    var field = document.querySelector('input');
    field.value = term;
    field.dispatchEvent(new Event('input'));
    return document.querySelector('.matched').textContent;
  }
  function tell(name, value) { answers.push(name + '=' + value); }
  tell('nested', search('alloc'));
  tell('all', search('main|scan'));
  tell('none', search('zzz'));
  search('(');
  tell('bad', document.querySelector('input').classList.contains('bad'));
  search('^alloc$');
  boxes('scan')[0].dispatchEvent(new MouseEvent('click', {bubbles: true}));
  tell('zoomed', document.querySelector('.matched').textContent);
  tell('width', boxes('scan')[0].querySelector('rect').getAttribute('width'));
  tell('above', boxes('parse')[0].classList.contains('a'));
  tell('hidden', boxes('alloc').filter(function (g) { return g.getAttribute('display') === 'none'; }).length);
  boxes('scan')[0].dispatchEvent(new MouseEvent('mouseover', {bubbles: true}));
  tell('detail', document.querySelector('.detail').textContent);
  window.dispatchEvent(new KeyboardEvent('keydown', {key: '/', cancelable: true}));
  tell('focus', document.activeElement.tagName);
  window.dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape'}));
  tell('reset', boxes('scan')[0].querySelector('rect').getAttribute('width'));
  tell('cleared', document.querySelector('.matched').textContent === '' && !document.querySelector('input').value);
  document.getElementById('answers').textContent = answers.join('\\n');
</script>"""


@pytest.mark.skipif(not shutil.which("chromium"), reason="chromium is not installed")
def test_zoom_search_and_keys_work_in_a_browser(profile, tmp_path):
    picture = view(profile, "--format=svg")[0].split("?>", 1)[1]
    page = tmp_path / "page.html"
    page.write_text(PAGE % picture, encoding="utf-8")
    done = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         f"--user-data-dir={tmp_path / 'browser'}", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=90, check=True)
    found = re.search(r'<pre id="answers">(.*?)</pre>', done.stdout, re.S)
    answers = dict(line.split("=", 1) for line in found.group(1).splitlines())
    assert answers == {
        "nested": "Matched: 50.00 %",  # alloc inside alloc counts once: 3000 + 2000 of 10000
        "all": "Matched: 100.00 %",
        "none": "Matched: 0.00 %",
        "bad": "true",
        "zoomed": "Matched: 37.50 %",  # 3000 of the 8000 of scan
        "width": "1176.0000",
        "above": "true",
        "hidden": "2",
        "detail": "scan   ·   total 8.00 µs (80.00 %)   ·   self 5.00 µs (50.00 %)   ·   inlined",
        "focus": "INPUT",
        "reset": "940.8000",
        "cleared": "true",
    }
