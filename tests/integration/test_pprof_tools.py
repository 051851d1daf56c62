"""Every profile, opened by Debian's `go tool pprof` in each of its ways, and read by Go's own package."""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from conftest import COMMAND, PRELOAD, free_port, program, wait_until

KINDS = ["cpu", "wall", "heap", "allocs", "mutex", "block", "goroutine", "threadcreate", "syscall", "io"]
MODES = [["-top"], ["-top", "-cum"], ["-traces"], ["-tags"], ["-peek=."], ["-raw"], ["-list=start_thread|main|server"]]
PAGES = ["/ui/top", "/ui/flamegraph", "/ui/peek", "/ui/source"]
CHECKER = Path(__file__).parent / "parser_check" / "main.go"


@pytest.fixture(name="folder", scope="module")
def profiles_of_a_loaded_server(tmp_path_factory):
    """All profiles of the demo server, taken while it is loaded."""
    folder = tmp_path_factory.mktemp("profiles")
    port = free_port()
    env = {key: value for key, value in os.environ.items() if not key.startswith("PREFLAME")}
    env.update(LD_PRELOAD=str(PRELOAD), PREFLAME_SOCKET="off", PREFLAME_HTTP=str(port), PREFLAME_HEAP_INTERVAL="4096")
    with subprocess.Popen([program("demo-server"), "--port=0", "--mode=connection", "--log"], env=env,
                          stdout=subprocess.PIPE) as server:
        url = re.search(rb"(http://127\S+)", server.stdout.readline()).group(1).decode()
        with open(folder / "log", "wb") as log, subprocess.Popen(["cat"], stdin=server.stdout, stdout=log) as reader:
            try:
                # A log that nobody reads for a second: its lock is waited for on any machine.
                fcntl.fcntl(server.stdout, fcntl.F_SETPIPE_SZ, 4096)
                reader.send_signal(signal.SIGSTOP)
                subprocess.run(["wrk", "-t1", "-c8", "-d1s", url + "/hello"], stdout=subprocess.DEVNULL, check=True)
                reader.send_signal(signal.SIGCONT)
                for kind in KINDS:
                    get = [COMMAND, "profile", f"127.0.0.1:{port}", f"--type={kind}", "-o", folder / f"{kind}.pprof"]
                    if kind in ("cpu", "wall"):  # the others count since the start
                        with subprocess.Popen(["wrk", "-t1", "-c8", "-d60s", url + "/hello"],
                                              stdout=subprocess.DEVNULL) as load:
                            subprocess.run([*get, "--seconds=2"], check=True, timeout=60)
                            load.kill()
                    else:
                        subprocess.run(get, check=True, timeout=60)
            finally:
                server.terminate()
                reader.wait(timeout=20)
    return folder


def tool(folder, *arguments):
    env = dict(os.environ, HOME=str(folder), PPROF_TMPDIR=str(folder), GOFLAGS="-mod=mod", GOPROXY="off")
    done = subprocess.run(["go", "tool", "pprof", *map(str, arguments)], env=env, timeout=60, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True)
    assert done.returncode == 0, f"{arguments}: {done.stderr}"
    return done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_go_tool_pprof_opens_it_in_every_way(folder, kind):
    path = folder / f"{kind}.pprof"
    for mode in MODES:
        text = tool(folder, *mode, path)
        assert (text or mode == ["-tags"]) and "[unknown]" not in text, mode
    difference = tool(folder, "-top", "-diff_base", path, path)
    assert re.search(r"Showing nodes accounting for 0,", difference), difference
    assert not re.search(r"^ +-?[1-9]", difference, re.M)


@pytest.mark.parametrize("kind", KINDS)
def test_the_pages_of_its_web_server_are_there(folder, kind):
    port = free_port()
    env = dict(os.environ, HOME=str(folder), PPROF_TMPDIR=str(folder), GOFLAGS="-mod=mod", GOPROXY="off")
    # Not `go tool`, which would leave its child behind when it is ended.
    pprof = subprocess.run(["go", "tool", "-n", "pprof"], env=env, check=True, capture_output=True, text=True).stdout.strip()
    with subprocess.Popen([pprof, f"-http=127.0.0.1:{port}", "-no_browser", folder / f"{kind}.pprof"], env=env,
                          stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as web:
        try:
            def get(page):
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}{page}", timeout=20) as answer:
                        return answer.status
                except urllib.error.HTTPError as error:
                    return error.code
                except urllib.error.URLError:
                    return 0
            wait_until(lambda: get("/ui/top"), what="the web server")
            assert {page: get(page) for page in PAGES} == dict.fromkeys(PAGES, 200)
        finally:
            web.kill()


def test_go_s_own_package_finds_no_fault(folder, tmp_path):
    root = subprocess.run(["go", "env", "GOROOT"], check=True, capture_output=True, text=True).stdout.strip()
    package = Path(root) / "src/cmd/vendor/github.com/google/pprof/profile"
    shutil.copytree(package.resolve(), tmp_path / "profile", ignore=shutil.ignore_patterns("*_test.go", "testdata"))
    shutil.copy(CHECKER, tmp_path)
    (tmp_path / "go.mod").write_text("module parser_check\n\ngo 1.19\n")
    env = dict(os.environ, HOME=str(tmp_path), GOFLAGS="-mod=mod", GOPROXY="off", GOCACHE=str(tmp_path / "cache"))
    done = subprocess.run(["go", "run", ".", program("demo-server"), *[folder / f"{kind}.pprof" for kind in KINDS]],
                          cwd=tmp_path, env=env, timeout=120, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall(r": [1-9]\d* samples$", done.stdout, re.M)) == len(KINDS), done.stdout
