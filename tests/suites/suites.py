"""Runs programs' own tests bare and under preflame with every feature on, and compares test by test."""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import cpython
import run
import scripted
import servers
import session
import stress_ng

SUITES = {**cpython.SUITES, **stress_ng.SUITES, **scripted.SUITES, **servers.SUITES}
# Those that take a few seconds at most.
SHORT = ["test_select", "test_threadsignals", "test_time", "test_fork1", "bash", "perl", "redis", "memcached",
         "stress_together"]
TRIES = 3


def once(name, preload, extra):
    folder = Path(tempfile.mkdtemp(prefix="suite-"))
    try:
        return SUITES[name](run.environment(preload, folder, **extra), folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def differences(bare, preloaded):
    """Lines: what is not as bare."""
    return [f"{test}: bare {bare.get(test, 'not run')}, preloaded {preloaded.get(test, 'not run')}"
            for test in dict.fromkeys([*bare, *preloaded]) if bare.get(test) != preloaded.get(test)]


def compare(name, preload, extra=None, tries=TRIES):
    """(tests bare, tests preloaded, differences, output of the last preloaded run). A test that goes either way by
    itself is run again: what is a difference is one in each of `tries` pairs."""
    lasting = None
    for _ in range(tries):
        bare, _ = once(name, None, {})
        preloaded, text = once(name, preload, extra or {})
        found = differences(bare, preloaded)
        names = {line.split(": bare ")[0]: line for line in found}
        lasting = names if lasting is None else {key: lasting[key] for key in lasting if key in names}
        if not lasting:
            break
    return len(bare), len(preloaded), list(lasting.values()), text


def report(names, preload, extra, is_verbose):
    """Prints the table. The exit status: 1 when a suite differs."""
    is_same = True
    print(f"{'suite':24} {'bare':>6} {'preloaded':>9} {'differ':>6}", flush=True)
    for name in names:
        count, preloaded, lines, text = compare(name, preload, extra)
        print(f"{name:24} {count:6} {preloaded:9} {len(lines):6}", flush=True)
        for line in lines:
            print(f"    {line}")
        if lines and is_verbose:
            print(text)
        is_same &= not lines
    return 0 if is_same else 1


def main():
    parser = argparse.ArgumentParser(prog="scripts/suites")
    parser.add_argument("--build", required=True)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--trace", action="store_true")
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("suite", nargs="*")
    options = parser.parse_args()
    unknown = [name for name in options.suite if name not in SUITES]
    if unknown:
        parser.error(f"no suite {unknown[0]}; there are {' '.join(SUITES)}")
    preload = Path(options.build).resolve() / "lib" / "libpreflame.so"
    names = options.suite or (SHORT if options.short else SUITES)
    if not options.trace:
        return report(names, preload, {}, options.verbose)
    session.isolate()
    with tempfile.TemporaryDirectory(prefix="suites-") as folder:
        with session.recorded(folder) as extra:
            status = report(names, preload, extra, options.verbose)
        count = session.events(folder)
    print(f"{count} events were recorded")
    return status if count else 1


if __name__ == "__main__":
    sys.exit(main())
