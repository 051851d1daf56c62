"""`preflame record --flight`: what came last is kept in memory, and written when asked for, and when the program ends."""

import os
import re
import signal
import subprocess

import pytest
import trace_reader
from conftest import COMMAND, isolation, program, wait_until

DUMPED = re.compile(r"preflame: dumped (\d+) events in (.*)")
RECORDED = re.compile(r"preflame: recorded (\d+) events \((\d+) lost\) in (.*)")


def dump(folder, said, count):
    """Asks for a dump as whoever looks on would, by the recorder's pid, and waits until it says that it is there."""
    found = subprocess.run(["pgrep", "-f", f"^{COMMAND} record -o {folder}"], capture_output=True, text=True, check=True)
    os.kill(int(found.stdout.split()[0]), signal.SIGUSR2)
    wait_until(lambda: len(DUMPED.findall(said.read_text())) == count, timeout_s=30, what=f"dump {count}")


def test_the_end_is_kept_and_the_beginning_forgotten(runner, tmp_path):
    folder = tmp_path / "trace"
    # Each CPU keeps its own last events: on several, older ones would lie on those that the program has left.
    cpu = min(os.sched_getaffinity(0))
    outcome = runner.run(["taskset", "-c", cpu, *isolation(), COMMAND, "record", "-o", folder, "--flight=1M", "--no-cpu", "--",
                          program("told_in_order"), 300000])
    assert outcome.status == 0, outcome.stderr
    found = RECORDED.search(outcome.stderr)
    events, lost = trace_reader.read(found[3])
    assert int(found[1]) == len(events) and int(found[2]) == 0
    levels = [event.fields["value"] for event in events if event.name == "counter"]
    assert levels[-1] == 299999 and levels[0] > 100000
    assert levels == list(range(int(levels[0]), 300000)), "a gap in what was kept"
    # What is told once is still there, though it was told first.
    assert {"process", "module"} <= {event.name for event in events}
    view = subprocess.run([COMMAND, "view", found[3], "--format=text"], capture_output=True, text=True, timeout=60)
    assert view.returncode == 0 and "told_in_order" in view.stdout


def test_a_dump_on_demand_and_after_a_crash(runner, tmp_path):
    folder = tmp_path / "trace"
    said = tmp_path / "said"
    with said.open("wb") as stderr:
        process = runner.start([*isolation(), COMMAND, "record", "-o", folder, "--flight=2M", "--", program("told_in_order"),
                                "crash"], stdout=subprocess.DEVNULL, stderr=stderr)
    wait_until((tmp_path / "told").exists, timeout_s=30, what="the program's first round")
    dump(folder, said, 1)
    dump(folder, said, 2)
    (tmp_path / "crash").touch()
    status = process.wait(timeout=60)
    text = said.read_text()
    assert status == 128 + signal.SIGSEGV, text
    dumps = DUMPED.findall(text)
    last = RECORDED.search(text)
    assert len(dumps) == 2 and last[3] not in [where for _, where in dumps]
    levels = []
    for number, where in [*dumps, (last[1], last[3])]:
        events, _ = trace_reader.read(where)
        assert len(events) == int(number)
        levels.append(max(event.fields["value"] for event in events if event.name == "counter"))
        messages = [event.fields["message"] for event in events if event.name == "log"]
        assert messages == (["about to crash"] if where == last[3] else [])
    assert levels == sorted(levels) and levels[0] >= 1000


@pytest.mark.parametrize("size", ["0", "M", "5X", "-1", "2000000G", ""])
def test_a_size_that_is_none_is_one_line(tmp_path, size):
    done = subprocess.run([COMMAND, "record", "-o", tmp_path / "t", f"--flight={size}", "--", "true"], capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and "--flight" in done.stderr
