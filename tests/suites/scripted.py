"""bash and perl: Debian packages no tests of theirs, hence scripts of ours that say "ok" or "not ok" to each claim."""

from pathlib import Path

import run

SCRIPTS = Path(__file__).resolve().parent / "scripts"
TIMEOUT_S = 120


def claims(argv, environment, folder):
    """{claim: "ok" or "not ok"}, and how the whole ended."""
    status, text = run.command(argv, environment, folder, TIMEOUT_S)
    results = {"exit status": str(status)}
    for line in text.splitlines():
        word = "not ok" if line.startswith("not ok ") else "ok" if line.startswith("ok ") else None
        if word:
            results[line[len(word) + 1:]] = word
    return results, text


def bash(environment, folder):
    return claims(["bash", str(SCRIPTS / "shell.sh")], environment, folder)


def perl(environment, folder):
    return claims(["sh", "-c", f"TEST_PARENT=$$ perl {SCRIPTS / 'perl.t'}"], environment, folder)


SUITES = {"bash": bash, "perl": perl}
