"""Code that programs make at run time has the names that they tell perf."""

import os
import shutil
from pathlib import Path

import pprof_reader
import pytest
from conftest import program

FIBONACCI = """
function slowFibonacci(n) { return n < 2 ? n : slowFibonacci(n - 1) + slowFibonacci(n - 2); }
const end = process.cpuUsage().user + 1000000;
let sum = 0;
while (process.cpuUsage().user < end) sum += slowFibonacci(20);
console.log(process.pid);
"""


@pytest.fixture
def profiled(runner, tmp_path):
    """Runs a command that prints its pid: the profile. Its perf map is removed afterwards."""
    maps = []

    def run(argv):
        outcome = runner.preloaded(argv, PREFLAME_PROFILE="cpu", PREFLAME_CPU_HZ=1000, PREFLAME_OUT=tmp_path / "out")
        assert outcome.status == 0, outcome.stderr
        maps.append(Path(f"/tmp/perf-{int(outcome.stdout)}.map"))
        assert maps[-1].exists()
        return pprof_reader.read(tmp_path / "out" / "cpu.pprof")

    yield run
    for path in maps:
        path.unlink(missing_ok=True)


def test_made_functions_have_their_names_and_callers(profiled):
    names = ["outer (made)", "JS:*inner /home/a b.js:1:2"]
    profile = profiled([program("made_code"), *names])
    stacks = [sample.stack for sample in profile.samples]
    assert any(stack[:2] == [names[0], "main"] for stack in stacks), stacks
    assert any(stack[:3] == [names[1], names[0], "main"] for stack in stacks), stacks


def test_node_shows_its_functions(profiled, tmp_path):
    node = shutil.which("node")
    assert node, "nodejs is not installed: scripts/setup test"
    (tmp_path / "fibonacci.js").write_text(FIBONACCI)
    profile = profiled([os.path.realpath(node), "--perf-basic-prof", str(tmp_path / "fibonacci.js")])
    total = profile.total("samples")
    named = sum(sample.values[profile.index("samples")] for sample in profile.samples
                if any("slowFibonacci" in name for name in sample.stack))
    assert named > 0.7 * total, profile.flat("samples")
    # Compiled JavaScript, the interpreter's builtins, C++: frame pointers, no tables, tables.
    assert any(sum("slowFibonacci" in name for name in sample.stack) > 5 and sample.stack[-1] == "_start"
               for sample in profile.samples)
