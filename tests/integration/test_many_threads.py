"""Tens of thousands of threads, and thousands at once: the program sees no difference, and nothing is left over."""

import pytest
from conftest import program


@pytest.mark.parametrize("options", [{}, {"PREFLAME_PROFILE": "cpu,heap,mutex,block", "PREFLAME_CPU_HZ": 1000,
                                          "PREFLAME_CPU_BUDGET": 0}], ids=["idle", "sampled"])
def test_nothing_is_left_over(runner, tmp_path, options):
    bare, preloaded = runner.bare_and_preloaded([program("many_threads")], PREFLAME_OUT=tmp_path / "out", **options)
    assert preloaded.stdout.splitlines() == bare.stdout.splitlines()
    assert preloaded.status == bare.status == 0
    assert "threads 0, descriptors 0 more" in preloaded.stdout
    assert "memory grew by less than 16 MB: yes" in preloaded.stdout
