"""The process that finds names is nobody's child: not even of a program that inherits orphans."""

import gzip
import json
import os
import subprocess

import pprof_reader
import pytest
from conftest import PRELOAD, fetch_unix, program, wait_until

AS_USER = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
PID_1 = ["unshare", *AS_USER, "--pid", "--fork", "--kill-child", "--mount-proc"]


def defunct_children(pid):
    text = subprocess.run(["ps", "--ppid", str(pid), "-o", "stat="], capture_output=True, text=True).stdout
    return [line for line in text.split() if line.startswith("Z")]


def child_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


@pytest.mark.parametrize("prefix,word", [([], "subreaper"), (PID_1, "first")])
def test_a_program_that_inherits_orphans_sees_no_child(runner, prefix, word):
    server = runner.start([*prefix, program("inherits"), word], preload=PRELOAD, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, PREFLAME_CPU_HZ=1000)
    assert server.stdout.readline() == b"ready\n"
    pid = wait_until(lambda: child_of(server.pid), what="PID 1")[0] if prefix else server.pid
    socket_path = runner.socket_of(1 if prefix else pid)
    for _ in range(2):
        status, _, body = fetch_unix(socket_path, "/debug/pprof/profile?seconds=1")
        assert status == 200
        assert pprof_reader.decode(body).cumulative("compute", "cpu") > 0
        assert b"inherits.c" in gzip.decompress(body), "the helper wasn't at work"
    wait_until(lambda: not defunct_children(pid), what="an end without zombies")
    out, _ = server.communicate(b"end\n", timeout=30)
    seen = json.loads(out)
    assert (seen["children"], seen["signals"]) == (0, 0)
    assert server.returncode == 0
