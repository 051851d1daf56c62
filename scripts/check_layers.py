#!/usr/bin/python3
"""Checks who includes whom against the table ROOMS and that every lock stands in the list LOCKS, and names files and
functions that have grown too long.

Usage: check_layers.py [--help] [ROOT]
An arrow that the table does not allow, or a lock that is not listed, is one line `file:line: ...` on stdout and exit
status 1. Lengths only warn.
"""
import os
import pathlib
import re
import sys

# Room (a folder) -> rooms that it may include besides itself. The longest matching folder is a file's room.
EXPORTERS = ["exporters/profile", "exporters/symbols", "runtime/pipeline", "runtime/base"]
VIEWER = ["viewer/cli", "viewer/ctf", "viewer/model", "viewer/formats", "viewer/session", "viewer/client", "viewer/page"]
ANYTHING = ["*"]
ROOMS = {
    "include": [],
    "runtime/base": [],
    "runtime/capture": ["runtime/base"],
    "runtime/profilers": ["runtime/capture", "runtime/base"],
    "runtime/hooks": ["runtime/profilers", "runtime/capture", "runtime/base", "include"],
    "runtime/pipeline": ["runtime/capture", "runtime/base"],
    "runtime/boot": ANYTHING,
    "tracepoints": ["runtime/base"],
    "exporters": EXPORTERS,
    "exporters/profile": ["runtime/base"],
    "exporters/symbols": ["exporters/profile", "runtime/base"],
    "exporters/http": ["exporters", *EXPORTERS],
    "viewer/model": ["exporters/profile", "exporters/symbols", "runtime/base"],
    "viewer/ctf": ["viewer/model", "runtime/base"],
    "viewer/formats": ["viewer/model", "viewer/page", "exporters/profile", "runtime/base"],
    "viewer/session": ["runtime/base"],
    "viewer/client": ["runtime/base"],
    "viewer/cli": [*VIEWER, "exporters", "exporters/http", *EXPORTERS, "include"],
    "tests": ANYTHING,
    "tests/demo_server": ["runtime/base"],
    "tests/bench": ["runtime/base"],
}
# Rooms that nobody may include, tests and the composition root apart.
NOBODYS = ["runtime/boot", "runtime/hooks"]
MAY_USE_NOBODYS = ["runtime/boot", "tests"]
# Room -> system headers that would break its promise.
FORBIDDEN_SYSTEM = {
    "runtime/capture": ["stdio.h", "malloc.h"],
    "exporters/profile": ["time.h", "pthread.h", "fcntl.h", "unistd.h", "signal.h"],
}
LOCKS = "runtime/base/lock_rank.h"
LOCKING_TOPS = ["runtime", "exporters", "tracepoints"]
LOCK = re.compile(r"\b(\w+)\s*=\s*(?:PTHREAD_(?:MUTEX|RWLOCK)_INITIALIZER|LOCK_INITIALIZER|ATOMIC_FLAG_INIT)")
INCLUDE_ROOTS = ["", "runtime", "include"]
SUFFIXES = {".c", ".h", ".cpp", ".def", ".inc"}
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 80
INCLUDE = re.compile(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
NAME = re.compile(r"(\w+)\s*\(")


def room_of(path):
    """The room of a path below the root, or None outside all rooms."""
    rooms = [room for room in ROOMS if path == room or path.startswith(room + "/")]
    return max(rooms, key=len, default=None)


def target_of(root, including, name):
    """The room that `#include "name"` in file `including` reaches; None for a generated or unknown file."""
    folders = [including.parent.as_posix(), *INCLUDE_ROOTS]
    candidates = [os.path.normpath(os.path.join(folder, name)) for folder in folders]
    for candidate in candidates:
        if (root / candidate).is_file():
            return room_of(candidate)
    for candidate in candidates[1:]:  # generated into a build folder, named by its room's folder
        if room_of(candidate) not in (None, "include"):
            return room_of(candidate)
    return None


def is_allowed(source, target):
    """Whether room `source` may include room `target`."""
    if target is None or source == target:
        return True
    if target in NOBODYS and source not in MAY_USE_NOBODYS and not source.startswith("tests/"):
        return False
    return ROOMS[source] == ANYTHING or target in ROOMS[source]


def bad_includes(root, path, lines):
    """Yields `file:line: message` for each arrow of one file that is not allowed."""
    room = room_of(path.as_posix())
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match or room is None:
            continue
        quoted, system = match.groups()
        if quoted:
            target = target_of(root, path, quoted)
            if not is_allowed(room, target):
                allowed = ", ".join(ROOMS[room]) or "nothing"
                yield f"{path}:{number}: {room} may not include {target} ({quoted}); it may: {allowed}"
        elif system in FORBIDDEN_SYSTEM.get(room, []):
            yield f"{path}:{number}: {room} may not include <{system}>"


def long_parts(path, lines):
    """Yields a warning for a file or a function over its limit. A body is what stands between `{` and `}` in column 0."""
    if len(lines) > MAX_FILE_LINES:
        yield f"{path}: warning: {len(lines)} lines; split it by reason to change (limit {MAX_FILE_LINES})"
    start = None
    for number, line in enumerate(lines, 1):
        if line.rstrip() == "{":
            start = number
        elif line.rstrip() == "}" and start:
            if number - start - 1 > MAX_FUNCTION_LINES:
                head = " ".join(lines[max(0, start - 4):start - 1])
                names = NAME.findall(head)
                name = names[0] if names else "function"
                yield (f"{path}:{start}: warning: {name} has {number - start - 1} lines "
                       f"(limit {MAX_FUNCTION_LINES})")
            start = None


def unlisted_locks(path, lines, listed):
    """Yields a message for each lock that is defined in the target's objects and not in the list of ranks."""
    if path.parts[0] not in LOCKING_TOPS:
        return
    for number, line in enumerate(lines, 1):
        for name in LOCK.findall(line):
            if not re.search(rf"\b{name}\b", listed):
                yield f"{path}:{number}: {name} has no rank in {LOCKS}"


def sources(root):
    """All source files of the rooms, as paths below the root."""
    tops = sorted({room.split("/")[0] for room in ROOMS})
    for top in tops:
        for path in sorted((root / top).rglob("*")):
            if path.suffix in SUFFIXES and path.is_file():
                yield path.relative_to(root)


def main(arguments):
    if "--help" in arguments:
        print(__doc__.strip())
        return 0
    root = pathlib.Path(arguments[0]) if arguments else pathlib.Path(__file__).resolve().parents[1]
    listed = (root / LOCKS).read_text() if (root / LOCKS).exists() else ""
    bad, count = 0, 0
    for path in sources(root):
        lines = (root / path).read_text(encoding="utf-8", errors="replace").splitlines()
        count += 1
        for message in [*bad_includes(root, path, lines), *unlisted_locks(path, lines, listed)]:
            print(message)
            bad += 1
        for message in long_parts(path, lines):
            print(message)
    print(f"layers: {count} files, {bad} bad includes or locks")
    return 1 if bad or not count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
