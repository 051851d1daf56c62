"""The LTTng provider, seen from a reader of its traces: every event, field and channel, and the state dump's callback.

PREFLAME_BUILD names the build folder (default: build/release). Each test has its own /run and /dev/shm in a mount
namespace, so that no session daemon of this machine is met or disturbed."""
import collections
import os
import pathlib
import subprocess

import bt2
import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("PREFLAME_BUILD", REPOSITORY / "build" / "release")).resolve()
PREFLAME = BUILD / "bin" / "preflame"
DRIVER = BUILD / "bin" / "provider_driver"
PROVIDER = BUILD / "lib" / "libpreflame-lttng.so"
IS_ROOT = os.geteuid() == 0
LIMIT_S = 60  # for anything that must not hang
# provider_driver is itself the provider's one host: the preload, which record adds, must keep out of it.
ENVIRONMENT = {**os.environ, "PREFLAME": "off"}

Event = collections.namedtuple("Event", "name fields vpid vtid channel")


class Sandbox:
    """A mount namespace with its own /run and /dev/shm; commands enter it one by one."""

    def __init__(self, folder, shm_options="size=256m"):
        self.folder = folder
        mounts = f"mount -t tmpfs -o mode=755 t /run && mount -t tmpfs -o mode=1777,{shm_options} t /dev/shm"
        self.holder = subprocess.Popen(
            ["unshare", *([] if IS_ROOT else ["-r"]), "-m", "sh", "-c", f"{mounts} && echo ready && exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.holder.stdout.readline() != b"ready\n":
            pytest.fail("no mount namespaces here")

    def command(self, *arguments):
        enter = ["nsenter", *([] if IS_ROOT else ["-U", "--preserve-credentials"]), "-m", "-r", "-t", str(self.holder.pid)]
        return [*enter, "sh", "-c", 'cd "$0" && exec "$@"', str(self.folder), *map(str, arguments)]

    def run(self, *arguments, **options):
        options = {"capture_output": True, "text": True, "timeout": LIMIT_S, "env": ENVIRONMENT, **options}
        return subprocess.run(self.command(*arguments), **options)

    def popen(self, *arguments, **options):
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        options = {**pipes, "text": True, "env": ENVIRONMENT, **options}
        return subprocess.Popen(self.command(*arguments), **options)

    def lttng(self, *arguments):
        done = self.run("lttng", "--no-sessiond", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start_daemon(self):
        done = self.run("lttng-sessiond", "--daemonize", "--no-kernel")
        assert done.returncode == 0, done.stderr

    def daemon_pids(self, name="lttng-sessiond"):
        """Processes named so (or beginning so) whose /run is ours."""
        inside = os.readlink(f"/proc/{self.holder.pid}/ns/mnt")
        pids = []
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if (entry / "comm").read_text().startswith(name) and os.readlink(entry / "ns/mnt") == inside:
                    pids.append(int(entry.name))
            except OSError:
                continue  # it ended meanwhile
        return pids

    def close(self):
        inside = os.readlink(f"/proc/{self.holder.pid}/ns/mnt")
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(entry / "ns/mnt") == inside and int(entry.name) != self.holder.pid:
                    os.kill(int(entry.name), 9)
            except OSError:
                continue
        self.holder.stdin.close()
        self.holder.wait(LIMIT_S)
        self.holder.stdout.close()


@pytest.fixture
def sandbox(tmp_path):
    made = Sandbox(tmp_path)
    yield made
    made.close()


def plain(value):
    """A bt2 field as a Python value; enumerations as (number, name)."""
    if isinstance(value, bt2._EnumerationFieldConst):
        return int(value), value.labels[0]
    if isinstance(value, bt2._ArrayFieldConst):
        return [int(item) for item in value]
    if isinstance(value, bt2._RealFieldConst):
        return float(value)
    if isinstance(value, bt2._StringFieldConst):
        return str(value)
    return int(value)


def read_trace(folder):
    events = []
    for message in bt2.TraceCollectionMessageIterator(str(folder)):
        if type(message) is not bt2._EventMessageConst:
            continue
        event = message.event
        # Length fields of sequences are the format's, not ours.
        fields = {name: plain(value) for name, value in event.payload_field.items() if not name.endswith("_length")}
        context = event.common_context_field
        channel = pathlib.Path(event.stream.name).name.rsplit("_", 1)[0]
        events.append(Event(event.name, fields, int(context["vpid"]), int(context["vtid"]), channel))
    return events


def record(sandbox, *commands, options=()):
    done = sandbox.run(PREFLAME, "record", "-o", "trace", *options, "--", DRIVER, PROVIDER, *commands)
    assert done.returncode == 0, done.stderr
    return done, read_trace(sandbox.folder / "trace")


def named(events, name):
    return [event for event in events if event.name == "preflame:" + name]


MUTEX, NET_READ, FLOCK = (1, "mutex"), (12, "net_read"), (22, "flock")
MAX_U64 = 2**64 - 1

# What provider_driver's `events` sends, in order; pid and ppid of the first are filled in.
EXPECTED = [
    ("process", dict(pid=None, ppid=None, start_ns=1000, mono_ns=2000, real_ns=3000, exe="/usr/bin/driver",
                     cmdline="driver --flag value")),
    ("module", dict(base=0x400000, size=8192, file_offset=4096, path="/usr/bin/driver",
                    build_id=[0xDE, 0xAD, 0xBE, 0xEF])),
    ("module", dict(base=0x500000, size=4096, file_offset=0, path="[vdso]", build_id=[])),
    ("stack", dict(id=7, pcs=[0x401000, 0x7F0000000001, MAX_U64])),
    ("thread_create", dict(pthread=0x7F00, entry=0x401100, result=11, stack=7)),
    ("thread_start", dict(pthread=0x7F00, parent_tid=77, entry=0x401100, name="worker one")),
    ("thread_name", dict(tid=78, name="renamed")),
    ("thread_detach", dict(pthread=0x7F00)),
    ("thread_status", dict(tid=79, pthread=0x7F01, reason=-1, object=0, since_ns=0, stack=0, name="idle")),
    ("thread_status", dict(tid=80, pthread=0x7F02, reason=1, object=0x602000, since_ns=123456789, stack=7,
                           name="waiter")),
    ("block", dict(reason=MUTEX, object=0x602000, timeout_ns=-1, stack=7)),
    ("wake", dict(reason=MUTEX, object=0x602000, waiters=3, stack=8)),
    ("unblock", dict(reason=MUTEX, object=0x602000, result=0, duration_ns=5000000000, stack=7)),
    ("block", dict(reason=FLOCK, object=5, timeout_ns=250000000, stack=9)),
    ("unblock", dict(reason=NET_READ, object=MAX_U64, result=-1, duration_ns=1, stack=10)),
    ("syscall", dict(number=202, result=-110, duration_ns=20001, stack=11)),
    ("sample", dict(weight_ns=10000000, stack=12)),
    ("task_begin", dict(task=5, parent=4, name="job", stack=13)),
    ("region_begin", dict(task=5, name="parse", stack=14)),
    ("log", dict(task=5, category="request", message="GET /", stack=15)),
    ("region_end", dict(task=5, name="parse")),
    ("task_end", dict(task=5)),
    ("counter", dict(name="queue", value=2.5)),
    ("loss", dict(dropped_samples=1, dropped_stacks=2, truncated_stacks=3)),
    ("thread_exit", dict(pthread=0x7F00)),
]
USER = ("task_begin", "task_end", "region_begin", "region_end", "log", "counter")
CHANNEL_OF = {"block": "core", "unblock": "core", "wake": "core", "syscall": "core", "sample": "hot",
              **dict.fromkeys(USER, "core")}


def test_every_event_arrives_in_order_with_its_exact_fields(sandbox):
    _, events = record(sandbox, "events")
    pid = events[0].vpid
    assert events[0].fields["pid"] == pid
    assert events[0].fields["ppid"] > 0
    events[0].fields.update(pid=None, ppid=None)
    assert [(event.name, event.fields) for event in events] == [("preflame:" + name, row) for name, row in EXPECTED]
    assert {(event.vpid, event.vtid) for event in events} == {(pid, pid)}


def test_each_event_is_in_its_channel(sandbox):
    _, events = record(sandbox, "events")
    found = {event.name.split(":")[1]: event.channel for event in events}
    assert found == {name: CHANNEL_OF.get(name, "state") for name, _ in EXPECTED}


def test_events_of_another_thread_carry_its_id(sandbox):
    _, events = record(sandbox, "thread")
    start, = named(events, "thread_start")
    assert start.fields == dict(pthread=0xBEEF, parent_tid=start.vpid, entry=1, name="second")
    assert start.vtid != start.vpid


def test_first_event_of_a_thread_may_come_from_its_signal_handler(sandbox):
    _, events = record(sandbox, "signal")
    sample, = named(events, "sample")
    assert sample.fields["stack"] == 4242
    assert sample.vtid != sample.vpid


def test_forked_child_has_its_own_ids_and_its_own_state(sandbox):
    _, events = record(sandbox, "fork")
    by_name = {event.fields["name"]: event for event in named(events, "thread_name")}
    parent, child = by_name["parent"], by_name["child"]
    assert child.vpid == child.fields["tid"] == parent.fields["tid"]
    assert child.vpid == child.vtid and child.vpid != parent.vpid
    dumped, = named(events, "process")  # sent by session_started in the child
    assert (dumped.vpid, dumped.fields["pid"]) == (child.vpid, child.vpid)


def test_program_that_starts_in_a_session_is_told_at_once(sandbox):
    done, _ = record(sandbox, "await", "enabled")
    assert done.stdout == "started\nenabled 1\n"


def test_regenerated_state_dump_asks_for_the_state_again(sandbox):
    process = sandbox.popen(PREFLAME, "record", "-o", "trace", "--", DRIVER, PROVIDER, "await", "gate", "await")
    assert [process.stdout.readline() for _ in range(2)] == ["started\n", "gate\n"]
    sandbox.lttng("regenerate", "statedump", "-s", f"preflame-{process.pid}-0")
    out, err = process.communicate("go\n", timeout=LIMIT_S)
    assert (process.returncode, out) == (0, "started\n"), err
    again, = named(read_trace(sandbox.folder / "trace"), "process")
    assert again.fields["cmdline"] == "again"


def test_session_that_starts_later_is_noticed_and_its_end_too(sandbox):
    sandbox.start_daemon()
    process = sandbox.popen(DRIVER, PROVIDER, "enabled", "gate", "await", "enabled", "gate", "enabled")
    assert [process.stdout.readline() for _ in range(2)] == ["enabled 0\n", "gate\n"]
    sandbox.lttng("create", "own", f"--output={sandbox.folder}/own")
    # One single event, and none that the quick check looks at first.
    sandbox.lttng("enable-event", "-u", "-s", "own", "preflame:loss")
    sandbox.lttng("start", "own")
    process.stdin.write("go\n")
    process.stdin.flush()
    assert [process.stdout.readline() for _ in range(3)] == ["started\n", "enabled 1\n", "gate\n"]
    sandbox.lttng("stop", "own")
    out, err = process.communicate("go\n", timeout=LIMIT_S)
    assert (process.returncode, out) == (0, "enabled 0\n"), err


def test_log_levels_select_by_volume(sandbox):
    sandbox.start_daemon()
    process = sandbox.popen(DRIVER, PROVIDER, "gate")
    assert process.stdout.readline() == "gate\n"
    listed = {}
    for line in sandbox.lttng("list", "-u").splitlines():
        words = line.split()
        if words and words[0].startswith("preflame:"):
            listed[words[0].split(":")[1]] = words[2].split(":")[-1].rstrip(")")
    process.communicate("go\n", timeout=LIMIT_S)
    level = {"core": "TRACE_DEBUG_SYSTEM", "hot": "TRACE_DEBUG_FUNCTION", "state": "TRACE_INFO"}
    expected = {name: level[CHANNEL_OF.get(name, "state")] for name, _ in EXPECTED}
    expected.update({name: "TRACE_INFO" for name in USER})
    expected["loss"] = "TRACE_WARNING"
    assert listed == expected


def test_provider_exports_no_more_than_it_must_and_needs_only_lttng_and_libc():
    symbols = subprocess.run(["nm", "-D", "--defined-only", PROVIDER], capture_output=True, text=True, check=True)
    # The others stand before LTTng's own, to know its descriptors.
    assert [line.split()[-1] for line in symbols.stdout.splitlines()] == [
        "lttng_ust_add_fd_to_tracker", "lttng_ust_delete_fd_from_tracker", "lttng_ust_lock_fd_tracker",
        "lttng_ust_unlock_fd_tracker", "preflame_sink_entry"]
    dynamic = subprocess.run(["readelf", "-d", PROVIDER], capture_output=True, text=True, check=True).stdout
    needed = {line.split("[")[1].rstrip("]") for line in dynamic.splitlines() if "(NEEDED)" in line}
    assert needed <= {"liblttng-ust.so.1", "liblttng-ust-common.so.1", "libc.so.6", "libasan.so.8", "libubsan.so.1",
                      "libtsan.so.2"}
