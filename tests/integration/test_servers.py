"""Real servers under the preload, all profiles at once and load: every request succeeds, and the names are right."""

import contextlib
import re
import shutil
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import pprof_reader
import pytest
from conftest import PRELOAD, fetch_unix, free_port, pprof_top, wait_until

PROFILE_SECONDS = 4
LOAD_SECONDS = 9

# Every wait and call, and a block in so many bytes that all of a server's are seen.
ALL = {"PREFLAME_HEAP_INTERVAL": 4096, "PREFLAME_BLOCK_RATE": 1, "PREFLAME_MUTEX_FRACTION": 1}
KINDS = ("heap", "allocs", "block", "mutex", "goroutine", "threadcreate", "syscall", "io")

NGINX_CONFIG = """
daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
{user}
events {{ worker_connections 128; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fast;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port} reuseport; root {folder}/www; }}
}}
"""

PYTHON_SERVER = """
import threading, sys

def python_work(count):
    total = 0
    for i in range(count):
        total += i * i % 7
    return total

def serve():
    while True:
        python_work(20000)

for _ in range(4):
    threading.Thread(target=serve, daemon=True).start()
for line in sys.stdin:
    print(python_work(int(line)), flush=True)
"""


OF_LIBC = re.compile(r"/(ld-linux|libc\.|libm\.|libdl|libpthread|librt|libresolv|libnss|libcrypt)")


@contextlib.contextmanager
def going_on(work):
    """Does it again and again beside the block, to the end of the round in which that ends: the rounds' results."""
    stop, results = threading.Event(), []

    def rounds():
        while not stop.is_set():
            results.append(work())

    thread = threading.Thread(target=rounds)
    thread.start()
    try:
        yield results
    finally:
        stop.set()
        thread.join(timeout=60)


def copied(name, folder):
    """A private copy of a server's binary and of its libraries, so that they can be taken away afterwards."""
    path = shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/bin")
    if path is None:
        pytest.fail(f"{name} is not installed: run scripts/setup test")
    (folder / "lib").mkdir(parents=True, exist_ok=True)
    needed = subprocess.run(["ldd", path], check=True, capture_output=True, text=True).stdout
    for library in re.findall(r"=> (/\S+)", needed):
        if not OF_LIBC.search(library):
            shutil.copy(library, folder / "lib")
    return shutil.copy(path, folder / name)


def is_stripped(path):
    sections = subprocess.run(["readelf", "-SW", str(path)], check=True, capture_output=True, text=True).stdout
    return ".symtab" not in sections


def is_listening(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


def everything(socket_path, seconds=PROFILE_SECONDS):
    """All profiles of a process: those of the next seconds at the same time, then the sums and states: by name."""
    def get(url):
        status, _, body = fetch_unix(socket_path, url)
        assert status == 200, (url, body)
        return pprof_reader.decode(body), body

    timed = {name: f"/debug/pprof/{name}?seconds={seconds}" for name in ("profile", "heap", "block", "mutex")}
    sums = {name: f"/debug/pprof/{name}" for name in KINDS} | {"wall": "/debug/fgprof?seconds=1"}
    answers = {}
    with ThreadPoolExecutor(len(sums)) as pool:
        for urls in (timed, sums):
            answers |= dict(zip(urls, pool.map(get, urls.values())))
    return answers


def names(profile, contains):
    return {name for name in profile.names() if contains in name}


def profile_processes(runner, pids):
    """All profiles of several processes over the same seconds, each process by its own socket."""
    for pid in pids:
        wait_until(runner.socket_of(pid).exists, what=f"the socket of process {pid}")
    with ThreadPoolExecutor(len(pids)) as pool:
        return list(pool.map(lambda pid: everything(runner.socket_of(pid)), pids))


def of_kind(answers, kind):
    """The bodies of one kind of profile."""
    return [answer[kind][1] for answer in answers]


def share(bodies, name):
    """What part of the CPU time was spent in a function and below."""
    profiles = [pprof_reader.decode(body) for body in bodies]
    return (sum(profile.cumulative(name, "cpu") for profile in profiles) /
            sum(profile.total("cpu") for profile in profiles))


def check_names(runner, bodies, names, binaries):
    """Names of the server are on top, in our decoder and in pprof, also when binaries and libraries are gone."""
    assert sum(pprof_reader.decode(body).total("samples") for body in bodies) > 20
    texts = []
    for number, body in enumerate(bodies):
        path = runner.folder / f"server{number}.pprof"
        path.write_bytes(body)
        texts.append(pprof_top(path, runner.folder))
    functions = [line.split(maxsplit=5)[5].removesuffix(" (inline)") for text in texts for line in text.splitlines()
                 if re.match(r"\s*[\d.]+\w* +[\d.]+% ", line)]
    assert any(re.search(names, function) for function in functions[:25]), functions
    binaries.rename(binaries.with_name("moved-away"))
    again = [pprof_top(runner.folder / f"server{number}.pprof", runner.folder) for number in range(len(bodies))]
    assert again == texts
    return functions


def test_nginx(runner, port):
    binaries = runner.folder / "bin"
    nginx = copied("nginx", binaries)
    (runner.folder / "www").mkdir()
    (runner.folder / "www" / "index.html").write_text("hello " * 200)
    config = runner.folder / "nginx.conf"
    user = "user root;" if (runner.folder.stat().st_uid == 0) else ""
    config.write_text(NGINX_CONFIG.format(folder=runner.folder, port=port, user=user))
    server = runner.start([nginx, "-c", config, "-e", runner.folder / "error.log"], preload=PRELOAD,
                          stderr=subprocess.DEVNULL, LD_LIBRARY_PATH=binaries / "lib", **ALL)
    wait_until(lambda: is_listening(port), what="nginx")
    workers = wait_until(lambda: len(children_of(server.pid)) == 2 and children_of(server.pid), what="two workers")
    load = runner.start(["wrk", "-t2", "-c16", f"-d{LOAD_SECONDS}s", f"http://127.0.0.1:{port}/index.html"],
                        stdout=subprocess.PIPE)
    answers = profile_processes(runner, workers)
    report = load.communicate(timeout=LOAD_SECONDS + 30)[0].decode()
    assert load.returncode == 0
    assert "Socket errors" not in report and "Non-2xx" not in report, report
    assert int(re.search(r"(\d+) requests in", report).group(1)) > 1000
    assert children_of(server.pid) == workers, "a worker died"
    check_names(runner, of_kind(answers, "profile"), r"^ngx_", binaries)
    assert share(of_kind(answers, "profile"), "ngx_http_core_run_phases") > 0.4
    for answer in answers:
        assert names(answer["allocs"][0], "ngx_create_pool") and names(answer["wall"][0], "ngx_process_events_and_timers")
        for kind in ("syscall", "io"):
            assert names(answer[kind][0], "ngx_http_"), answer[kind][0].names()
        assert names(answer["block"][0], "ngx_process_events_and_timers")
    server.terminate()
    assert server.wait(timeout=15) == 0


def test_redis(runner, port):
    binaries = runner.folder / "bin"
    redis = copied("redis-server", binaries)
    server = runner.start([redis, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                           "--dir", runner.folder], preload=PRELOAD, stdout=subprocess.DEVNULL,
                          LD_LIBRARY_PATH=binaries / "lib", **ALL)
    wait_until(lambda: is_listening(port), what="redis")
    # Sixteen requests a message: its time goes into commands, not into the kernel's sockets.
    benchmark = ["redis-benchmark", "-h", "127.0.0.1", "-p", port, "-c", "20", "-P", "16", "-t", "set,get", "-q"]
    with going_on(lambda: runner.run([*benchmark, "-n", "300000"])) as reports:
        [answer] = profile_processes(runner, [server.pid])
    bodies = [answer["profile"][1]]
    assert reports
    for outcome in reports:
        assert outcome.status == 0, outcome.stderr
        assert "rror" not in outcome.stdout + outcome.stderr
    check_names(runner, bodies, r"^(processCommand|call|lookupKey|dictFind|processMultibulkBuffer)$", binaries)
    assert share(bodies, "processCommand") > 0.15 and share(bodies, "call") > 0.1
    assert names(answer["allocs"][0], "setCommand") and names(answer["io"][0], "readQueryFromClient")
    assert names(answer["block"][0], "aeMain") and names(answer["wall"][0], "aeMain")
    assert names(answer["goroutine"][0], "bioProcessBackgroundJobs") and names(answer["threadcreate"][0], "bioInit")
    server.terminate()
    assert server.wait(timeout=15) == 0


def memcached_client(port, stop, counts, failures):
    """Sets and gets until told to stop; every answer is checked."""
    value = b"v" * 200
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        answers = connection.makefile("rb")
        number = 0
        while not stop.is_set():
            key = b"key%d" % (number % 100)
            connection.sendall(b"set %s 0 0 200\r\n%s\r\nget %s\r\n" % (key, value, key))
            expected = [b"STORED\r\n", b"VALUE %s 0 200\r\n" % key, value + b"\r\n", b"END\r\n"]
            if [answers.readline() for _ in expected] != expected:
                failures.append(number)
            number += 1
    counts.append(number)


def test_memcached(runner, port):
    binaries = runner.folder / "bin"
    memcached = copied("memcached", binaries)
    server = runner.start([memcached, "-u", "root", "-l", "127.0.0.1", "-p", port, "-U", "0", "-t", "2", "-m", "16"],
                          preload=PRELOAD, PREFLAME_CPU_HZ=250, LD_LIBRARY_PATH=binaries / "lib", **ALL)
    wait_until(lambda: is_listening(port), what="memcached")
    stop, counts, failures = threading.Event(), [], []
    clients = [threading.Thread(target=memcached_client, args=(port, stop, counts, failures)) for _ in range(4)]
    for client in clients:
        client.start()
    try:
        [answer] = profile_processes(runner, [server.pid])
    finally:
        stop.set()
        for client in clients:
            client.join(timeout=30)
    assert failures == [] and len(counts) == len(clients) and sum(counts) > 1000
    bodies = [answer["profile"][1]]
    for kind, name in (("wall", "event_base_loop"), ("block", "event_base_loop"), ("threadcreate", "memcached+"),
                       ("io", "memcached+"), ("syscall", "memcached+")):
        assert names(answer[kind][0], name), (kind, answer[kind][0].names())
    # Debian strips it, and it exports nothing: there are no names of its own functions anywhere, but their places.
    own = r"^memcached\+0x[0-9a-f]+$" if is_stripped(memcached) else r"^(drive_machine|process_command\w*|do_item_get)$"
    functions = check_names(runner, bodies, own, binaries)
    assert share(bodies, "event_base_loop") > 0.5
    assert any(re.search(r"^(sendmsg|__libc_sendmsg|read|__libc_read|epoll_wait|recv\w*)$", name)
               for name in functions), functions
    server.terminate()
    server.wait(timeout=15)


def test_python_with_threads(runner):
    binaries = runner.folder / "bin"
    python = copied("python3", binaries)
    script = runner.folder / "server.py"
    script.write_text(PYTHON_SERVER)
    server = runner.start([python, "-S", script], preload=PRELOAD, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          PYTHONHOME="/usr", LD_LIBRARY_PATH=binaries / "lib", **ALL)
    expected = sum(i * i % 7 for i in range(5000))

    def ask():
        server.stdin.write(b"5000\n")
        server.stdin.flush()
        return int(server.stdout.readline())

    with going_on(ask) as answers:
        [profiles] = profile_processes(runner, [server.pid])
    assert len(answers) > 20 and set(answers) == {expected}
    bodies = [profiles["profile"][1]]
    for kind in ("goroutine", "wall", "allocs"):
        assert names(profiles[kind][0], "_PyEval_EvalFrameDefault"), (kind, profiles[kind][0].names())
    assert names(profiles["block"][0], "take_gil") or names(profiles["block"][0], "PyEval_")
    assert names(profiles["threadcreate"][0], "PyThread_start_new_thread")
    functions = check_names(runner, bodies, r"^_PyEval_EvalFrameDefault$", binaries)
    assert "_PyEval_EvalFrameDefault" in functions[:3]
    assert share(bodies, "_PyEval_EvalFrameDefault") > 0.9
    server.stdin.close()
    assert server.wait(timeout=15) == 0


def test_http_port_serves_profiles_to_go_tool_pprof(runner, port):
    http_port = free_port()
    redis = copied("redis-server", runner.folder / "bin")
    server = runner.start([redis, "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", runner.folder],
                          preload=PRELOAD, stdout=subprocess.DEVNULL, PREFLAME_HTTP=http_port)
    wait_until(lambda: is_listening(port) and is_listening(http_port), what="redis and the profile port")
    load = runner.start(["redis-benchmark", "-h", "127.0.0.1", "-p", port, "-c", "10", "-n", "300000", "-t", "set", "-q"],
                        stdout=subprocess.DEVNULL)
    text = pprof_top(f"http://127.0.0.1:{http_port}/debug/pprof/profile?seconds=2", runner.folder)
    assert "Type: cpu" in text and "flat%" in text
    assert load.wait(timeout=60) == 0
    server.terminate()
    assert server.wait(timeout=15) == 0
