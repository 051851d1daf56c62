"""Our signal ends no call of the program early: while profiles begin and end, and while running threads are asked."""

from conftest import program
import pytest


@pytest.mark.parametrize("counts_waits", [False, True])
def test_no_wait_is_cut_short_where_profiles_begin_and_end_and_threads_are_asked(runner, tmp_path, counts_waits):
    off = {} if counts_waits else {"PREFLAME_BLOCK_RATE": 0, "PREFLAME_MUTEX_FRACTION": 0}
    bare = runner.run([program("cut_short"), tmp_path])
    preloaded = runner.preloaded([program("cut_short"), tmp_path], PREFLAME_CPU_HZ=1000, **off)
    assert bare.status == preloaded.status == 0
    assert bare.stdout == preloaded.stdout == "cut short: 0, early: 0\n"
    assert (tmp_path / "cpu.pprof").exists() and (tmp_path / "threads.pprof").exists()
