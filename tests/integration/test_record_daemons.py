"""`preflame record` and LTTng's session daemon: none, its own, somebody else's, one that hangs or can't start."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

from recording import DRIVER_EVENTS, last_line, lines_of, record, root_only
from test_provider import DRIVER, LIMIT_S, PREFLAME, PROVIDER, Sandbox, sandbox

assert sandbox  # a fixture: used by name


def test_each_of_many_short_recordings_is_whole(sandbox):
    # A session destroyed without waiting loses its last packets or metadata, now and then.
    sandbox.start_daemon()
    for number in range(10):
        done = record(sandbox, "-o", f"trace{number}", "--", DRIVER, PROVIDER, "events")
        assert last_line(done.stderr)[:2] == (DRIVER_EVENTS, 0)


def test_own_daemon_is_gone_afterwards(sandbox):
    process = sandbox.popen(PREFLAME, "record", "-o", "trace", "--", DRIVER, PROVIDER, "gate")
    assert process.stdout.readline() == "gate\n"
    assert len(sandbox.daemon_pids()) == 1
    process.communicate("go\n", timeout=LIMIT_S)
    assert sandbox.daemon_pids("lttng-") == []


def test_somebody_elses_daemon_and_session_stay_as_they_are(sandbox):
    sandbox.start_daemon()
    sandbox.lttng("create", "theirs", f"--output={sandbox.folder}/theirs")
    sandbox.lttng("enable-event", "-u", "-s", "theirs", "preflame:process")
    sandbox.lttng("start", "theirs")
    before = sandbox.daemon_pids()
    done = record(sandbox, "-o", "trace", "--", DRIVER, PROVIDER, "events")
    assert last_line(done.stderr)[0] == DRIVER_EVENTS
    assert sandbox.daemon_pids() == before and len(before) == 1
    listed = sandbox.lttng("list")
    assert "theirs" in listed and "[active]" in listed
    sandbox.lttng("stop", "theirs")
    shown = subprocess.run(["babeltrace2", sandbox.folder / "theirs"], capture_output=True, text=True, timeout=LIMIT_S)
    assert shown.stdout.count("preflame:process:") == shown.stdout.count("\n") == 1


def test_taken_session_name_is_left_and_another_used(sandbox):
    sandbox.start_daemon()
    # exec keeps the pid, so the name that preflame tries first is known and taken.
    script = (f'lttng create preflame-$$-0 --output={sandbox.folder}/theirs >&2 && '
              f'exec {PREFLAME} record -o trace -- {DRIVER} {PROVIDER} events')
    done = sandbox.run("sh", "-c", script)
    assert (done.returncode, last_line(done.stderr)[0]) == (0, DRIVER_EVENTS)
    assert re.search(r"preflame-\d+-0 ", sandbox.lttng("list"))


def test_hung_daemon_costs_three_seconds_at_most_and_the_command_runs(sandbox):
    sandbox.start_daemon()
    pid, = sandbox.daemon_pids()
    os.kill(pid, signal.SIGSTOP)
    begin = time.monotonic()
    done = record(sandbox, "-o", "trace", "--", "sh", "-c", "echo ran[$PREFLAME_TRACE]; exit 9")
    assert time.monotonic() - begin < 3.5
    assert (done.returncode, done.stdout) == (9, "ran[]\n")
    assert done.stderr == ("preflame: the running lttng-sessiond does not answer (hung or stopped: restart it); "
                           "running sh without a trace\n")
    assert not (sandbox.folder / "trace").exists()
    os.kill(pid, signal.SIGCONT)
    assert "preflame" not in sandbox.run("lttng", "--no-sessiond", "list").stdout  # nothing late was left behind


def test_daemon_that_hangs_while_recording_is_given_up(sandbox):
    sandbox.start_daemon()
    pid, = sandbox.daemon_pids()
    process = sandbox.popen(PREFLAME, "record", "-o", "trace", "--", DRIVER, PROVIDER, "events", "gate")
    assert process.stdout.readline() == "gate\n"
    os.kill(pid, signal.SIGSTOP)
    begin = time.monotonic()
    _, err = process.communicate("go\n", timeout=LIMIT_S)
    assert time.monotonic() - begin < 15
    assert process.returncode == 0
    assert "did not finish the trace in time" in lines_of(err)[0] and len(lines_of(err)) == 2


def tools_without(sandbox, *names):
    """A folder of links to the programs of PATH but for `names`."""
    folder = sandbox.folder / "tools"
    folder.mkdir()
    for name in ["sh", "env", "true", "id"]:
        folder.joinpath(name).symlink_to(shutil.which(name))
    assert not any((folder / name).exists() for name in names)
    return folder


def test_missing_daemon_program_is_one_line_and_the_command_runs(sandbox):
    tools = tools_without(sandbox, "lttng-sessiond")
    done = sandbox.run("env", f"PATH={tools}", PREFLAME, "record", "-o", "trace", "--", "sh", "-c", "echo ran; exit 4")
    assert (done.returncode, done.stdout) == (4, "ran\n")
    assert done.stderr == ("preflame: lttng-sessiond is not installed (Debian: apt install lttng-tools); "
                           "running sh without a trace\n")
    assert not (sandbox.folder / "trace").exists()


def test_daemon_that_cannot_start_is_one_line_and_the_command_runs(sandbox):
    assert sandbox.run("mount", "-o", "remount,ro", "/run").returncode == 0
    done = record(sandbox, "-o", "trace", "--", "sh", "-c", "echo ran; exit 4")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (4, "ran\n", 1)
    assert done.stderr.startswith("preflame: lttng-sessiond does not start")
    assert done.stderr.endswith("; running sh without a trace\n")


@root_only
def test_normal_user_gets_a_private_daemon_and_no_left_overs(tmp_path):
    home = pathlib.Path("/tmp") / f"preflame-test-{os.getpid()}"
    home.mkdir()
    os.chown(home, 65534, 65534)
    box = Sandbox(home)
    try:
        before = set(pathlib.Path("/tmp").glob("preflame-??????"))
        tools = home / "build"  # the build folder may not be readable for others
        for path in (PREFLAME, DRIVER, PROVIDER):
            target = tools / path.parent.name / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", "-u", "LTTNG_HOME"]
        done = box.run(*nobody, f"HOME={home}", tools / "bin" / PREFLAME.name, "record", "-o", "trace", "--",
                       tools / "bin" / DRIVER.name, tools / "lib" / PROVIDER.name, "events")
        assert (done.returncode, last_line(done.stderr)[:2]) == (0, (DRIVER_EVENTS, 0)), done.stderr
        assert set(pathlib.Path("/tmp").glob("preflame-??????")) == before
        assert box.daemon_pids() == []
    finally:
        box.close()
        shutil.rmtree(home)
