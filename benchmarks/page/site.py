"""A server with its engine, and a browser whose pages record when they paint an element."""

import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from core import jobs
from core.queue import engine_state, entries
from tools.browser import BROWSER_ARGUMENTS, find_browser
from tools.page_server import PageServer

WAIT_MS = 300_000

# `sleepWhen` resolves to the time of the frame in which a condition holds. `sleepPoints` returns
# the number of points of old memories of the visitor's run, null while the example is shown.
_WATCH = """
// Only when the page changes: a check before each frame makes a browser without a graphics card
// paint sixty frames per second, which takes half a core from the runs.
window.sleepWatch = (check) => {
  const changes = { subtree: true, childList: true, attributes: true, characterData: true };
  const observer = new MutationObserver(() => check(observer));
  observer.observe(document, changes);
};
window.sleepWhen = (condition) => new Promise((resolve) => sleepWatch((observer) => {
  if (!condition()) return;
  observer.disconnect();
  requestAnimationFrame(() => resolve(performance.now()));
}));
window.sleepChart = () => document.querySelector(".st-key-error_chart_figure .figure");
window.sleepPoints = () => {
  const node = sleepChart();
  if (!node?.layout || node.layout.uirevision.startsWith("example")) return null;
  return node.querySelector(".scatterlayer .trace")?.querySelectorAll(".point").length ?? 0;
};
window.sleepScores = sleepWhen(() => document.querySelector(".st-key-scorecard .score b"));
window.sleepPainted = sleepWhen(() => document.querySelector("h1")?.textContent.trim()
  && document.querySelector(".st-key-scorecard .score b")
  && sleepChart()?.querySelector(".scatterlayer .point"));
"""


class Site:
    """A running server and a browser."""

    def __init__(self, server: PageServer, browser: Browser) -> None:
        self.outputs = server.outputs
        self._server = server
        self._browser = browser

    @contextmanager
    def open_page(self, query: str = "") -> Iterator[Page]:
        """Open a page in a new browser context and wait until it shows the example.

        ``query`` is the query of the page's address. When the context ends, the page is closed and
        its runs are stopped.
        """
        context = self._browser.new_context(viewport={"width": 1280, "height": 720})
        context.add_init_script(_WATCH)
        page = context.new_page()
        page.goto(f"{self._server.url}/{query}")
        page.evaluate("sleepPainted")
        yield page
        runs = re.findall(r"(?:run|with)=([\w-]+)", page.url)
        context.close()
        for run in runs:
            jobs.stop(run)
        wait(lambda: not any(entries.contains(run) for run in runs))


@contextmanager
def running_site() -> Iterator[Site]:
    """Start a server with a ready engine and a browser; load the page once to warm them up."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        os.environ["SLEEP_OUTPUTS_DIR"] = folder
        server = PageServer(Path(folder))
        server.start()
        browser = playwright.chromium.launch(
            executable_path=find_browser(), args=list(BROWSER_ARGUMENTS)
        )
        wait(lambda: engine_state.current_state().ready)
        site = Site(server, browser)
        with site.open_page():
            pass
        yield site
        browser.close()
        server.terminate()
        wait(lambda: not engine_state.is_alive())


def press_run(page: Page) -> None:
    """Click on Run and record the time of the click; wait until the address names both runs."""
    page.evaluate(
        "addEventListener('click', () => { window.sleepClicked ??= performance.now(); }, true)"
    )
    page.locator(".st-key-run button").click()
    page.wait_for_url(re.compile(r"[?&]run=.*&with="), timeout=WAIT_MS)


def wait(condition: Callable[[], Any]) -> None:
    """Wait until ``condition`` returns a true value."""
    while not condition():
        time.sleep(0.01)
