"""Four servers under load and under preflame, while profiles are fetched at random: nothing may fail or grow."""

import argparse
import http.client
import os
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "suites"))
import run  # noqa: E402
import servers  # noqa: E402
import targets  # noqa: E402

CLIENTS = 4  # of each server
PAUSE_S = 0.01
SAMPLE_S = 0.5
RECORD = "record"
# Their CPU profile is written at exit, so none can be fetched: as Go says, it is already in use.
HAVE_CPU_AT_EXIT = ("nginx", "redis")
PATHS = [RECORD, "profile?seconds=1", "heap", "allocs", "mutex", "block", "goroutine", "goroutine?debug=2", "threadcreate",
         "heap?seconds=1", "mutex?seconds=1", "../fgprof?seconds=1", "../preflame/self"]
# What a profile of a process grows by, once all it does has been seen, is nothing: this is room for what malloc and the
# page cache do by themselves.
GROWTH_KB, GROWTH_SHARE = 6144, 0.1


class Soak:
    def __init__(self, folder, preload, seed):
        self.folder, self.preload, self.random = folder, preload, random.Random(seed)
        self.failures, self.requests = [], dict.fromkeys(targets.REQUESTS, 0)
        self.fetches = self.traces = 0
        self.stop = threading.Event()
        self.servers, self.ports, self.samples = {}, {}, {}

    def start(self):
        for name in targets.REQUESTS:
            folder = self.folder / name
            folder.mkdir()
            self.ports[name] = servers.free_port()
            kinds = "cpu,heap,mutex,block,wall" if name in HAVE_CPU_AT_EXIT else "heap,mutex,block"
            environment = run.environment(self.preload, folder, PREFLAME_TRACE="1", PREFLAME_PROFILE=kinds)
            self.servers[name] = servers.Server(targets.argv_of(name, self.ports[name], folder), self.ports[name],
                                                environment, folder)

    def fail(self, text):
        self.failures.append(text)

    def load(self, name):
        number = 0
        try:
            client = servers.Client(self.ports[name])
            while not self.stop.wait(PAUSE_S):
                number += 1
                if not targets.REQUESTS[name](client, number):
                    self.fail(f"{name}: wrong answer")
                self.requests[name] += 1
        except (OSError, ValueError, IndexError) as error:
            self.fail(f"{name}: request {number}: {error!r}")

    def pids(self, name):
        """The server's processes that serve: itself and its children."""
        top = self.servers[name].process.pid
        children = Path(f"/proc/{top}/task/{top}/children").read_text().split()
        return [top, *(int(pid) for pid in children)]

    def record(self, name, endpoint):
        """A second's trace of a running process."""
        trace = self.folder / f"trace{self.fetches}"
        command = self.preload.parents[1] / "bin" / "preflame"
        status, text = run.command([str(command), "record", "-o", str(trace), "--seconds=1", endpoint],
                                   run.environment(None, self.folder), self.folder, 60)
        if status != 0 or not list(trace.rglob("metadata")):
            self.fail(f"{name}: record: {status}: {text.strip()}")
        shutil.rmtree(trace, ignore_errors=True)
        self.traces += 1

    def get(self, name, endpoint, path):
        """One GET, whose answer must be whole."""
        url = f"/debug/{path[3:]}" if path.startswith("../") else f"/debug/pprof/{path}"
        samples = path in ("profile?seconds=1", "../fgprof?seconds=1")
        expected = 500 if samples and name in HAVE_CPU_AT_EXIT else 200
        try:
            connection = http.client.HTTPConnection("localhost", timeout=30)
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.settimeout(30)
            connection.sock.connect(endpoint)
            connection.request("GET", url)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != expected or not body:
                self.fail(f"{name}: {url}: status {answer.status} {body[:200]}")
            connection.close()
        except (OSError, http.client.HTTPException) as error:
            self.fail(f"{name}: {url}: {error!r}")

    def fetch(self):
        while not self.stop.wait(0.05):
            name = self.random.choice(list(self.servers))
            pid, path = self.random.choice(self.pids(name)), self.random.choice(PATHS)
            endpoint = str(self.folder / name / "run" / "preflame" / f"{pid}.sock")
            if path == RECORD:
                self.record(name, endpoint)
            else:
                self.get(name, endpoint, path)
            self.fetches += 1

    def sample(self, name, pid):
        status = Path(f"/proc/{pid}/status").read_text()
        values = [int(re.search(rf"{field}:\s+(\d+)", status)[1]) for field in ("VmRSS", "Threads")]
        descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        self.samples.setdefault((name, pid), []).append((values[0], descriptors, values[1]))

    def go(self, seconds):
        threads = [threading.Thread(target=self.load, args=(name,)) for name in self.servers for _ in range(CLIENTS)]
        threads.append(threading.Thread(target=self.fetch))
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + seconds
        try:
            while time.monotonic() < deadline:
                for name in self.servers:
                    for pid in self.pids(name):
                        self.sample(name, pid)
                time.sleep(SAMPLE_S)
        except OSError as error:
            self.fail(f"a process is gone: {error!r}")
        self.stop.set()
        for thread in threads:
            thread.join()

    def end(self):
        for name, server in self.servers.items():
            status = server.end()
            if status not in ("0", "-15"):
                self.fail(f"{name}: ended with {status}")

    def report(self):
        print(f"{'process':20} {'requests':>8} {'RSS kB':>17} {'descriptors':>13} {'threads':>11}")
        for (name, pid), rows in self.samples.items():
            early, late = rows[len(rows) // 4:len(rows) // 2 + 1], rows[len(rows) * 3 // 4:]
            texts, limits = [], (lambda value: max(GROWTH_KB, GROWTH_SHARE * value), lambda _: 0, lambda _: 0)
            for column, limit in enumerate(limits):
                first, last = (statistics.median_high(row[column] for row in part) for part in (early, late))
                texts.append(f"{first} -> {last}")
                if last - first > limit(first):
                    self.fail(f"{name}: {('memory', 'descriptors', 'threads')[column]} of {pid} grew: {texts[-1]}")
            print(f"{name + ' ' + str(pid):20} {self.requests[name]:8} {texts[0]:>17} {texts[1]:>13} {texts[2]:>11}")
        print(f"{self.fetches} fetched, {self.traces} of them traces; {len(self.failures)} failures")
        for text in self.failures[:20]:
            print(f"    {text}")


def isolated():
    """Starts over with a session daemon's folder and processes of its own, where the system allows: no other trace on
    the machine is disturbed, and nothing outlives the soak."""
    script = 'mkdir -p /run/lttng && mount -t tmpfs none /run/lttng && mount -t tmpfs none /dev/shm || exit 99; exec "$@"'
    prefix = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script, "sh"]
    if os.geteuid() == 0 and subprocess.run([*prefix, "true"], capture_output=True).returncode == 0:
        os.execvp(prefix[0], [*prefix, sys.executable, *sys.argv, "--here"])


def main():
    parser = argparse.ArgumentParser(prog="scripts/soak")
    parser.add_argument("--build", required=True)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.here:
        isolated()
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    soak = Soak(folder, Path(options.build) / "lib" / "libpreflame.so", options.seed)
    try:
        soak.start()
        soak.go(options.minutes * 60)
    finally:
        soak.end()
        shutil.rmtree(folder, ignore_errors=True)
    soak.report()
    return 1 if soak.failures or not soak.fetches or not all(soak.requests.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
