"""/metrics, read as strictly as the text format 0.0.4 is written down."""

import re
import subprocess

from conftest import PRELOAD, fetch_unix, program, wait_until

HELP = re.compile(r"# HELP ([a-z_]+) (\S.*)")
TYPE = re.compile(r"# TYPE ([a-z_]+) (counter|gauge)")
SAMPLE = re.compile(r'([a-z_]+)(\{[a-z_]+="(?:[^"\\\n]|\\["\\n])*"\})? (\d+(?:\.\d+)?)')


def parse(text):
    """(name, labels) -> number. Each family stands once and whole: HELP, TYPE, its samples."""
    assert text.endswith("\n") and "\r" not in text
    lines, families, result = iter(text.splitlines()), {}, {}
    name = None
    for line in lines:
        if line.startswith("#"):
            name = HELP.fullmatch(line).group(1)
            assert name not in families, f"{name} stands twice"
            named = TYPE.fullmatch(next(lines))
            assert named.group(1) == name
            families[name] = named.group(2)
            assert (families[name] == "counter") == name.endswith("_total")
        else:
            sample = SAMPLE.fullmatch(line)
            assert sample and sample.group(1) == name, line
            assert (name, sample.group(2)) not in result, line
            result[name, sample.group(2)] = float(sample.group(3))
    assert {name for name, _ in result} == set(families), "a family without a sample"
    return result


def test_metrics_tell_costs_counts_and_losses(runner):
    process = runner.start(["/bin/cat"], preload=PRELOAD, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                           LC_ALL="de_DE.UTF-8")
    path = runner.socket_of(process.pid)
    wait_until(path.exists, what="the socket")
    status, headers, body = fetch_unix(path, "/metrics")
    assert status == 200
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    numbers = parse(body.decode())
    assert 0 < numbers["preflame_memory_bytes", None] <= numbers["preflame_memory_max_bytes", None] == 384 << 20
    assert numbers["preflame_process_seconds_total", None] > 0
    assert numbers["preflame_cpu_profiling", None] == numbers["preflame_tracing", None] == 0
    assert ("preflame_profile_stacks", '{profile="heap"}') in numbers
    losses = fetch_unix(path, "/debug/preflame/self")[2].decode()
    reasons = [labels for name, labels in numbers if name == "preflame_lost_total"]
    assert len(reasons) > 10 and all(re.search(rf"^{reason[9:-2]}: \d+$", losses, re.M) for reason in reasons)


def test_counters_grow_with_what_they_count(runner):
    process = runner.start([program("burn_split"), "2", "4"], preload=PRELOAD, stdout=subprocess.DEVNULL)
    path = runner.socket_of(process.pid)
    wait_until(path.exists, what="the socket")
    before = parse(fetch_unix(path, "/metrics")[2].decode())
    assert fetch_unix(path, "/debug/pprof/profile?seconds=1")[0] == 200
    after = parse(fetch_unix(path, "/metrics")[2].decode())
    assert after["preflame_samples_total", None] > before["preflame_samples_total", None]
    assert after["preflame_handler_seconds_total", None] > before["preflame_handler_seconds_total", None]
    assert all(after[key] >= before[key] for key in before if key[0].endswith("_total"))
