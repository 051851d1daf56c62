"""Clauses of POSIX on what preflame touches hold bare, and hold as well under it."""

import pytest
from conftest import program

PROGRAMS = {"posix_pthread": 90, "posix_signal": 65, "posix_time": 65, "posix_fork": 45}


@pytest.mark.parametrize("options", [None, {}, {"PREFLAME_PROFILE": "cpu,heap,mutex,block", "PREFLAME_CPU_HZ": 1000,
                                                "PREFLAME_CPU_BUDGET": 0}], ids=["bare", "idle", "sampled"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_every_clause_holds(runner, tmp_path, name, options):
    if options is None:
        outcome = runner.run([program(name)])
    else:
        outcome = runner.preloaded([program(name)], PREFLAME_OUT=tmp_path / "out", **options)
    lines = outcome.stdout.splitlines()
    assert [line for line in lines if not line.startswith("ok ")] == []
    assert outcome.status == 0
    assert len(lines) >= PROGRAMS[name]
