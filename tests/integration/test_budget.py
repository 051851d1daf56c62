"""What preflame may cost is kept, told, and does not make the profile untrue."""

import json
import re
import subprocess

import pprof_reader
import pytest
from conftest import PRELOAD, fetch_unix, measured, program, wait_until

THINNED = re.compile(r"preflame: sampled at (\d+) Hz at times, not 1000: the CPU budget of 0\.05 % "
                     r"\(PREFLAME_CPU_BUDGET\)")


def numbers(text):
    """`name: number` lines."""
    pairs = (line.split(": ") for line in text.splitlines())
    return {name: float(value) for name, value in pairs if re.fullmatch(r"[\d.e+-]+", value)}


def own_account(runner, process):
    """/debug/preflame/self of a process, as soon as it can be had."""
    path = runner.socket_of(process.pid)
    wait_until(path.exists, what=f"the socket {path}")
    return numbers(fetch_unix(path, "/debug/preflame/self")[2].decode())


@measured
def test_a_small_budget_thins_sampling_out_and_the_profile_stays_true(runner, tmp_path):
    out = tmp_path / "out"
    outcome = runner.preloaded([program("burn_split"), 2, 5], PREFLAME_PROFILE="cpu", PREFLAME_CPU_HZ=1000,
                               PREFLAME_CPU_BUDGET="0.05", PREFLAME_OUT=out)
    truth = json.loads(outcome.stdout)
    profile = pprof_reader.read(out / "cpu.pprof")
    notes = [match for match in map(THINNED.fullmatch, profile.comments) if match]
    assert len(notes) == 1, profile.comments
    assert 10 <= int(notes[0][1]) <= 500
    assert profile.total("samples") < 4000  # of the 5000 without a budget
    assert profile.total("cpu") == pytest.approx(truth["process_cpu_ns"], rel=0.06)
    share = profile.cumulative("burn_half", "cpu") / profile.total("cpu")
    assert share == pytest.approx(0.5, abs=0.15)


@pytest.mark.parametrize("variables", [{"PREFLAME_CPU_HZ": 100}, {"PREFLAME_CPU_HZ": 1000, "PREFLAME_CPU_BUDGET": 0}])
@measured
def test_what_costs_little_or_has_no_cap_is_not_thinned(runner, tmp_path, variables):
    out = tmp_path / "out"
    runner.preloaded([program("burn_split"), 1, 2.5], PREFLAME_PROFILE="cpu", PREFLAME_OUT=out, **variables)
    profile = pprof_reader.read(out / "cpu.pprof")
    assert not [comment for comment in profile.comments if "budget" in comment]
    assert profile.total("samples") == pytest.approx(2.5 * variables["PREFLAME_CPU_HZ"], rel=0.05)


def test_the_account_tells_what_was_spent(runner):
    process = runner.start([program("burn_split"), 2, 60], preload=PRELOAD, PREFLAME_PROFILE="cpu",
                           PREFLAME_CPU_HZ=1000, PREFLAME_CPU_BUDGET="0.02%", PREFLAME_OUT=runner.folder)
    account = wait_until(lambda: (lambda now: "thinned_to_hz" in now and now)(own_account(runner, process)))
    assert account["cpu_budget_percent"] == 0.02
    assert account["cpu_share_percent"] > 0.02
    assert 10 <= account["thinned_to_hz"] < 1000
    assert 0 < account["handler_ns"] < account["process_ns"]
    assert 1000 < account["handler_ns"] / account["handler_runs"] < 1e6
    assert 0 < account["own_threads_ns"] < account["process_ns"]
    assert account["memory_max_bytes"] == 384 << 20
    assert 10_000 < account["memory_bytes"] < 8 << 20


THREADS = """
import threading, sys
end = threading.Event()
for i in range(150):
    threading.Thread(target=end.wait).start()
print("ready", flush=True)
sys.stdin.readline()
end.set()
"""


def test_the_memory_cap_leaves_threads_out_and_says_how_many(runner):
    process = runner.start(["/usr/bin/python3", "-c", THREADS], preload=PRELOAD, stdin=subprocess.PIPE,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, PREFLAME_MEMORY_MAX="4M")
    assert process.stdout.readline() == b"ready\n"
    account = own_account(runner, process)
    assert account["memory_max_bytes"] == 4 << 20
    assert account["memory_bytes"] < 4 << 20
    assert account["threads_without_slot"] >= 60  # 4 of 384 parts of 8192 have one
    status, _, body = fetch_unix(runner.socket_of(process.pid), "/debug/pprof/threads?debug=0")
    assert status == 200
    assert any("threads_without_slot" in comment for comment in pprof_reader.decode(body).comments)
    process.communicate(b"\n", timeout=20)
    assert process.returncode == 0


def test_what_finds_no_room_in_a_table_is_counted_in_the_account_and_in_each_profile(runner):
    process = runner.start([program("full_tables")], preload=PRELOAD, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, PREFLAME_MEMORY_MAX="4M", PREFLAME_BLOCK_RATE=1)
    assert process.stdout.readline() == b"full\n"
    account = own_account(runner, process)
    reasons = ["stack_dictionary_full", "buckets_full", "label_sets_refused", "threads_without_slot"]
    assert all(account[reason] > 0 for reason in reasons), account
    assert account["memory_bytes"] < 4 << 20
    for kind in ("block", "threads"):
        status, _, body = fetch_unix(runner.socket_of(process.pid), f"/debug/pprof/{kind}")
        assert status == 200
        comments = pprof_reader.decode(body).comments
        assert all(any(comment.startswith(f"preflame: {reason}: ") for comment in comments) for reason in reasons)
    out, _ = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, b"150 threads ended\n")
