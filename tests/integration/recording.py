"""`preflame record` in a sandbox, and what it says: shared by the tests of recording."""
import re

import pytest

from test_provider import EXPECTED, IS_ROOT, PREFLAME

DRIVER_EVENTS = len(EXPECTED)  # of its command `events`
root_only = pytest.mark.skipif(not IS_ROOT, reason="needs root to become somebody else")
LAST_LINE = re.compile(r"^preflame: recorded (\d+) events \((\d+) lost\) in (.*)$")


def last_line(text):
    found = LAST_LINE.match(text.splitlines()[-1])
    assert found, text
    return int(found[1]), int(found[2]), found[3]


def lines_of(text):
    """Our lines, but for the one about a preload that isn't built."""
    return [line for line in text.splitlines() if line.startswith("preflame") and "libpreflame.so is not" not in line]


def record(sandbox, *arguments, **options):
    return sandbox.run(PREFLAME, "record", *arguments, **options)
