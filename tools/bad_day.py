"""Run tests on a bad day: ``python -m tools.bad_day [options and files of pytest]``.

The machine is loaded by two endless loops, and process 1 never reaps: a process that ends and
whose parent is gone stays in the process table, as in a container without an init process.
Without arguments the tests run whose outcome depends on time or on processes.
"""

import os
import subprocess
import sys

from core.support import environment

TESTS = environment.PROJECT / "tests"
LOOPS = 2
_ALONE = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
_FIRST = "--as-process-1"
_CRITICAL = (
    "core/cli",
    "core/engine",
    "core/jobs",
    "core/queue",
    "core/support/test_locks.py",
    "browser",
)


def main(arguments: list[str]) -> int:
    """Run pytest as said above; skip with a sentence where that takes rights one lacks."""
    if arguments[:1] == [_FIRST]:
        return _as_process_1(arguments[1:])
    if not _can_be_alone():
        print(
            "Skipped: process numbers of its own need Linux, unshare and the rights of an "
            "administrator (in Docker: --privileged)."
        )
        return 0
    command = [*_ALONE, sys.executable, "-m", "tools.bad_day", _FIRST, *arguments]
    return subprocess.run(command, cwd=TESTS.parent, check=False).returncode


def _can_be_alone() -> bool:
    try:
        return subprocess.run([*_ALONE, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _as_process_1(arguments: list[str]) -> int:
    """Load the machine, run pytest and wait for it alone; all others end with this process."""
    for _ in range(LOOPS):
        subprocess.Popen([sys.executable, "-c", "while True: pass"])
    tests = subprocess.Popen([sys.executable, "-m", "pytest", *(arguments or _critical())])
    _, status = os.waitpid(tests.pid, 0)
    return os.waitstatus_to_exitcode(status) & 0xFF


def _critical() -> list[str]:
    return [str(TESTS / each) for each in _CRITICAL]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
