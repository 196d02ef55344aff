"""The Chromium browser of this machine and its command line arguments, for browser tests."""

import os
import shutil
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

BROWSER_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Arguments that start the browser in a container and disable its background requests."""

INSTALL_HINT = (
    "install Chromium (on Debian `apt-get install chromium`, anywhere else "
    "`python -m playwright install chromium`)"
)


def in_ci() -> bool:
    """Return whether this is CI, where tests fail without a browser; elsewhere they are skipped."""
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


def find_browser() -> str | None:
    """Return the path of the system's or else Playwright's Chromium; None without either."""
    for name in _NAMES:
        installed = shutil.which(name)
        if installed:
            return installed
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None
