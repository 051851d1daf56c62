"""CPython's own tests, as Debian packages them (libpython3.11-testsuite)."""

import xml.etree.ElementTree as xml

import run

NAMES = ["test_time", "test_fork1", "test_select", "test_threadsignals", "test_selectors", "test_eintr", "test_signal",
         "test_os", "test_posix", "test_socket", "test_threading", "test_subprocess"]
TIMEOUT_S = 900
# It waits for ever on some virtual machines, whoever runs it.
IGNORED = ["--ignore", "*VSOCK*"]


def outcome(case):
    for word in ("failure", "error", "skipped"):
        if case.find(word) is not None:
            return word
    return case.get("result", "completed")


def run_one(name, environment, folder):
    """Each test's outcome, and how the whole ended: {test: outcome}."""
    report = folder / "report.xml"
    status, text = run.command([run.PYTHON, "-m", "test", *IGNORED, "--junit-xml", str(report), name], environment, folder,
                               TIMEOUT_S)
    results = {"exit status": str(status)}
    if not report.exists():
        return results, text
    for case in xml.parse(report).getroot().iter("testcase"):
        results[case.get("name")] = outcome(case)
    return results, text


SUITES = {name: lambda environment, folder, name=name: run_one(name, environment, folder) for name in NAMES}
