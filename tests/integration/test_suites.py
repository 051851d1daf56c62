"""Other programs' own tests end as bare, with every feature on: the quick ones of what scripts/suites runs."""

import sys

import pytest
from conftest import PRELOAD, ROOT

sys.path.insert(0, str(ROOT / "tests" / "suites"))
import suites  # noqa: E402


@pytest.mark.parametrize("name", suites.SHORT)
def test_it_ends_as_bare(name):
    count, _, differences, text = suites.compare(name, PRELOAD)
    assert count > 1, "it ran nothing"
    assert differences == [], text


def test_a_difference_is_found():
    """What the loader says of a preload that is missing stands on the stderr of bash's children."""
    _, _, differences, _ = suites.compare("bash", PRELOAD, {"LD_PRELOAD": "/no/such/library"}, tries=1)
    assert "nothing else stands on stderr" in [line.split(": ")[0] for line in differences]
