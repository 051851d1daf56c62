"""include/preflame/preflame.h: labels and own profiles, with the preload and without."""

import errno
import os
import subprocess

import pprof_reader
import pytest
import trace_reader
from conftest import PRELOAD, ROOT, isolation, program

ABSENT = 1


def answers(text):
    return [(call, int(value)) for call, value in (line.rsplit(" = ", 1) for line in text.splitlines())]


def test_without_the_preload_every_call_is_absent_and_nothing_happens(runner, tmp_path):
    bare = runner.run([program("labels_known"), tmp_path])
    assert bare.status == 0 and {value for _, value in answers(bare.stdout)} == {ABSENT}
    off = runner.preloaded([program("labels_known"), tmp_path], PREFLAME="off")
    assert off.stdout == bare.stdout
    assert not list(tmp_path.glob("*.pprof"))
    assert runner.run([program("labels_scope")]).stdout == "absent\n"
    assert runner.preloaded([program("labels_scope")]).stdout == "preloaded\n"


def test_calls_answer_as_the_header_says(runner, tmp_path):
    outcome = runner.preloaded([program("labels_known"), tmp_path])
    assert outcome.status == 0, outcome.stderr
    expected = [-errno.ENOENT, 0, -errno.EBUSY, 0, 0, 0, 0, 0, 0, -errno.EINVAL, -errno.EINVAL, -errno.EINVAL,
                -errno.EINVAL, 0, -errno.ENOENT, 0, -errno.ENOENT]
    assert [value for _, value in answers(outcome.stdout)] == expected


def test_samples_carry_the_labels_of_their_time(runner, tmp_path):
    assert runner.preloaded([program("labels_known"), tmp_path], PREFLAME_CPU_HZ=1000).status == 0
    profile = pprof_reader.read(tmp_path / "own.pprof")
    by_labels = {}
    for sample in profile.samples:
        key = (sample.labels.get("route"), sample.labels.get("tenant"))
        by_labels[key] = by_labels.get(key, 0) + sample.values[1]
    assert set(by_labels) >= {("/hello", None), ("/test", "a"), (None, None)}
    assert by_labels[("/hello", None)] == pytest.approx(400e6, rel=0.1)
    assert by_labels[("/test", "a")] == pytest.approx(200e6, rel=0.1)
    created = pprof_reader.read(tmp_path / "threadcreate.pprof")
    assert [sample.labels for sample in created.samples] == [{"route": "/test", "tenant": "a"}]


def test_gos_tool_filters_by_them(runner, tmp_path):
    assert runner.preloaded([program("labels_known"), tmp_path], PREFLAME_CPU_HZ=1000).status == 0
    env = dict(os.environ, HOME=str(tmp_path), PPROF_TMPDIR=str(tmp_path))
    def pprof(*options):
        return subprocess.run(["go", "tool", "pprof", *options, str(tmp_path / "own.pprof")], env=env, check=True,
                              capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
    assert "/hello" in pprof("-tags") and "tenant" in pprof("-tags")
    assert "burn" in pprof("-top", "-tagfocus=route=/test")
    assert "burn" not in pprof("-top", "-tagfocus=route=/nowhere")
    assert "route:/hello" in pprof("-traces", "-tagroot=route").replace(" ", "") or \
        "/hello" in pprof("-top", "-tagroot=route")


def test_the_header_compiles_alone_as_c_and_cpp(tmp_path):
    for language, compiler in (("c", "gcc"), ("c++", "g++")):
        source = tmp_path / f"x.{language}"
        source.write_text('#include <preflame/preflame.h>\nint main(void) { return preflame_label_set("a", "b"); }\n')
        subprocess.run([compiler, "-x", language, "-Wall", "-Wextra", "-Werror", "-pedantic", "-I", str(ROOT / "include"),
                        str(source), "-o", str(tmp_path / language)], check=True)
        assert subprocess.run([str(tmp_path / language)]).returncode == ABSENT
        assert subprocess.run([str(tmp_path / language)], env=dict(os.environ, LD_PRELOAD=str(PRELOAD))).returncode == 0


def counted(folder):
    events, lost = trace_reader.read(folder)
    assert lost == 0
    return [event.fields["value"] for event in events if event.name == "counter"]


def test_a_program_records_itself(runner, tmp_path):
    bare = runner.run([program("traces_itself")])
    assert bare.status == 0 and {value for _, value in answers(bare.stdout)} == {ABSENT}
    outcome = runner.run([*isolation(), "env", f"LD_PRELOAD={PRELOAD}", program("traces_itself")])
    assert outcome.status == 0, outcome.stderr
    expected = [-errno.ENOENT, -errno.EINVAL, -errno.EINVAL, -errno.ENOENT, 0, -errno.EBUSY, 0, -errno.ENOENT,
                -errno.ENOTEMPTY, 0, 0, -errno.ENOENT]
    assert [value for _, value in answers(outcome.stdout)] == expected, outcome.stderr
    assert counted(tmp_path / "first") == list(range(1000))
    assert counted(tmp_path / "second") == list(range(2000, 3000))
    shown = subprocess.run(["babeltrace2", tmp_path / "first"], capture_output=True, text=True, timeout=60)
    assert shown.returncode == 0 and "preflame:process" in shown.stdout
    # Each failure but those that the program made itself is told, and nothing is left of it.
    assert len(outcome.lines) == 2 and all("no trace in" in line for line in outcome.lines), outcome.stderr
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {"first", "second"}


def test_a_trace_of_its_own_ends_with_a_program_that_is_killed(runner, tmp_path):
    script = ('LD_PRELOAD="$1" "$2" forever & while ! [ -e told ]; do sleep 0.05; done; kill -KILL $!; '
              'while pgrep -x "preflame|lttng-.*"; do sleep 0.05; done >/dev/null')
    outcome = runner.run([*isolation(), "sh", "-c", script, "sh", PRELOAD, program("traces_itself")], timeout_s=40)
    assert outcome.status == 0, outcome.stderr
    values = counted(tmp_path / "cut")
    assert len(values) >= 100 and values == list(range(len(values)))


def test_a_program_asks_a_flight_recorder_for_a_dump(runner, tmp_path):
    outcome, folder = runner.record([program("traces_itself"), "dump"], "--flight=1M")
    assert outcome.status == 0, outcome.stderr
    assert [value for _, value in answers(outcome.stdout)] == [0], outcome.stderr
    dumps = sorted(folder.iterdir(), key=lambda path: int(path.name.rsplit("-", 1)[1]))
    assert [counted(dump) for dump in dumps] == [list(range(1000)), list(range(2000))]
