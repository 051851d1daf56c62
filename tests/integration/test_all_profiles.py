"""PostgreSQL, Node.js and a Rust program under load and all profiles at once: right answers, right names."""

import contextlib
import http.client
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import PRELOAD, pprof_top, wait_until
from test_servers import ALL, children_of, everything, going_on, is_listening, names

POSTGRES = Path("/usr/lib/postgresql/15/bin")

NODE_SERVER = """
const http = require('http');
const port = Number(process.argv[2]);
function fibonacciOf(n) { return n < 2 ? n : fibonacciOf(n - 1) + fibonacciOf(n - 2); }
http.createServer((request, response) => {
  response.end(String(fibonacciOf(Number(request.url.slice(1)))));
}).listen(port, '127.0.0.1');
"""

RUST_PROGRAM = """
use std::io::BufRead;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub mod shop {
    use super::*;

    pub struct Counter { pub value: u64 }

    impl Counter {
        #[inline(never)]
        pub fn spin_for(&mut self, time: Duration) {
            let start = Instant::now();
            while start.elapsed() < time { self.value = self.value.wrapping_mul(31).wrapping_add(7); }
        }
    }

    #[inline(never)]
    pub fn take_turns(shared: &Mutex<(u64, Counter)>) {
        let mut guard = shared.lock().unwrap();
        guard.0 += 1;
        guard.1.spin_for(Duration::from_micros(500));
    }

    #[inline(never)]
    pub fn grow(kept: &mut Vec<Vec<u8>>) { kept.push(vec![1; 10_000]); }
}

fn main() {
    let shared = Arc::new(Mutex::new((0, shop::Counter { value: 1 })));
    for line in std::io::stdin().lock().lines() {
        let rounds: usize = line.unwrap().parse().unwrap();
        let threads: Vec<_> = (0..4).map(|_| {
            let shared = shared.clone();
            std::thread::spawn(move || {
                let mut kept = Vec::new();
                for _ in 0..rounds { shop::take_turns(&shared); shop::grow(&mut kept); }
                kept.len()
            })
        }).collect();
        let kept: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        println!("{} {}", kept, shared.lock().unwrap().0);
    }
}
"""


@contextlib.contextmanager
def of_postgres():
    """A folder of the user that may run PostgreSQL, and the words that run a command as that user."""
    if os.geteuid() != 0:
        prefix, user = [], pwd.getpwuid(os.geteuid())
    else:
        prefix, user = ["runuser", "-u", "postgres", "--"], pwd.getpwnam("postgres")
    folder = Path(tempfile.mkdtemp(prefix="preflame-pg-"))
    os.chown(folder, user.pw_uid, user.pw_gid)
    try:
        yield folder, prefix
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def note_backends(runner, postmaster, found):
    """Adds the processes that change rows for a client now, and can be asked."""
    for pid in children_of(postmaster):
        with contextlib.suppress(OSError):
            if b"[local] UPDATE" in Path(f"/proc/{pid}/cmdline").read_bytes() and runner.socket_of(pid).exists():
                found.add(pid)
    return len(found) == 4


def test_postgresql(runner):
    with of_postgres() as (folder, prefix):
        def call(*words, **extra):
            done = subprocess.run([*prefix, *map(str, words)], capture_output=True, text=True, timeout=60, cwd=folder, **extra)
            assert done.returncode == 0, done.stderr
            return done.stdout

        call(POSTGRES / "initdb", "-D", folder / "data", "--no-sync", "-A", "trust", "-U", "postgres", "--locale=C")
        runner.runtime_folder = folder / "run"
        call("mkdir", "-m", "700", folder / "run")
        server = runner.start([*prefix, "env", f"LD_PRELOAD={PRELOAD}", *(f"{key}={value}" for key, value in ALL.items()),
                               POSTGRES / "postgres", "-D", folder / "data", "-k", folder, "-c", "listen_addresses=",
                               "-c", "fsync=off"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        client = ["-h", str(folder), "-U", "postgres"]
        wait_until(lambda: subprocess.run([POSTGRES / "pg_isready", *client], capture_output=True).returncode == 0,
                   what="PostgreSQL")
        # runuser stays as the parent
        postmaster = children_of(server.pid)[0] if prefix else server.pid
        call(POSTGRES / "pgbench", *client, "-i", "-q", "-s", "1", "postgres")
        load = subprocess.Popen([*prefix, POSTGRES / "pgbench", *client, "-n", "-c", "4", "-j", "2", "-T", "8", "postgres"],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder)
        backends = set()
        wait_until(lambda: note_backends(runner, postmaster, backends), what="four backends")
        with ThreadPoolExecutor(len(backends)) as pool:
            answers = list(pool.map(lambda pid: everything(runner.socket_of(pid)), backends))
        report = load.communicate(timeout=60)[0]
        assert load.returncode == 0 and "number of failed transactions: 0" in report, report
        assert "ERROR" not in report and "FATAL" not in report, report
        sums = call("psql", *client, "-At", "-c", "select (select sum(abalance) from pgbench_accounts), (select sum(tbalance) "
                    "from pgbench_tellers), (select sum(bbalance) from pgbench_branches), (select sum(delta) from "
                    "pgbench_history)", "postgres").strip().split("|")
        assert len(sums) == 4 and len(set(sums)) == 1, sums
        server.send_signal(signal.SIGTERM) if not prefix else os.kill(postmaster, signal.SIGINT)
        assert server.wait(timeout=30) == 0
    cpu = [answer["profile"][0] for answer in answers]
    assert sum(profile.cumulative("PostgresMain", "cpu") for profile in cpu) > 0.8 * sum(profile.total("cpu") for profile in cpu)
    assert all("AllocSetContextCreateInternal" in answer["heap"][0].names() for answer in answers)
    # One branch for four clients: they wait for each other, in a semaphore in shared memory.
    assert any(names(answer["block"][0], "PGSemaphoreLock") for answer in answers)
    assert all(names(answer["wall"][0], "PostgresMain") for answer in answers)


def test_node(runner, port):
    script = runner.folder / "server.js"
    script.write_text(NODE_SERVER)
    node = shutil.which("node", path="/usr/bin:/usr/local/bin")
    if not node:
        pytest.fail("node is not installed: run scripts/setup test")
    server = runner.start([node, "--perf-basic-prof", script, port], preload=PRELOAD, **ALL)
    wait_until(lambda: is_listening(port), what="node")

    def ask():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/24")
        answer = connection.getresponse().read()
        connection.close()
        return answer

    try:
        for _ in range(50):
            ask()  # until it is compiled
        with going_on(ask) as seen:
            answers = everything(runner.socket_of(server.pid))
    finally:
        server.terminate()
        server.wait(timeout=15)
        Path(f"/tmp/perf-{server.pid}.map").unlink(missing_ok=True)
    assert len(seen) > 20 and set(seen) == {b"46368"}
    profile, body = answers["profile"]
    own = names(profile, "fibonacciOf")
    assert own and sum(profile.cumulative(name, "cpu") for name in own) > 0.2 * profile.total("cpu"), profile.flat("cpu")
    (runner.folder / "node.pprof").write_bytes(body)
    assert "fibonacciOf" in pprof_top(runner.folder / "node.pprof", runner.folder)
    assert names(answers["heap"][0], "node::") and names(answers["threadcreate"][0], "uv_thread_create")
    assert names(answers["goroutine"][0], "uv_run") or names(answers["wall"][0], "uv_run")


def test_rust(runner):
    source, binary = runner.folder / "shop.rs", runner.folder / "shop"
    source.write_text(RUST_PROGRAM)
    if not Path("/usr/bin/rustc").exists():
        pytest.fail("rustc is not installed: run scripts/setup test")
    subprocess.run(["/usr/bin/rustc", "-O", "-g", "-o", binary, source], check=True, timeout=120)
    process = runner.start([binary], preload=PRELOAD, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **ALL)
    rounds, total = 200, 0

    def ask():
        process.stdin.write(b"%d\n" % rounds)
        process.stdin.flush()
        return process.stdout.readline().decode().split()

    with going_on(ask) as lines:
        wait_until(runner.socket_of(process.pid).exists, what="the socket")
        answers = everything(runner.socket_of(process.pid))
    for line in lines:
        total += 4 * rounds
        assert line == [str(4 * rounds), str(total)]
    process.stdin.close()
    assert process.wait(timeout=15) == 0
    profile = answers["profile"][0]
    assert profile.cumulative("shop::shop::Counter::spin_for", "cpu") > 0.5 * profile.total("cpu"), profile.flat("cpu")
    assert profile.cumulative("shop::shop::take_turns", "cpu") >= profile.cumulative("shop::shop::Counter::spin_for", "cpu")
    assert answers["allocs"][0].cumulative("shop::shop::grow", "alloc_space") > 10_000
    assert names(answers["block"][0], "Thread::join") and names(answers["threadcreate"][0], "shop::main")
    assert answers["wall"][0].cumulative("shop::shop::take_turns", "wall") > 0
