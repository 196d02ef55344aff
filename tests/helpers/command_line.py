"""Helpers for tests of the command line."""

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from core.cli import main
from core.support.environment import PROJECT

TIMEOUT_S = 120


def start_command(*arguments: str) -> subprocess.Popen[str]:
    """Start ``python -m core`` with a readable standard error.

    SIGINT interrupts the process even if the shell of the tests ignores that signal.
    """
    script = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        f"from core.cli import main; sys.exit(main({list(arguments)!r}))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", script], cwd=PROJECT, stderr=subprocess.PIPE, text=True
    )


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """Read the standard error of ``process`` up to ``text``, and return what was read.

    Fails if the process exits first, and kills it after `TIMEOUT_S` seconds.
    """
    assert process.stderr is not None
    output = ""
    timer = threading.Timer(TIMEOUT_S, process.kill)
    timer.start()
    try:
        while text not in output:
            character = process.stderr.read(1)
            assert character, f"the process exited before it wrote '{text}': {output}"
            output += character
    finally:
        timer.cancel()
    return output


def results_without_time(path: Path) -> dict[str, Any]:
    """Return the results in a JSON file without the duration of the run."""
    results = json.loads(path.read_text())
    del results["seconds"]
    return results


def runs_output(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    """Run ``python -m core runs`` in this process and return its output.

    Parameters
    ----------
    capsys : pytest.CaptureFixture
        The test's fixture.
    arguments : str
        Arguments after ``runs``.
    status : int, default 0
        Expected exit status.

    Returns
    -------
    str
        Standard output for status 0, else standard error; the other one must be empty.
    """
    assert main(["runs", *arguments]) == status
    out, err = capsys.readouterr()
    assert (out if status else err) == ""
    return err if status else out
