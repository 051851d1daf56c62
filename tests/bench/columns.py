"""The tools that are compared: one row a column of the tables."""
import os
import pathlib
import shutil
import tempfile
from dataclasses import dataclass, field
from typing import Callable

LIBRARY_FOLDERS = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"]
HEAPTRACK = "/usr/lib/heaptrack/libheaptrack_preload.so"


def find_library(*names):
    """The full path of the first of these libraries that is installed, or None."""
    for folder in LIBRARY_FOLDERS:
        for name in names:
            if os.path.exists(os.path.join(folder, name)):
                return os.path.join(folder, name)
    return None


@dataclass
class Column:
    """A tool: the environment it needs and the words before the command. `{scratch}` stands for a fresh folder."""
    key: str
    title: str
    environment: dict = field(default_factory=dict)
    prefix: list = field(default_factory=list)
    missing: str = ""  # why it cannot run here, or ""

    def command(self, words, scratch):
        """The full command and its environment variables."""
        fill: Callable = lambda text: str(text).replace("{scratch}", str(scratch))
        return [*map(fill, self.prefix), *map(str, words)], {k: fill(v) for k, v in self.environment.items()}


def columns(build):
    """All columns; those whose tool isn't there say so in `missing`."""
    build = pathlib.Path(build)
    preload, command = build / "lib/libpreflame.so", build / "bin/preflame"
    wrapper = find_library("liblttng-ust-pthread-wrapper.so", "liblttng-ust-pthread-wrapper.so.1")
    profiler = find_library("libprofiler.so", "libprofiler.so.0")
    no_preload = "" if preload.exists() else f"{preload} is not built"
    no_record = no_preload or ("" if command.exists() else f"{command} is not built")
    if not no_record and not shutil.which("lttng-sessiond"):
        no_record = "no lttng-sessiond"
    profiling = {"LD_PRELOAD": preload, "PREFLAME_PROFILE": "cpu", "PREFLAME_OUT": "{scratch}",
                 "PREFLAME_LOG": "error"}
    return [
        Column("idle", "preflame idle", {"LD_PRELOAD": preload}, missing=no_preload),
        Column("socketless", "preflame idle, PREFLAME_SOCKET=off", {"LD_PRELOAD": preload, "PREFLAME_SOCKET": "off"},
               missing=no_preload),
        Column("heapless", "preflame idle, PREFLAME_HEAP_INTERVAL=0",
               {"LD_PRELOAD": preload, "PREFLAME_HEAP_INTERVAL": 0}, missing=no_preload),
        Column("heap16k", "preflame idle, PREFLAME_HEAP_INTERVAL=16384",
               {"LD_PRELOAD": preload, "PREFLAME_HEAP_INTERVAL": 16384}, missing=no_preload),
        Column("cpu100", "preflame CPU 100 Hz", {**profiling, "PREFLAME_CPU_HZ": 100}, missing=no_preload),
        Column("cpu1000", "preflame CPU 1000 Hz", {**profiling, "PREFLAME_CPU_HZ": 1000}, missing=no_preload),
        Column("trace", "preflame record", {}, [command, "record", "-o", "{scratch}/trace", "--"], no_record),
        Column("lttng", "LTTng pthread wrapper, idle", {"LD_PRELOAD": wrapper},
               missing="" if wrapper else "liblttng-ust-pthread-wrapper is not installed"),
        Column("gperf100", "gperftools CPU 100 Hz",
               {"LD_PRELOAD": profiler, "CPUPROFILE": "{scratch}/gperf.prof", "CPUPROFILE_FREQUENCY": 100},
               missing="" if profiler else "libprofiler is not installed"),
        Column("gperf1000", "gperftools CPU 1000 Hz",
               {"LD_PRELOAD": profiler, "CPUPROFILE": "{scratch}/gperf.prof", "CPUPROFILE_FREQUENCY": 1000},
               missing="" if profiler else "libprofiler is not installed"),
        Column("heaptrack", "heaptrack",
               {"LD_PRELOAD": HEAPTRACK, "DUMP_HEAPTRACK_OUTPUT": "{scratch}/heaptrack.raw"},
               missing="" if os.path.exists(HEAPTRACK) else "heaptrack is not installed"),
    ]


BARE = Column("bare", "bare")


class Scratch:
    """A folder that lives for one measurement."""

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="preflame-bench-"))
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)
