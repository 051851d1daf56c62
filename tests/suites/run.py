"""What the suites share: one command, in an environment with or without preflame, with a time that bounds it."""

import os
import signal
import subprocess
from pathlib import Path

PYTHON = "/usr/bin/python3"


def environment(preload, folder, **extra):
    """The caller's, without what concerns preflame; with `preload` (a path), with all of its features on."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("PREFLAME") and key != "LD_PRELOAD"}
    runtime = Path(folder) / "run"
    runtime.mkdir(mode=0o700, exist_ok=True)
    env.update(XDG_RUNTIME_DIR=str(runtime), TMPDIR=str(folder), LC_ALL="C.UTF-8")
    if preload:
        env.update(LD_PRELOAD=str(preload), PREFLAME_PROFILE="cpu,heap,mutex,block,wall", PREFLAME_CPU_HZ="250",
                   PREFLAME_CPU_BUDGET="0", PREFLAME_OUT=str(Path(folder) / "out"))
    env.update(extra)
    return env


def command(argv, env, folder, timeout_s):
    """(exit status or "hung", what it wrote). Its process group ends with it."""
    process = subprocess.Popen(argv, env=env, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True)
    try:
        text, _ = process.communicate(timeout=timeout_s)
        status = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        text, _ = process.communicate()
        status = "hung"
    return status, text.decode(errors="replace")
