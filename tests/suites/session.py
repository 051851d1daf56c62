"""An LTTng session that records every event of preflame while suites run, by a session daemon of its own."""

import contextlib
import os
import signal
import subprocess
import sys
import time

DEADLINE_S = 20
ISOLATED = "PREFLAME_SUITES_ISOLATED"
# Root has one session daemon a machine; in a file system of its own, another.
SCRIPT = 'mount -t tmpfs none /run/lttng 2>/dev/null || { mkdir -p /run/lttng && mount -t tmpfs none /run/lttng; } && exec "$@"'


def isolate():
    """Goes on in a file system where no other session daemon is seen; as root only, else there is none to see."""
    if os.geteuid() == 0 and ISOLATED not in os.environ:
        os.environ[ISOLATED] = "1"
        os.execvp("unshare", ["unshare", "--mount", "sh", "-c", SCRIPT, "sh", sys.executable, *sys.argv])


def lttng(environment, *words):
    return subprocess.run(["lttng", "--no-sessiond", *words], env=environment, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


@contextlib.contextmanager
def recorded(folder):
    """While it lasts, programs that load the trace provider are recorded into `folder`. Yields what they need in their
    environment."""
    extra = {"PREFLAME_TRACE": "1", "PREFLAME_TRACE_SYSCALLS": "all", "LTTNG_HOME": str(folder)}
    environment = {**os.environ, **extra}
    daemon = subprocess.Popen(["lttng-sessiond", "--no-kernel"], env=environment, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        deadline = time.monotonic() + DEADLINE_S
        while not lttng(environment, "list"):
            if time.monotonic() > deadline or daemon.poll() is not None:
                sys.exit("suites: lttng-sessiond does not answer; start it by hand to see why")
            time.sleep(0.05)
        for words in (["create", "suites", f"--output={folder}/trace"], ["enable-event", "-u", "preflame:*"], ["start"]):
            if not lttng(environment, *words):
                sys.exit(f"suites: lttng {words[0]} failed; try it by hand to see why")
        yield extra
        lttng(environment, "destroy", "suites")
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait()


def events(folder):
    """How many events were recorded."""
    done = subprocess.run(["babeltrace2", f"{folder}/trace"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.stdout.count(b"\n")
