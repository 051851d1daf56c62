#!/usr/bin/python3
"""Writes docs/events.md, the catalogue of trace events, from tracepoints/provider.h, base/wait.h and
viewer/session/sched_stream.h.

Usage: events_doc.py [--help] [ROOT]
The text goes to stdout. An event or a field without a comment is an error and exit status 1.
"""
import pathlib
import re
import sys

EVENT = re.compile(r"(?:/\* ([^\n]*) \*/\n)?LTTNG_UST_TRACEPOINT_EVENT\(preflame, (\w+),\n(.*?)\n    \)\)\n", re.S)
FIELD = re.compile(r"^ +lttng_ust_field_(\w+)\(([^()]*)\)(?: /\* (.*) \*/)?$", re.M)
SCHED_EVENT = re.compile(r'    /\* ([^\n]*) \*/ \\\n    X\(\w+, "(\w+)", \\\n((?:      "[^\n]*\n)+)')
SCHED_FIELD = re.compile(r'"(\w+) (\w+);" /\* (.*?) \*/')
SCHED_HEAD = """## Scheduling: seen from outside

`preflame record --sched` writes these into a trace of its own (folder `sched`), with the same clock.
"""
SECTION = re.compile(r"^/\* ---- (.*) ---- \*/$", re.M)
REASON = re.compile(r'X\(\w+, (\d+), "(\w+)"\)')
HEAD = """# Events of a trace

Provider `preflame`, made from `tracepoints/provider.h` by `scripts/events_doc.py`. Each event also has the contexts
`vpid` and `vtid`: process and thread. `stack` is the number of an entry of that process' dictionary (event `stack`),
0 for none.
"""


def type_of(kind, words):
    """A field's type as a reader sees it."""
    if kind == "string":
        return "string"
    if kind == "enum":
        return f"{words[1]} ({words[2]})"
    number = words[0] + (", hex" if kind.endswith("_hex") else "")
    return f"{number}, any number of them" if kind.startswith("sequence") else number


def name_of(kind, words):
    return words[3] if kind == "enum" else words[0] if kind == "string" else words[1]


def event_lines(match):
    description, name, body = match.groups()
    if not description:
        raise ValueError(f"event {name} has no comment")
    yield from (f"### {name}", "", description, "", "| field | type | meaning |", "|---|---|---|")
    for kind, arguments, meaning in FIELD.findall(body):
        words = [word.strip() for word in arguments.split(",")]
        if not meaning:
            raise ValueError(f"field {name}.{name_of(kind, words)} has no comment")
        yield f"| `{name_of(kind, words)}` | {type_of(kind, words)} | {meaning} |"
    yield ""


def sched_lines(root):
    """The rows of `preflame record`'s own trace."""
    yield from SCHED_HEAD.splitlines()
    yield ""
    source = (root / "viewer/session/sched_stream.h").read_text(encoding="utf-8")
    for description, name, body in SCHED_EVENT.findall(source):
        yield from (f"### {name}", "", description, "", "| field | type | meaning |", "|---|---|---|")
        yield from (f"| `{field}` | {kind} | {meaning} |" for kind, field, meaning in SCHED_FIELD.findall(body))
        yield ""


def document(root):
    """The whole text. ValueError names what has no comment."""
    source = (root / "tracepoints/provider.h").read_text(encoding="utf-8")
    parts = [(match.start(), [f"## {match.group(1)[0].upper()}{match.group(1)[1:]}", ""])
             for match in SECTION.finditer(source)]
    parts += [(match.start(), list(event_lines(match))) for match in EVENT.finditer(source)]
    lines = [line for _, part in sorted(parts) for line in part]
    lines += sched_lines(root)
    reasons = REASON.findall((root / "runtime/base/wait.h").read_text(encoding="utf-8"))
    lines += ["## Wait reasons", "", "| number | name |", "|---|---|"]
    lines += [f"| {number} | {name} |" for number, name in reasons]
    return HEAD + "\n" + "\n".join(lines) + "\n"


def main(arguments):
    if arguments in (["--help"], ["-h"]):
        print(__doc__.strip())
        return 0
    root = pathlib.Path(arguments[0]) if arguments else pathlib.Path(__file__).resolve().parents[1]
    try:
        sys.stdout.write(document(root))
    except ValueError as error:
        print(f"events_doc: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
