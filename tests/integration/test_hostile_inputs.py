"""Traces and profiles of strangers: what they may cost, what they may reach, and that good parts are still shown."""

import os
import resource
import struct
import subprocess
import zlib
from pathlib import Path

import ctf_writer
import pprof_writer
import pytest
from conftest import COMMAND, wait_until

MEMORY_BYTES = 300 << 20


def view(path, scratch, *arguments, status=0):
    """`preflame view` with less memory than it would allow itself: what it says on stdout and stderr."""
    scratch.mkdir(exist_ok=True)
    done = subprocess.run([COMMAND, "view", path, *arguments], capture_output=True, text=True, timeout=80,
                          env=dict(os.environ, TMPDIR=str(scratch)), stdin=subprocess.DEVNULL,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES)))
    assert done.returncode == status, done.stderr
    assert list(scratch.iterdir()) == [], "it left something behind"
    assert all(line.startswith("preflame: ") for line in done.stderr.splitlines()), done.stderr
    return done.stdout, done.stderr


def evil_event(fields):
    return f'event {{ name = "preflame:evil"; id = 99; stream_id = 0; fields := struct {{ {fields} }}; }};\n'


def write_evil(folder, metadata, payload=None):
    """A good stream, and another with an event that is declared by `metadata`."""
    good = ctf_writer.Stream()
    good.add(1000, 7, 7, "stack", id=1, pcs=[0x1000, 0x2000])
    good.add(2000, 7, 7, "sample", weight_ns=5_000_000, stack=1)
    ctf_writer.write_trace(folder, [good])
    with open(folder / "metadata", "a", encoding="ascii") as out:
        out.write(metadata)
    if payload is not None:
        evil = ctf_writer.Stream()
        evil.first_ns, evil.last_ns = 1, 4000
        evil.content = struct.pack("<IQii", 99, 3000, 7, 7) + payload
        (folder / "stream_1").write_bytes(evil.packet(0))


HUGE_FIELDS = {
    "array": ("u8 x[1099511627776];", bytes(100)),
    "array_of_4_gigabytes": ("u8 x[4294967295];", bytes(100)),
    "nested_arrays": ("u8 x[65535][65535][65535];", bytes(100)),
    "array_of_nothing": ("struct { } x[4000000000];", b""),
    "sequence": ("u64 n; u8 x[n];", struct.pack("<Q", 1 << 62) + bytes(100)),
    "sequence_of_nothing": ("u64 n; struct { } x[n];", struct.pack("<Q", 1 << 40) + bytes(100)),
    "nested_sequences": ("u64 n; struct { } x[n][n];", struct.pack("<Q", 100000) + bytes(100)),
}


@pytest.mark.parametrize("name", HUGE_FIELDS)
def test_a_field_without_measure_costs_its_stream_only(tmp_path, name):
    fields, payload = HUGE_FIELDS[name]
    write_evil(tmp_path / "trace", evil_event(fields), payload)
    out, said = view(tmp_path / "trace", tmp_path / "scratch", "-f", "text")
    assert "5.00 ms" in out, out
    assert len(said.splitlines()) == 1 and "stream_1" in said, said


def many_classes():
    fields = "".join(f"u8 a{number};" for number in range(40))
    return "".join(f'event {{ name = "a:b{number}"; id = {number}; stream_id = 0; fields := struct {{ {fields} }}; }};\n'
                   for number in range(100, 8000))


ENDLESS = {
    "structures": evil_event("struct { " * 100_000 + "u8 a;" + " } x;" * 100_000),
    "expressions": "env { x = " + "(" * 200_000 + "1" + ")" * 200_000 + "; };\n",
    "classes": many_classes(),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_metadata_without_end_is_refused_in_two_lines(tmp_path, name):
    write_evil(tmp_path / "trace", ENDLESS[name])
    out, said = view(tmp_path / "trace", tmp_path / "scratch", "-f", "text", status=1)
    assert not out and len(said.splitlines()) == 2 and len(said) < 1000, said


def test_links_pipes_and_devices_in_a_trace_are_not_followed_out_of_it(tmp_path):
    folder = tmp_path / "trace"
    write_evil(folder, "")
    os.mkfifo(folder / "stream_8")
    os.symlink("/dev/zero", folder / "stream_9")
    os.symlink("/", folder / "root")
    os.symlink(folder, folder / "again")
    out, _ = view(folder, tmp_path / "scratch", "-f", "text")
    assert "5.00 ms" in out


def test_paths_in_a_trace_are_read_only_where_they_are_files(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    paths = ["/dev/zero", "/dev/stdin", "/proc/self/mem", str(tmp_path / "pipe"), str(tmp_path), "relative", "/etc/passwd",
             "../" * 40 + "etc/passwd"]
    stream = ctf_writer.Stream()
    stream.add(500, 7, 7, "process", pid=7, exe="/bin/x", cmdline="x")
    for number, path in enumerate(paths, 1):
        stream.add(600, 7, 7, "module", base=number << 20, size=1 << 20, path=path, build_id=[1, 2, 3])
    stream.add(700, 7, 7, "stack", id=1, pcs=[(number << 20) + 16 for number in range(1, len(paths) + 1)])
    stream.add(800, 7, 7, "sample", weight_ns=5_000_000, stack=1)
    ctf_writer.write_trace(tmp_path / "trace", [stream])
    out, said = view(tmp_path / "trace", tmp_path / "scratch", "-f", "text")
    assert "5.00 ms" in out and not said
    assert "root:" not in out


def compressed(begin, piece, count):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([packer.compress(begin), *(packer.compress(piece) for _ in range(count)), packer.flush()])


@pytest.mark.parametrize("field", [2, 6])
def test_a_small_file_cannot_become_a_large_profile(tmp_path, field):
    known = pprof_writer.Profile([("cpu", "nanoseconds")])
    known.add(["main", "work"], [7])
    bomb = compressed(known.encode(compressed=False), pprof_writer.block(field, b"") * (1 << 18), 250)
    assert len(bomb) < 1 << 20
    (tmp_path / "bomb.pprof").write_bytes(bomb)
    out, said = view(tmp_path / "bomb.pprof", tmp_path / "scratch", "-f", "text", status=1)
    assert not out and len(said.splitlines()) == 1


def test_a_stack_without_end_is_shown(tmp_path):
    deep = pprof_writer.Profile([("cpu", "nanoseconds")])
    deep.add([f"f{i}" for i in range(20_000)], [7])
    (tmp_path / "deep.pprof").write_bytes(deep.encode())
    for name in ("text", "svg", "folded", "html"):
        assert view(tmp_path / "deep.pprof", tmp_path / "scratch", "-f", name)[0]


def test_the_viewer_allows_itself_a_bounded_amount_of_memory(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = subprocess.Popen([COMMAND, "view", "-f", "text", tmp_path / "pipe"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        def limit():
            line = next(line for line in Path(f"/proc/{reader.pid}/limits").open() if line.startswith("Max data size"))
            return line.split()[3] != "unlimited" and int(line.split()[3])
        assert wait_until(limit) <= 4 << 30
    finally:
        reader.kill()
        reader.communicate()


def test_what_is_written_is_the_users_alone(tmp_path):
    known = pprof_writer.Profile([("cpu", "nanoseconds")])
    known.add(["main", "work"], [7])
    (tmp_path / "known.pprof").write_bytes(known.encode())
    target = tmp_path / "precious"
    target.write_text("precious")
    os.symlink(target, tmp_path / "out.svg")
    os.umask(0)
    view(tmp_path / "known.pprof", tmp_path / "scratch", "-o", str(tmp_path / "out.svg"))
    assert target.read_text() == "precious"
    assert not (tmp_path / "out.svg").is_symlink()
    assert (tmp_path / "out.svg").stat().st_mode & 0o777 == 0o600
