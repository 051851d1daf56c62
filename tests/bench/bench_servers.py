"""nginx and redis under load: CPU time of all their processes per request served."""
import contextlib
import os
import pathlib
import random
import signal
import socket
import subprocess
import time

CONNECTIONS = 16
SLICE_REQUESTS = 3200
NGINX_CONFIG = """
daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/error.log; {user}
events {{ worker_connections 256; }}
http {{
    access_log off; keepalive_requests 1000000000;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{port} reuseport; root {folder}/www; }}
}}
"""


class Failure(Exception):
    """A measurement that could not be made, in one line."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def stat_of(pid):
    """(comm, parent pid) of a process, or None when it is gone."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    comm = text[text.index("(") + 1:text.rindex(")")]
    fields = text[text.rindex(")") + 2:].split()
    return comm, int(fields[1])


def cpu_s_of(pid):
    """The CPU time of all threads of a process, in user mode and in the kernel, by its clock: ticks of 10 ms are coarse
    for what is a second."""
    cpuclock_sched = 2
    return time.clock_gettime(~pid << 3 | cpuclock_sched)


def family(top, comm):
    """`top` and all that descend from it and are called `comm`: pid -> CPU seconds."""
    stats = {int(name): stat_of(int(name)) for name in os.listdir("/proc") if name.isdigit()}
    stats = {pid: stat for pid, stat in stats.items() if stat}
    members, frontier = set(), {top}
    while frontier:
        members |= frontier
        frontier = {pid for pid, stat in stats.items() if stat[1] in frontier} - members
    return {pid: cpu_s_of(pid) for pid in members if pid in stats and stats[pid][0] == comm}


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Failure(what)
        time.sleep(0.02)


def is_listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Server:
    """A server under one column's tool; a context manager that always ends it."""

    def __init__(self, column, words, comm, processes, scratch, port):
        self.comm, self.processes, self.port = comm, processes, port
        command, environment = column.command(words, scratch)
        self.log = open(scratch / "server.log", "wb")
        self.process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=self.log,
                                        stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)

    def __enter__(self):
        try:
            wait_until(self.is_ready, 20, f"{self.comm} did not start listening on port {self.port}")
        except Failure:
            self.__exit__()
            raise
        return self

    def is_ready(self):
        if self.process.poll() is not None:
            raise Failure(f"{self.comm} ended at once with status {self.process.returncode}")
        return is_listening(self.port) and len(family(self.process.pid, self.comm)) >= self.processes

    def cpu_s(self):
        """pid -> CPU seconds until now."""
        return family(self.process.pid, self.comm)

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def run_load(words):
    result = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=120)
    if result.returncode:
        raise Failure(f"{words[0]} failed: {(result.stderr or result.stdout).strip().splitlines()[-1:]}")
    return result.stdout


def load_nginx(port, requests):
    """So many GETs over sixteen connections, one in flight on each."""
    answer = run_load(["h2load", "--h1", "-n", requests, "-c", CONNECTIONS, "-t", 1, f"http://127.0.0.1:{port}/file.html"])
    if f"{requests} succeeded, 0 failed" not in answer:
        raise Failure("some requests to nginx failed")


def load_redis(port, requests):
    """So many GETs in the same way."""
    run_load(["redis-benchmark", "-p", port, "-t", "get", "-n", requests, "-c", CONNECTIONS, "-q"])


def start_nginx(column, scratch):
    port = free_port()
    (scratch / "www").mkdir()
    (scratch / "www/file.html").write_text("x" * 1024)
    user = "user root;" if os.geteuid() == 0 else ""
    (scratch / "nginx.conf").write_text(NGINX_CONFIG.format(folder=scratch, port=port, user=user))
    words = ["nginx", "-p", scratch, "-e", scratch / "error.log", "-c", scratch / "nginx.conf"]
    return Server(column, words, "nginx", 3, scratch, port)


def start_redis(column, scratch):
    port = free_port()
    words = ["redis-server", "--bind", "127.0.0.1", "--port", port, "--save", "", "--dir", scratch]
    return Server(column, words, "redis-server", 1, scratch, port)


KINDS = {"nginx": (start_nginx, load_nginx), "redis": (start_redis, load_redis)}


def ns_per_request(server, load):
    """Loads a running server for a slice, and returns its own CPU time per request in ns."""
    before = server.cpu_s()
    load(server.port, SLICE_REQUESTS)
    after = server.cpu_s()
    if set(before) != set(after):
        raise Failure(f"a {server.comm} process ended under load")
    return (sum(after.values()) - sum(before.values())) * 1e9 / SLICE_REQUESTS


def pairs_of_requests(kind, columns, scratches, count):
    """Starts the server under each of two columns, loads them in turns by slices of a tenth of a second or so, and
    returns `count` pairs of their CPU times per request in ns. Both live all the time, and slices are short: what
    changes on the machine meets both."""
    start, load = KINDS[kind]
    with contextlib.ExitStack() as both:
        # In one order or the other: what the earlier start has for itself must not always be the same column's.
        started = {place: both.enter_context(start(columns[place], scratches[place])) for place in random.sample((0, 1), 2)}
        first, second = started[0], started[1]
        for server in started.values():
            load(server.port, 5 * SLICE_REQUESTS)  # warm: caches, lazily bound symbols, preflame's first samples
        pairs = []
        for number in range(count):
            order = (first, second) if number % 2 == 0 else (second, first)
            values = {server: ns_per_request(server, load) for server in order}
            pairs.append((values[first], values[second]))
        return pairs
