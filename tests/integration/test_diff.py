"""`preflame diff`: profiles and traces of known contents, as every format shows what changed between them."""

import gzip
import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree

import pprof_reader
import pytest
from conftest import COMMAND, pprof_top
from ctf_writer import Stream, write_trace
from pprof_writer import Profile

SVG = "{http://www.w3.org/2000/svg}"
TYPES = [("samples", "count"), ("cpu", "nanoseconds")]


def diff(*arguments, status=0):
    done = subprocess.run([COMMAND, "diff", *map(str, arguments)], capture_output=True, timeout=60,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == status, done.stderr.decode()
    return done.stdout.decode(), done.stderr.decode()


def write(path, stacks, types=None):
    profile = Profile(types or TYPES)
    for stack, value in stacks.items():
        profile.add(stack.split(";"), [1] * (len(types or TYPES) - 1) + [value])
    path.write_bytes(profile.encode())
    return path


@pytest.fixture(name="before")
def known_before(tmp_path):
    return write(tmp_path / "before.pprof", {"main;parse": 4000, "main;parse;copy": 3000, "main;old": 1000, "main": 2000})


@pytest.fixture(name="after")
def known_after(tmp_path):
    return write(tmp_path / "after.pprof", {"main;parse": 4000, "main;parse;copy": 500, "main;new": 500})


def test_folded_has_both_costs_of_every_stack(before, after):
    assert set(diff(before, after, "--format=folded")[0].splitlines()) == {
        "main 2000 0", "main;parse 4000 4000", "main;parse;copy 3000 500", "main;old 1000 0", "main;new 0 500"}


def test_normalized_costs_add_up_to_those_before(before, after):
    lines = diff(before, after, "--normalize", "--format=folded")[0].splitlines()
    assert "main;parse 4000 8000" in lines and "main;parse;copy 3000 1000" in lines and "main;new 0 1000" in lines
    values = [line.rsplit(" ", 2)[1:] for line in lines]
    assert sum(int(old) for old, _ in values) == sum(int(new) for _, new in values) == 10_000


def test_text_begins_with_what_changed_most(before, after):
    text = diff(before, after)[0]
    assert "cpu: 10.00 µs before, 5.00 µs after (-50.00%)" in text
    rows = re.findall(r"^ +([+-]?[\d.]+ \S+) +([\d.]+ \S+) +([\d.]+)% +([\d.]+ \S+) +([\d.]+)% +([+-]?[\d.]+ \S+)  (\w+)$",
                      text, re.M)
    assert rows == [("-2.50 µs", "3.00 µs", "30.00", "500 ns", "10.00", "-2.50 µs", "copy"),
                    ("-2.00 µs", "2.00 µs", "20.00", "0 ns", "0.00", "-5.00 µs", "main"),
                    ("-1.00 µs", "1.00 µs", "10.00", "0 ns", "0.00", "-1.00 µs", "old"),
                    ("+500 ns", "0 ns", "0.00", "500 ns", "10.00", "+500 ns", "new"),
                    ("0 ns", "4.00 µs", "40.00", "4.00 µs", "80.00", "-2.50 µs", "parse")]
    assert "… 3 more functions" in diff(before, after, "--rows=2")[0]


def boxes_of(picture):
    root = ElementTree.fromstring(picture)
    return {group.find(f"{SVG}title").text.split("\n")[0]: (group.get("class").split()[1], group.find(f"{SVG}title").text,
                                                            float(group.find(f"{SVG}rect").get("width")))
            for group in root.iter(f"{SVG}g") if group.get("data-d")}


def test_picture_is_as_wide_as_the_larger_cost_and_coloured_by_the_change(before, after):
    picture = diff(before, after, "--format=svg")[0]
    boxes = boxes_of(picture)
    assert {name: box[0] for name, box in boxes.items()} == {"all": "d2", "main": "d2", "parse": "d2", "copy": "d4",
                                                             "old": "d5", "new": "u5"}
    assert "before 3.00 µs (30.00 %)\nafter 500 ns (10.00 %)\nchange -2.50 µs" in boxes["copy"][1]
    assert boxes["old"][2] == pytest.approx(2 * boxes["new"][2], rel=0.01)
    assert boxes["copy"][2] == pytest.approx(3 * boxes["old"][2], rel=0.01)
    assert "cpu: 10.00 µs before, 5.00 µs after" in picture


def test_pprof_is_signed_and_what_go_tool_pprof_makes_of_both(before, after, tmp_path):
    path = tmp_path / "diff.pprof"
    diff(before, after, "-o", path)
    assert {";".join(reversed(sample.stack)): sample.values[1] for sample in pprof_reader.read(path).samples
            if sample.values[1]} == {"main": -2000, "main;parse;copy": -2500, "main;old": -1000, "main;new": 500}
    env = dict(os.environ, HOME=str(tmp_path), PPROF_TMPDIR=str(tmp_path), GOFLAGS="-mod=mod", GOPROXY="off")
    theirs = subprocess.run(["go", "tool", "pprof", "-top", "-diff_base", before, after], env=env, timeout=60,
                            capture_output=True, text=True, check=True).stdout
    row = re.compile(r"^ *(-?[\d.]+\w*) +\S+ +\S+ +(-?[\d.]+\w*) +\S+ +(\w+)$", re.M)
    assert len(row.findall(theirs)) == 5
    assert sorted(row.findall(pprof_top(path, tmp_path))) == sorted(row.findall(theirs))


def test_a_profile_does_not_differ_from_itself(before, tmp_path):
    text = diff(before, before)[0]
    assert "(+0.00%)" in text and not re.search(r"[+-][\d.]+ [µn]?s", text)
    assert all(line.split()[-1] == line.split()[-2] for line in diff(before, before, "--format=folded")[0].splitlines())
    assert {box[0] for box in boxes_of(diff(before, before, "--format=svg")[0]).values()} == {"z0"}
    diff(before, before, "-o", tmp_path / "none.pprof")
    assert pprof_reader.read(tmp_path / "none.pprof").samples == []


def test_reversed_stacks_are_compared_from_the_leaf(before, after):
    assert "copy;parse;main 3000 500" in diff(before, after, "--reverse", "--format=folded")[0].splitlines()


def trace_with(path, waits_ns):
    stream = Stream()
    stream.add(1000, 100, 100, "process", pid=100, ppid=1, exe="/usr/bin/demo", cmdline="demo")
    stream.add(1001, 100, 100, "module", base=0x400000, size=0x1000, path="/nonexistent/demo", build_id=[0xAB])
    stream.add(1002, 100, 100, "stack", id=1, pcs=[0x400100, 0x400200])
    stream.add(2000, 100, 100, "sample", weight_ns=700, stack=1)
    stream.add(9000, 100, 100, "unblock", reason=1, object=0x99, duration_ns=waits_ns, stack=1)
    write_trace(path, [stream])
    return path


def test_traces_are_compared_too_on_and_off_the_cpu(tmp_path):
    one, two = trace_with(tmp_path / "one", 2000), trace_with(tmp_path / "two", 5000)
    assert diff(one, two, "--kind=offcpu", "--format=folded")[0] == "demo+0x200;demo+0x100;[mutex] 2000 5000\n"
    text = diff(one, two)[0]
    assert "On-CPU time: 700 ns before, 700 ns after" in text
    assert "Off-CPU time: 2.00 µs before, 5.00 µs after (+150.00%)" in text
    path = tmp_path / "diff.pprof"
    diff(one, two, "-o", path)
    assert [sample.values for sample in pprof_reader.read(path).samples] == [[0, 3000]]


def test_what_cannot_be_compared_is_one_line(before, tmp_path):
    other = write(tmp_path / "heap.pprof", {"main": 1}, [("inuse_space", "bytes")])
    assert "no sample type" in diff(before, other, status=1)[1]
    assert len(diff(before, tmp_path / "absent", status=1)[1].splitlines()) == 1
    assert "speedscope" in diff(before, before, "--format=speedscope", status=2)[1]
    assert "two profiles" in diff(before, status=2)[1]
    assert gzip.decompress(before.read_bytes())
