"""Which browser there is on this machine, and how it is started."""

import os
import shutil
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Arguments with which it starts in a container, and asks nobody for anything by itself."""

HOW_TO_GET_ONE = (
    "install Chromium (on Debian `apt-get install chromium`, anywhere else "
    "`python -m playwright install chromium`)"
)


def in_ci() -> bool:
    """Whether this is CI, where a missing browser is a fault and no reason to skip."""
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


def find_browser() -> str | None:
    """The path of a Chromium: the system's own, else the one that Playwright downloaded."""
    for name in _NAMES:
        found = shutil.which(name)
        if found:
            return found
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None
