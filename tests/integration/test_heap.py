"""The heap profile against what programs know of their own allocations, over every allocator and through every life."""

import json
import math
import os
import subprocess

import pprof_reader
import pytest
from conftest import BUILD, PRELOAD, fetch_unix, pprof_top, program, wait_until

KINDS = ("alloc_objects", "alloc_space", "inuse_objects", "inuse_space")
LIBRARIES = "/usr/lib/x86_64-linux-gnu"
# None is glibc's own. A word more: what the exact program must leave out, since the allocator doesn't have it.
ALLOCATORS = {"glibc": (None, []), "jemalloc": ("libjemalloc.so.2", ["without pvalloc"]),
              "tcmalloc": ("libtcmalloc_minimal.so.4", []), "mimalloc": ("libmimalloc.so.2.0", [])}
DEFAULT_INTERVAL = 524288


def behind(allocator):
    """What to preload: preflame first."""
    library = ALLOCATORS[allocator][0]
    return f"{PRELOAD}:{LIBRARIES}/{library}" if library else str(PRELOAD)


def heap_of(runner, tmp_path, argv, preload=PRELOAD, name="heap", **extra):
    """Runs to the end: (outcome, profile)."""
    out = tmp_path / f"out{len(runner.started)}"
    outcome = runner.run(argv, preload=preload, PREFLAME_PROFILE=name, PREFLAME_OUT=out, **extra)
    assert outcome.status == 0, outcome.stdout + outcome.stderr
    return outcome, pprof_reader.read(out / f"{name}.pprof")


def seen(profile, names):
    return {name: [profile.cumulative(name, kind) for kind in KINDS] for name in names}


def assert_exact(outcome, profile):
    truth = json.loads(outcome.stdout)
    assert len(truth) > 1
    assert seen(profile, truth) == truth


@pytest.mark.parametrize("allocator", ALLOCATORS)
def test_an_interval_of_1_counts_every_call_exactly(runner, tmp_path, allocator):
    argv = [program("heap_exact"), *ALLOCATORS[allocator][1]]
    outcome, profile = heap_of(runner, tmp_path, argv, behind(allocator), PREFLAME_HEAP_INTERVAL=1)
    assert_exact(outcome, profile)
    assert len(json.loads(outcome.stdout)) >= 16
    assert profile.sample_types == [("alloc_objects", "count"), ("alloc_space", "bytes"), ("inuse_objects", "count"),
                                    ("inuse_space", "bytes")]
    assert (profile.period, profile.period_type) == (1, ("space", "bytes"))


def test_an_executable_at_a_fixed_address_is_counted_too(runner, tmp_path):
    assert_exact(*heap_of(runner, tmp_path, [program("heap_exact_fixed")], PREFLAME_HEAP_INTERVAL=1))


@pytest.mark.parametrize("allocator", [name for name in ALLOCATORS if name != "glibc"])
def test_a_linked_allocator_is_counted_as_a_preloaded_one(runner, tmp_path, allocator):
    library, words = ALLOCATORS[allocator]
    binary = tmp_path / "linked"
    source = os.path.join(os.path.dirname(__file__), "..", "programs", "heap_exact.cpp")
    subprocess.run(["g++", "-O2", "-g", "-fno-builtin", "-o", binary, source, f"{LIBRARIES}/{library}"], check=True)
    outcome, profile = heap_of(runner, tmp_path, [binary, *words], PREFLAME_HEAP_INTERVAL=1)
    assert_exact(outcome, profile)


@pytest.mark.parametrize("allocator", ALLOCATORS)
@pytest.mark.parametrize("name", ["calls_alloc", "calls_new"])
@pytest.mark.parametrize("interval", [0, 1])
def test_calls_keep_each_allocators_meaning(runner, allocator, name, interval):
    library = ALLOCATORS[allocator][0]
    argv = [program(name), "what all allocators have"]
    bare = runner.run(argv, preload=f"{LIBRARIES}/{library}" if library else None)
    outcome = runner.run(argv, preload=behind(allocator), PREFLAME_HEAP_INTERVAL=interval)
    assert bare.status == 0
    assert outcome.stdout.splitlines() == bare.stdout.splitlines()
    assert (outcome.status, outcome.stderr) == (bare.status, bare.stderr)


@pytest.mark.parametrize("allocator", ALLOCATORS)
def test_threads_may_end_hand_over_and_allocate_in_destructors(runner, tmp_path, allocator):
    outcome, profile = heap_of(runner, tmp_path, [program("heap_threads")], behind(allocator),
                               PREFLAME_HEAP_INTERVAL=1)
    assert_exact(outcome, profile)


@pytest.mark.parametrize("how", ["fork", "_Fork"])
def test_a_forked_childs_heap_is_what_it_inherited_and_what_it_did(runner, tmp_path, how):
    outcome, parent = heap_of(runner, tmp_path, [program("heap_fork"), how], PREFLAME_HEAP_INTERVAL=1)
    assert_exact(outcome, parent)
    files = [path for path in tmp_path.glob("out*/heap.pprof.*")]
    assert len(files) == 1
    truth = json.loads([line for line in outcome.stderr.splitlines() if line.startswith("{")][0])
    assert seen(pprof_reader.read(files[0]), truth) == truth


def deviation(count, size, interval):
    """Standard deviation of the estimated number of `count` blocks."""
    p = -math.expm1(-size / interval)
    return math.sqrt(count * (1 - p) / p)


@pytest.mark.parametrize("interval", [DEFAULT_INTERVAL, 65536])
def test_totals_are_within_three_standard_deviations(runner, tmp_path, interval):
    runs = [heap_of(runner, tmp_path, [program("heap_sizes")], PREFLAME_HEAP_INTERVAL=interval) for _ in range(3)]
    truth = json.loads(runs[0][0].stdout)
    wrong = []
    for at, kind in enumerate(KINDS):
        def deviation_of(name):
            size = int(name.split("_")[1])
            objects = truth[name][at - at % 2]
            return deviation(objects, size, interval) * (size if at % 2 else 1)

        for name in truth:
            # The middle one of three: outside by chance once in 45 000 times.
            got = sorted(profile.cumulative(name, kind) for _, profile in runs)[1]
            if abs(got - truth[name][at]) > 3 * deviation_of(name) + 1e-9 * truth[name][at] + 1:
                wrong.append((name, kind, truth[name][at], got, deviation_of(name)))
        total = sum(values[at] for values in truth.values())
        got = sorted(sum(profile.cumulative(name, kind) for name in truth) for _, profile in runs)[1]
        whole = math.sqrt(sum(deviation_of(name) ** 2 for name in truth))
        if abs(got - total) > 3 * whole:
            wrong.append(("all", kind, total, got, whole))
    assert wrong == []
    labels = {sample.labels["bytes"] for sample in runs[0][1].samples if "allocate_2000000" in sample.stack}
    assert labels == {2000000}


def test_a_leak_stands_first_and_what_was_freed_is_gone(runner, tmp_path):
    out = tmp_path / "leak"
    outcome = runner.preloaded([program("heap_leak")], PREFLAME_PROFILE="heap,allocs", PREFLAME_OUT=out,
                               PREFLAME_HEAP_INTERVAL=65536)
    assert outcome.status == 0, outcome.stderr
    profile = pprof_reader.read(out / "heap.pprof")
    assert next(iter(profile.flat("inuse_space"))) == "forget_request"
    assert profile.cumulative("forget_request", "inuse_space") > 0.95 * profile.total("inuse_space")
    assert profile.cumulative("serve", "alloc_space") > 3 * profile.cumulative("forget_request", "alloc_space")
    lines = pprof_top(out / "heap.pprof", tmp_path).splitlines()
    head = next(at for at, line in enumerate(lines) if line.split()[:2] == ["flat", "flat%"])
    assert lines[head + 1].split()[-1] == "forget_request"
    # The same data, another view at first.
    assert "Type: alloc_space" in pprof_top(out / "allocs.pprof", tmp_path)


def test_allocations_are_charged_to_who_allocates_not_to_operator_new(runner, tmp_path):
    out = tmp_path / "out"
    outcome = runner.preloaded([program("heap_exact")], PREFLAME_PROFILE="allocs", PREFLAME_OUT=out,
                               PREFLAME_HEAP_INTERVAL=1)
    assert outcome.status == 0, outcome.stderr
    rows = [line.split() for line in pprof_top(out / "allocs.pprof", tmp_path).splitlines() if "%" in line]
    assert "by_new_array" in {row[-1] for row in rows if row[0] != "0"}
    assert not {"new", "new[]", "malloc", "calloc"} & {row[-1] for row in rows}


def test_the_endpoint_gives_the_heap_of_a_running_process(runner, tmp_path):
    process = runner.start([program("threads_known")], preload=PRELOAD, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                           PREFLAME_HEAP_INTERVAL=1)
    path = runner.socket_of(process.pid)
    wait_until(path.exists, what="the socket")
    for name in ("heap", "allocs", "heap?gc=1"):
        status, headers, body = fetch_unix(path, f"/debug/pprof/{name}")
        assert status == 200 and headers["Content-Disposition"] == f'attachment; filename="{name.split("?")[0]}"'
        profile = pprof_reader.decode(body)
        assert profile.total("alloc_objects") > 0
    # What preflame allocated to serve the requests before is nobody's.
    assert not {"event_base_loop", "profile_build", "keeper_main"} & profile.names()
    status, headers, body = fetch_unix(path, "/debug/pprof/heap?debug=1")
    assert status == 200 and body.startswith(b"heap profile: ") and b"@ heap/2\n" in body
    status, headers, body = fetch_unix(path, "/debug/pprof/heap?seconds=1")
    assert status == 200 and 'filename="heap-delta"' in headers["Content-Disposition"]
    assert pprof_reader.decode(body).total("alloc_objects") == 0  # all its threads wait


def test_a_dlsym_that_allocates_finds_memory(runner):
    argv, helper = [program("heap_threads")], BUILD / "lib" / "libdlsym_allocates.so"
    for interval in (0, 1):
        outcome = runner.run(argv, preload=f"{PRELOAD}:{helper}", PREFLAME_HEAP_INTERVAL=interval)
        assert outcome.status == 0
        assert "dlsym_allocates: early, usable enough, 100 zeroes\n" in outcome.stderr


def test_a_plugin_of_a_c_program_keeps_its_own_operators_and_is_walked(runner, tmp_path):
    bare = runner.run([program("heap_host")])
    assert bare.stdout == "the plugin's own: 3 new, 3 delete\n"
    outcome, profile = heap_of(runner, tmp_path, [program("heap_host")], PREFLAME_HEAP_INTERVAL=1)
    assert outcome.stdout == bare.stdout
    assert profile.cumulative("allocate_in_plugin", "inuse_space") == 100 * 1000
    for sample in profile.samples:
        if "allocate_in_plugin" in sample.stack:
            assert sample.stack[:3] == ["allocate_in_plugin", "plugin_run", "main"]


@pytest.mark.parametrize("allocator", [name for name in ALLOCATORS if name != "glibc"])
def test_an_allocator_before_preflame_is_left_alone_and_the_profile_says_so(runner, tmp_path, allocator):
    library = f"{LIBRARIES}/{ALLOCATORS[allocator][0]}"
    argv = [program("calls_new"), "what all allocators have"]
    bare = runner.run(argv, preload=library)
    outcome, profile = heap_of(runner, tmp_path, argv, f"{library}:{PRELOAD}")
    assert outcome.stdout == bare.stdout
    assert profile.samples == []
    assert any("no allocation is seen: malloc is that of" in text and library in text for text in profile.comments)
    assert any("no heap profile" in line and library in line for line in outcome.lines)


def test_an_interval_of_0_samples_nothing_and_says_so(runner, tmp_path):
    _, profile = heap_of(runner, tmp_path, [program("heap_threads")], PREFLAME_HEAP_INTERVAL=0)
    assert profile.samples == []
    assert any("PREFLAME_HEAP_INTERVAL is 0" in text for text in profile.comments)
