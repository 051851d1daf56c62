"""The classic walk-through: two maps of the demo server, with and without its log, told apart by `preflame diff` and the
profiles of locks. The log's reader is slow, so that its writers must wait."""

import contextlib
import fcntl
import os
import re
import subprocess
import threading

import pprof_reader
from conftest import COMMAND, PRELOAD, program

READY = re.compile(rb"listening on (http://127\.0\.0\.1:\d+)\n")


def preflame(*arguments):
    done = subprocess.run([COMMAND, *map(str, arguments)], capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@contextlib.contextmanager
def demo(runner, *options, **variables):
    """A demo server whose output is read slowly: 4 KiB each second."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    process = runner.start([program("demo-server"), "--port=0", "--mode=connection", *options], preload=PRELOAD, stdout=writing,
                           **variables)
    os.close(writing)
    url = READY.search(os.read(reading, 4096)).group(1).decode()
    is_over = threading.Event()

    def drain():
        while os.read(reading, 4096):
            is_over.wait(1)

    reader = threading.Thread(target=drain)
    reader.start()
    yield process, url
    is_over.set()
    process.terminate()
    assert process.wait(timeout=20) == 0
    reader.join()
    os.close(reading)


def load(url, seconds):
    """Eight clients, until the time is over."""
    done = subprocess.run(["wrk", "-t1", "-c8", f"-d{seconds}s", "--timeout=20s", url], capture_output=True, text=True,
                          timeout=60, check=True)
    assert int(re.search(r"(\d+) requests in", done.stdout).group(1)) > 8


def profiled(runner, tmp_path, name, options, path="/hello", kinds=("mutex", "block"), seconds=2, **variables):
    """kind -> the path of its profile, after load."""
    with demo(runner, *options, **variables) as (process, url):
        load(url + path, seconds)
        for kind in kinds:
            preflame("profile", process.pid, f"--type={kind}", "-o", tmp_path / f"{name}.{kind}.pprof")
    return {kind: tmp_path / f"{name}.{kind}.pprof" for kind in kinds}


def shares(before, after, sample):
    """Function -> its share of the sum before and after, in percent, as `preflame diff` shows them."""
    text = preflame("diff", before, after, "--sample", sample, "--rows=1000")
    return {row[2]: (float(row[0]), float(row[1])) for row in
            re.findall(r"^ +\S+(?: \w+)? +\S+(?: \w+)? +([\d.]+)% +\S+(?: \w+)? +([\d.]+)% .*?  (\S+)$", text, re.M)}


def test_the_diff_shows_which_map_allocates(runner, tmp_path):
    maps = {kind: profiled(runner, tmp_path, kind, [f"--map={kind}"], kinds=["allocs", "heap"], seconds=1,
                           PREFLAME_HEAP_INTERVAL=512) for kind in ("pointer", "value")}
    objects = shares(maps["pointer"]["heap"], maps["value"]["heap"], "inuse_objects")
    assert objects["__strdup"][0] > 50
    # By number: of the few objects that the other map leaves, a single sample may be most.
    copies = {kind: pprof_reader.read(maps[kind]["heap"]).cumulative("__strdup", "inuse_objects") for kind in maps}
    assert copies["value"] < 0.2 * copies["pointer"]
    assert objects["user_node_new"][0] > 5 and objects.get("user_node_new", (0, 0))[1] == 0
    space = shares(maps["pointer"]["heap"], maps["value"]["heap"], "inuse_space")
    assert space["users_value_build"][0] == 0 and space["users_value_build"][1] > 20
    built = {kind: pprof_reader.read(maps[kind]["allocs"]).cumulative(f"users_{kind}_build", "alloc_objects")
             for kind in maps}
    assert built["pointer"] > 100 * built["value"] > 0
    assert "users_value_build" in preflame("diff", maps["pointer"]["heap"], maps["value"]["heap"], "--format=svg")


def of_lock(profile, reason):
    """Function -> delay below it, of the waits for that reason."""
    result = {}
    for sample in profile.samples:
        if sample.labels.get("reason") == reason:
            for function in set(sample.stack):
                result[function] = result.get(function, 0) + sample.values[1]
    return result


def test_the_lock_of_the_log_is_on_top_of_mutex_and_block(runner, tmp_path):
    silent = profiled(runner, tmp_path, "silent", [], seconds=1)
    logged = profiled(runner, tmp_path, "logged", ["--log"])
    for kind in ("mutex", "block"):
        without, with_log = (of_lock(pprof_reader.read(paths[kind]), "mutex") for paths in (silent, logged))
        assert "request_log_print" not in without
        total = pprof_reader.read(logged[kind])
        delays = sum(sample.values[1] for sample in total.samples if sample.labels["reason"] == "mutex")
        assert with_log["request_log_print"] > 0.9 * delays > 100_000_000
    first = re.findall(r"^ +\S+ \S+ +[\d.]+% .*%  (\S+)$", preflame("view", logged["mutex"], "--format=text"), re.M)[0]
    assert first == "request_log_print"
    assert "request_log_print" in preflame("diff", silent["mutex"], logged["mutex"], "--rows=1")


def test_stdio_s_own_lock_inside_printf_is_on_top_too(runner, tmp_path):
    paths = profiled(runner, tmp_path, "printing", [], path="/test")
    for kind in ("mutex", "block"):
        profile = pprof_reader.read(paths[kind])
        printing = of_lock(profile, "stdio")
        delays = sum(sample.values[1] for sample in profile.samples if sample.labels["reason"] == "stdio")
        assert delays > 100_000_000
        assert printing["greeter_main"] > 0.9 * delays
