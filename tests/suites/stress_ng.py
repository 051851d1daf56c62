"""stress-ng's stressors, each for a second, with its own verification on."""

import re

import run

NAMES = ["mutex", "sem", "fork", "vfork", "clone", "timer", "epoll", "poll", "signal", "sigpending", "pthread",
         "futex", "malloc"]
SECONDS = 1
TIMEOUT_S = 60


def run_all(names, environment, folder):
    """What it says of itself: it ends with status 0 when all went well, and names what failed."""
    stressors = [word for name in names for word in (f"--{name}", "1")]
    status, text = run.command(["stress-ng", *stressors, "--verify", "--timeout", f"{SECONDS}s",
                                "--temp-path", str(folder)], environment, folder, TIMEOUT_S)
    results = {"exit status": str(status), "successful run": str("successful run completed" in text)}
    for line in text.splitlines():
        if "stress-ng: fail:" in line:
            results["fail: " + re.sub(r"^.*?\] *", "", line)] = "said"
    return results, text


SUITES = {f"stress_{name}": lambda environment, folder, name=name: run_all([name], environment, folder)
          for name in NAMES}
SUITES["stress_together"] = lambda environment, folder: run_all(NAMES, environment, folder)
