"""Run tests under load: ``python -m tools.stress_test [options and files of pytest]``.

Two endless loops keep the machine busy, and process 1 never reaps: a process that exits after its
parent stays in the process table, as in a container without an init process. Without arguments
this runs the tests whose outcome depends on time or on processes.
"""

import os
import subprocess
import sys

from core.support import environment

TESTS = environment.PROJECT / "tests"
BUSY_LOOPS = 2
TIMING_TESTS = (
    "core/cli",
    "core/engine",
    "core/jobs",
    "core/queue",
    "core/support/test_locks.py",
    "browser",
)
_NEW_PID_NAMESPACE = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
_AS_PROCESS_1 = "--as-process-1"


def main(arguments: list[str]) -> int:
    """Run pytest under load and return its exit status.

    Returns 0 and prints why where a process may not create a PID namespace.
    """
    if arguments[:1] == [_AS_PROCESS_1]:
        return _run_as_process_1(arguments[1:])
    if not _can_create_namespace():
        print(
            "Skipped: a PID namespace needs Linux, unshare and administrator rights "
            "(in Docker: --privileged)."
        )
        return 0
    module = [sys.executable, "-m", "tools.stress_test", _AS_PROCESS_1, *arguments]
    return subprocess.run([*_NEW_PID_NAMESPACE, *module], cwd=TESTS.parent, check=False).returncode


def _can_create_namespace() -> bool:
    command = [*_NEW_PID_NAMESPACE, "true"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _run_as_process_1(arguments: list[str]) -> int:
    """Start the loops and pytest, and wait for pytest only; the loops end with this process."""
    for _ in range(BUSY_LOOPS):
        subprocess.Popen([sys.executable, "-c", "while True: pass"])
    default = [str(TESTS / path) for path in TIMING_TESTS]
    pytest = subprocess.Popen([sys.executable, "-m", "pytest", *(arguments or default)])
    _, status = os.waitpid(pytest.pid, 0)
    return os.waitstatus_to_exitcode(status) & 0xFF


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
