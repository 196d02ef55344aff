"""Install a browser for the tests if none is installed: ``python -m tools.install_browser``."""

import os
import shutil
import subprocess
import sys

from tools.browser import INSTALL_HINT, find_browser, in_ci

_TIMEOUT_S = 600


def main() -> int:
    """Install a browser if none is found; return the exit status.

    Without a browser the status is 1 in CI and 0 elsewhere, where the browser tests are skipped.
    """
    if find_browser() or _from_debian() or _from_playwright():
        return 0
    consequence = "CI needs them" if in_ci() else "they will be skipped"
    print(
        f"No browser for the tests in tests/browser, and none could be installed; {consequence}. "
        f"To run them, {INSTALL_HINT}.",
        file=sys.stderr,
    )
    return 1 if in_ci() else 0


def _from_debian() -> bool:
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return False
    print("Installing Chromium for the browser tests ...", file=sys.stderr)
    noninteractive = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
        if not _succeeds(["apt-get", "-qq", *arguments], noninteractive):
            return False
    return find_browser() is not None


def _from_playwright() -> bool:
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    return _succeeds(command, dict(os.environ)) and find_browser() is not None


def _succeeds(command: list[str], environment: dict[str, str]) -> bool:
    try:
        process = subprocess.run(
            command, env=environment, capture_output=True, timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return process.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
