"""Every interposed call keeps its meaning: the transcript of each program is the same bare, preloaded, sampled, recorded."""

import re
import subprocess

import pytest
import recorded_rows
from conftest import PRELOAD, program

PROGRAMS = ["calls_io", "calls_descriptors", "calls_socket", "calls_wait", "calls_await", "calls_transfer", "calls_child", "calls_sem", "calls_futex",
            "calls_fortify", "calls_thread", "calls_mutex", "calls_cond", "calls_cond_old", "calls_dl",
            "calls_process", "calls_process_old", "calls_signal", "calls_escape", "calls_alloc", "calls_new",
            "calls_rwlock", "calls_c11", "calls_stdio", "calls_fork",
            "calls_clone", "calls_jump"]
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
def test_the_transcript_is_the_same_recorded_and_each_call_is_in_the_trace(runner, tmp_path, name):
    expected = bare(runner, name)
    windows = tmp_path / "windows"
    outcome, folder = runner.record([program(name)], "--syscalls=all", TRANSCRIPT_WINDOWS=windows)
    assert outcome.stdout.splitlines() == expected.stdout.splitlines()
    assert outcome.status == expected.status
    assert list(folder.rglob("metadata"))
    if name in recorded_rows.EXPECTED:
        assert recorded_rows.differences(name, windows, folder) == []


def dynamic_symbols(path, *options):
    """(name, version or None) of each dynamic symbol that `nm` lists."""
    text = subprocess.run(["nm", "-D", *options, str(path)], check=True, capture_output=True, text=True).stdout
    return {(match[1], match[2]) for match in re.finditer(r" [A-Za-z] (\w+)(?:@+(\S+))?$", text, re.MULTILINE)}


# What must be interposed, whatever else is; None: without a version, so for all of them. fork is seen by handlers
# (test_life_cycle.py); signal masks are left to libc, which can't name our signal (calls_signal).
BOTH_CONDITIONS = ("GLIBC_2.2.5", "GLIBC_2.3.2")
BOTH_SPAWNS = ("GLIBC_2.2.5", "GLIBC_2.15")
PINNED = {(name, None) for name in """
    pthread_create pthread_join pthread_detach pthread_exit thrd_create thrd_join pthread_cond_clockwait
    pthread_mutex_lock pthread_mutex_trylock pthread_mutex_timedlock pthread_mutex_clocklock pthread_mutex_unlock
    dlopen dlmopen dlclose dl_iterate_phdr vfork _Fork execl execlp execle execv execve execvp execvpe fexecve
    execveat exit _exit _Exit quick_exit abort read write readv writev pread pread64 pwrite pwrite64 recv recvfrom
    recvmsg recvmmsg send sendto sendmsg sendmmsg accept accept4 connect poll ppoll select pselect epoll_wait
    epoll_pwait nanosleep clock_nanosleep usleep sleep fsync fdatasync wait waitpid wait3 wait4 waitid sem_wait
    sem_timedwait sem_clockwait sem_post flock sigaction signal __read_chk __pread_chk __pread64_chk __recv_chk __recvfrom_chk
    __poll_chk __ppoll_chk""".split()}
PINNED |= {(f"pthread_cond_{name}", version) for name in ("wait", "timedwait", "signal", "broadcast")
           for version in BOTH_CONDITIONS}
PINNED |= {(name, version) for name in ("posix_spawn", "posix_spawnp") for version in BOTH_SPAWNS}


def test_what_must_be_interposed_is_exported_in_all_versions():
    assert PINNED - dynamic_symbols(PRELOAD, "--defined-only") == set()


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
