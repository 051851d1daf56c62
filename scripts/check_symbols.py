#!/usr/bin/python3
"""Checks what the built objects export, and what the signal room uses.

Usage: check_symbols.py [--help] [BUILD]
BUILD is a build folder (default build/release). Each shared object must export exactly the global names of its version
script; the objects of runtime/capture may need only the symbols listed in runtime/capture/allowed_symbols.txt.
Each difference is one line on stdout; the exit status is 1 when there was one.
"""
import fnmatch
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
# Shared object -> its version script. The preload must exist; without LTTng there is no provider.
LIBRARIES = {
    "libpreflame.so": "runtime/boot/exports.map",
    "libpreflame-engine.so": "runtime/boot/engine.map",
    "libpreflame-lttng.so": "tracepoints/exports.map",
}
OPTIONAL = ["libpreflame-lttng.so"]
# What a shared object exports beside its version script: a name a line, `#` begins a comment.
UNVERSIONED = {"libpreflame.so": "runtime/boot/exports.txt"}
SIGNAL_ROOM = "runtime/capture"
SIGNAL_OBJECTS = "runtime/CMakeFiles/preflame_capture.dir"
SIGNAL_LIST = "runtime/capture/allowed_symbols.txt"


def map_globals(text):
    """The names and patterns in the global parts of a version script."""
    text = re.sub(r"/\*.*?\*/|#[^\n]*", " ", text, flags=re.S)
    names = []
    for body in re.findall(r"\{(.*?)\}", text, flags=re.S):
        scope = "global"
        for word in re.findall(r"global\s*:|local\s*:|[^\s;:]+", body):
            if word.rstrip(": \t\n") in ("global", "local") and word.endswith(":"):
                scope = word.rstrip(": \t\n")
            elif scope == "global":
                names.append(word)
    return names


def nm(*arguments):
    """Lines of nm's output, split into words."""
    result = subprocess.run(["nm", *map(str, arguments)], capture_output=True, text=True, check=True)
    return [line.split() for line in result.stdout.splitlines() if line.strip()]


def exported(library):
    """Names that a shared object defines for others, without versions and without version nodes."""
    return {words[2].split("@")[0] for words in nm("-D", "--defined-only", library) if words[1] not in "Aa"}


def compare_exports(names, patterns):
    """Differences between exported names and a version script's names, both ways."""
    for name in sorted(names):
        if not any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
            yield f"exports {name}, which its version script does not name"
    for pattern in sorted(set(patterns)):
        if not any(fnmatch.fnmatchcase(name, pattern) for name in names):
            yield f"does not export {pattern}, which its version script names"


def listed(path):
    """The names of a list file."""
    return [name for line in (ROOT / path).read_text().splitlines() if (name := line.split("#")[0].strip())]


def check_exports(build):
    for name, script in LIBRARIES.items():
        library = build / "lib" / name
        if not library.exists():
            if name not in OPTIONAL:
                yield f"{library}: missing; build first: scripts/build"
            continue
        if not (ROOT / script).exists():
            yield f"{name}: no version script {script}, so it exports whatever it likes"
            continue
        patterns = map_globals((ROOT / script).read_text())
        if name in UNVERSIONED:
            patterns += listed(UNVERSIONED[name])
        for difference in compare_exports(exported(library), patterns):
            yield f"{name}: {difference} ({script})"


def signal_room_objects(build):
    """The room's object files, as they go into the preload."""
    folder = build / SIGNAL_OBJECTS
    return sorted(folder.rglob("*.o")) if folder.is_dir() else []


def check_signal_room(build):
    objects = signal_room_objects(build)
    if not objects:
        yield f"{SIGNAL_ROOM}: no object files below {build / SIGNAL_OBJECTS}; build first: scripts/build"
        return
    allowed = set(listed(SIGNAL_LIST))
    defined, needed = set(), {}
    for path in objects:
        for words in nm(path):
            if words[0].endswith(":"):
                continue
            if words[-2] in "Uwv" and len(words) == 2:
                needed.setdefault(words[-1], path.name)
            else:
                defined.add(words[-1])
    for name in sorted(set(needed) - defined - allowed):
        yield f"{SIGNAL_ROOM}: {needed[name]} needs {name}, which {SIGNAL_LIST} does not allow"


def main(arguments):
    if "--help" in arguments:
        print(__doc__.strip())
        return 0
    build = pathlib.Path(arguments[0]) if arguments else ROOT / "build/release"
    problems = [*check_exports(build), *check_signal_room(build)]
    for problem in problems:
        print(problem)
    print(f"symbols: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
