"""Four servers under load while profiles and traces are fetched: a short form of scripts/soak."""

import subprocess
import sys

from conftest import BUILD, ROOT


def soak(*options):
    done = subprocess.run([sys.executable, ROOT / "tests" / "soak" / "soak.py", "--build", BUILD, *options], timeout=120,
                          capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_nothing_fails_and_nothing_grows():
    status, text = soak("--minutes=0.3")
    assert status == 0, text
    assert " 0 failures" in text
