"""Unusual ways of loading code, and others that stand before libc or sample as well: the program says the same as bare,
and each profiler has its profile."""

import shutil

import pprof_reader
import pytest
from conftest import BUILD, PRELOAD, program

EVERYTHING = {"PREFLAME_PROFILE": "cpu,heap,mutex,block,wall", "PREFLAME_CPU_HZ": 1000}
HEAPTRACK = "/usr/lib/heaptrack/libheaptrack_preload.so"


@pytest.mark.parametrize("trace", ["", "1"])
@pytest.mark.parametrize("way", ["deepbind", "namespace", "static-tls", "early-threads", "interposes"])
def test_the_program_says_the_same(runner, tmp_path, way, trace):
    for i in range(64):
        shutil.copy2(BUILD / "lib" / "libloaders_plugin.so", tmp_path / f"{i}.so")
    bare, preloaded = runner.bare_and_preloaded([program("loaders"), way, tmp_path], timeout_s=30, PREFLAME_TRACE=trace,
                                                PREFLAME_OUT=tmp_path / "out", **EVERYTHING)
    assert bare.status == 0 and "early threads: 4" in bare.stdout
    assert way != "static-tls" or "out of static TLS: 1" in bare.stdout, "all the loader has is asked for"
    assert (preloaded.status, preloaded.stdout) == (bare.status, bare.stdout), preloaded.stderr


def test_threads_older_than_the_preload_are_sampled(runner, tmp_path):
    outcome = runner.preloaded([program("loaders"), "early-threads"], PREFLAME_OUT=tmp_path / "out", **EVERYTHING)
    assert outcome.status == 0
    block = pprof_reader.read(tmp_path / "out" / "block.pprof")
    assert block.cumulative("take_turns", "contentions") > 0


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("other, variable", [("libprofiler.so.0", "CPUPROFILE"), (HEAPTRACK, "DUMP_HEAPTRACK_OUTPUT")])
def test_another_profiler_beside_it(runner, tmp_path, other, variable, is_first):
    preload = f"{PRELOAD}:{other}" if is_first else f"{other}:{PRELOAD}"
    argv = [program("life"), "return", 300]
    bare = runner.run(argv)
    outcome = runner.run(argv, preload=preload, PREFLAME_PROFILE="cpu", PREFLAME_CPU_HZ=1000,
                         PREFLAME_OUT=tmp_path / "out", **{variable: tmp_path / "theirs"})
    assert (outcome.status, outcome.stdout) == (bare.status, bare.stdout), outcome.stderr
    assert (tmp_path / "theirs").stat().st_size > 0
    assert pprof_reader.read(tmp_path / "out" / "cpu.pprof").cumulative("burn_parent", "cpu") >= 200_000_000
