"""A CPU profile and a trace that want samples of one process at the same time: both get them all."""

import json
import subprocess

import pprof_reader
import pytest
import trace_reader
from conftest import free_port, isolation, measured, program, wait_until


def sampled_ns(folder):
    events, _ = trace_reader.read(folder)
    return sum(event.fields["weight_ns"] for event in events if event.name == "sample")


def test_a_profile_fetched_while_a_trace_is_recorded_leaves_the_trace_its_samples(runner):
    port, folder = free_port(), runner.folder / "trace"
    process = runner.start([*isolation(), program("preflame"), "record", "-o", folder, f"--http={port}", "--cpu-hz=1000",
                            "--", program("burn_split"), 1, 3], stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def fetched():
        url = f"http://127.0.0.1:{port}/debug/pprof/profile?seconds=1"
        done = subprocess.run(["curl", "-s", "-o", runner.folder / "cpu.pprof", "-w", "%{http_code}", url],
                              capture_output=True, text=True)
        return done.stdout if done.stdout != "000" else None

    assert wait_until(fetched, what="an answer") == "200"
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert pprof_reader.read(runner.folder / "cpu.pprof").total("cpu") > 0
    assert sampled_ns(folder) == pytest.approx(json.loads(stdout)["process_cpu_ns"], rel=0.05)


@measured
def test_a_profile_at_exit_and_a_trace_share_the_samples(runner, tmp_path):
    out = runner.folder / "out"
    outcome, folder = runner.record([program("burn_split"), 1, 1], "--profile=cpu", f"--out={out}", "--cpu-hz=1000")
    assert outcome.status == 0, outcome.stderr
    assert [line for line in outcome.lines if "no CPU samples" in line] == []
    truth_ns = json.loads(outcome.stdout)["process_cpu_ns"]
    assert sampled_ns(folder) == pytest.approx(truth_ns, rel=0.05)
    assert pprof_reader.read(out / "cpu.pprof").total("cpu") == pytest.approx(truth_ns, rel=0.05)
