"""`preflame run`, and what all commands answer to wrong usage."""
import os
import pathlib
import shutil
import subprocess

import pytest

from recording import root_only
from test_provider import LIMIT_S, PREFLAME


@pytest.fixture
def installed(tmp_path):
    """An installed tree whose libpreflame.so is some harmless library."""
    (tmp_path / "prefix" / "bin").mkdir(parents=True)
    (tmp_path / "prefix" / "lib").mkdir()
    shutil.copy2(PREFLAME, tmp_path / "prefix" / "bin" / "preflame")
    harmless, = [path for path in pathlib.Path("/lib/x86_64-linux-gnu").glob("libdl.so.2")]
    shutil.copy2(harmless, tmp_path / "prefix" / "lib" / "libpreflame.so")
    return tmp_path / "prefix"


def run(prefix, *arguments, **environment):
    return subprocess.run([prefix / "bin" / "preflame", "run", *arguments], capture_output=True, text=True,
                          timeout=LIMIT_S, env={"PATH": os.environ["PATH"], **environment})


def test_run_sets_the_environment_and_puts_the_preload_in_front(installed):
    done = run(installed, "--http=6060", "--profile=cpu,heap", "--out=/tmp/x", "--cpu-hz=99", "--socket=off", "--trace",
               "--log=info", "--", "env", LD_PRELOAD="libother-not-there.so")
    seen = dict(line.split("=", 1) for line in done.stdout.splitlines())
    seen.pop("PATH")
    assert seen == {"LD_PRELOAD": f"{installed}/lib/libpreflame.so:libother-not-there.so", "PREFLAME_HTTP": "6060",
                    "PREFLAME_PROFILE": "cpu,heap", "PREFLAME_OUT": "/tmp/x", "PREFLAME_CPU_HZ": "99",
                    "PREFLAME_SOCKET": "off", "PREFLAME_TRACE": "1", "PREFLAME_LOG": "info"}


def test_run_finds_the_library_of_a_multiarch_install(installed):
    folder = installed / "lib" / "x86_64-linux-gnu"
    folder.mkdir()
    (installed / "lib" / "libpreflame.so").rename(folder / "libpreflame.so")
    done = run(installed, "--", "env")
    assert f"LD_PRELOAD={folder}/libpreflame.so\n" in done.stdout and done.stderr == ""


def test_run_becomes_the_command(installed):
    process = subprocess.Popen([installed / "bin" / "preflame", "run", "--", "sh", "-c", "echo $$; exit 6"],
                               stdout=subprocess.PIPE, text=True)
    out, _ = process.communicate(timeout=LIMIT_S)
    assert (int(out), process.returncode) == (process.pid, 6)


@pytest.mark.parametrize("command, status", [("no-such-program", 127), ("/etc/passwd", 126), ("/", 126)])
def test_run_answers_as_env_does_when_the_command_cannot_run(installed, command, status):
    done = run(installed, "--", command)
    assert (done.returncode, done.stderr.count("\n")) == (status, 1)
    assert done.stderr.startswith(f"preflame: cannot run {command}: ")


@pytest.mark.parametrize("command", ["run", "record", "view", "symbolize", "recover"])
def test_wrong_usage_of_every_command_begins_with_our_name(installed, command):
    done = subprocess.run([installed / "bin" / PREFLAME.name, command, "--foo"], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=LIMIT_S)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("preflame: ") and "foo" in done.stderr


def test_run_warns_of_a_static_program_and_runs_it(installed):
    ldconfig = "/sbin/ldconfig"
    if "INTERP" in subprocess.run(["readelf", "-lW", ldconfig], capture_output=True, text=True).stdout:
        pytest.skip("no static program at hand")
    done = run(installed, "--", ldconfig, "--version")
    assert done.returncode == 0 and done.stdout.startswith("ldconfig")
    assert done.stderr == ("preflame: /sbin/ldconfig is statically linked: there is no loader to preload anything; "
                           "it runs, unseen\n")


@root_only
def test_run_warns_of_a_setuid_program_and_runs_it(installed, tmp_path):
    program = tmp_path / "setuid-true"
    shutil.copy2("/bin/true", program)
    os.chown(program, 65534, 65534)
    program.chmod(0o4755)
    done = run(installed, "--", program)
    assert done.returncode == 0
    assert done.stderr == f"preflame: {program} is setuid: the loader ignores preloads there; it runs, unseen\n"


def test_run_without_its_library_says_so_and_runs(installed):
    (installed / "lib" / "libpreflame.so").unlink()
    done = run(installed, "--", "env")
    assert done.returncode == 0 and "LD_PRELOAD" not in done.stdout
    assert done.stderr == ("preflame: libpreflame.so is not in ../lib beside this program; "
                           "running without it (reinstall)\n")


def test_run_refuses_a_path_that_ld_preload_cannot_carry(installed, tmp_path):
    spaced = tmp_path / "with space"
    installed.rename(spaced)
    done = run(spaced, "--", "env")
    assert done.returncode == 0 and "LD_PRELOAD" not in done.stdout
    assert done.stderr.count("\n") == 1 and "can't carry a path with a space" in done.stderr


@pytest.mark.parametrize("command", ["run", "record"])
def test_help_and_version_are_answered(command):
    for option, text in (("--help", f"usage: preflame {command} "), ("--version", "preflame ")):
        done = subprocess.run([PREFLAME, command, option], capture_output=True, text=True, timeout=LIMIT_S)
        assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith(text)
