"""Every interposed call keeps its meaning: the transcript of each program is the same bare, preloaded, sampled, recorded."""

import re
import subprocess

import pytest
from conftest import PRELOAD, program

PROGRAMS = ["calls_io", "calls_descriptors", "calls_socket", "calls_wait", "calls_child", "calls_sem",
            "calls_fortify", "calls_thread", "calls_mutex", "calls_cond", "calls_cond_old", "calls_dl",
            "calls_process", "calls_process_old", "calls_signal", "calls_escape", "calls_alloc", "calls_new",
            "calls_rwlock", "calls_c11", "calls_stdio"]
LEAST_LINES = 12


bare_outcomes = {}


def bare(runner, name):
    """The truth, found once a program."""
    if name not in bare_outcomes:
        outcome = runner.run([program(name)])
        assert outcome.status == 0, outcome.stderr
        assert len(outcome.stdout.splitlines()) >= LEAST_LINES
        bare_outcomes[name] = outcome
    return bare_outcomes[name]


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_transcript_is_the_same_preloaded(runner, name):
    expected = bare(runner, name)
    outcome = runner.preloaded([program(name)])
    assert outcome.stdout.splitlines() == expected.stdout.splitlines()
    assert outcome.status == expected.status


@pytest.mark.parametrize("interval", [0, 1])
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_transcript_is_the_same_with_no_allocation_counted_and_with_each(runner, name, interval):
    expected = bare(runner, name)
    outcome = runner.preloaded([program(name)], PREFLAME_HEAP_INTERVAL=interval)
    assert outcome.stdout.splitlines() == expected.stdout.splitlines()
    assert outcome.status == expected.status


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_transcript_is_the_same_while_sampled(runner, tmp_path, name):
    expected = bare(runner, name)
    outcome = runner.preloaded([program(name)], PREFLAME_PROFILE="cpu", PREFLAME_CPU_HZ=1000,
                               PREFLAME_OUT=tmp_path / "out")
    assert outcome.stdout.splitlines() == expected.stdout.splitlines()
    assert outcome.status == expected.status
    assert (tmp_path / "out" / "cpu.pprof").exists()


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_transcript_is_the_same_in_a_storm_of_our_signal(runner, tmp_path, name):
    """Every wait of every thread is hit by signals that the handler takes for its own."""
    expected = bare(runner, name)
    outcome = runner.preloaded([program(name)], PREFLAME_PROFILE="cpu", PREFLAME_OUT=tmp_path / "out", STORM="1")
    assert outcome.stdout.splitlines() == expected.stdout.splitlines()
    assert outcome.status == expected.status


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_transcript_is_the_same_recorded(runner, name):
    expected = bare(runner, name)
    outcome, folder = runner.record([program(name)], "--syscalls=all")
    assert outcome.stdout.splitlines() == expected.stdout.splitlines()
    assert outcome.status == expected.status
    assert list(folder.rglob("metadata"))


def dynamic_symbols(path, *options):
    """(name, version or None) of each dynamic symbol that `nm` lists."""
    text = subprocess.run(["nm", "-D", *options, str(path)], check=True, capture_output=True, text=True).stdout
    return {(match[1], match[2]) for match in re.finditer(r" [A-Za-z] (\w+)(?:@+(\S+))?$", text, re.MULTILINE)}


def test_every_interposed_call_is_shown_by_a_program():
    exported = {(name, version) for name, version in dynamic_symbols(PRELOAD, "--defined-only")
                if not name.startswith("preflame_") and not name.startswith("GLIBC_")}
    assert len(exported) > 60
    imported = set().union(*(dynamic_symbols(program(name), "--undefined-only") for name in PROGRAMS))
    names = {name for name, _ in imported}
    missing = {name for name, _ in exported} - names
    assert missing == set(), "interposed, but no program calls it"
    old = {(name, version) for name, version in exported if version == "GLIBC_2.2.5" and (name, None) not in exported}
    assert {pair for pair in old if pair[0] in names} <= imported, "an old symbol version that no program binds to"
