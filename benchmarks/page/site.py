"""A server with an engine of its own, and a browser whose pages tell when they show what."""

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
from tools.browser import QUIET, find_browser
from tools.page_server import Server

WAIT_MS = 300_000

# `sleepWhen` gives the time of the frame in which a condition holds, `sleepOwn` counts the points
# of old memories of one's own night, None while the example is shown.
_WATCH = """
// Only when the page changes: a look before each frame makes a browser without a graphics card
// paint sixty frames a second, for which it takes half a core from the nights.
window.sleepWatch = (look) => {
  const changes = { subtree: true, childList: true, attributes: true, characterData: true };
  const watch = new MutationObserver(() => look(watch));
  watch.observe(document, changes);
};
window.sleepWhen = (condition) => new Promise((resolve) => sleepWatch((watch) => {
  if (!condition()) return;
  watch.disconnect();
  requestAnimationFrame(() => resolve(performance.now()));
}));
window.sleepChart = () => document.querySelector(".st-key-error_chart_figure .figure");
window.sleepOwn = () => {
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
    """The server's address, and a browser that comes to it."""

    def __init__(self, server: Server, browser: Browser) -> None:
        self.outputs = server.outputs
        self._server = server
        self._browser = browser

    @contextmanager
    def visit(self, query: str = "") -> Iterator[Page]:
        """A page in a context of its own, once it shows the example; its nights end with it."""
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
def site() -> Iterator[Site]:
    """A warm server with a ready engine."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        os.environ["SLEEP_OUTPUTS_DIR"] = folder
        server = Server(Path(folder))
        server.start()
        browser = playwright.chromium.launch(executable_path=find_browser(), args=list(QUIET))
        wait(lambda: engine_state.current_state().ready)
        found = Site(server, browser)
        with found.visit():  # the server's first, in which it still imports
            pass
        yield found
        browser.close()
        server.end()
        wait(lambda: not engine_state.is_alive())


def press_run(page: Page) -> None:
    """Click on Run, and note when; the address names the runs afterwards."""
    page.evaluate(
        "addEventListener('click', () => { window.sleepClicked ??= performance.now(); }, true)"
    )
    page.locator(".st-key-run button").click()
    page.wait_for_url(re.compile(r"[?&]run=.*&with="), timeout=WAIT_MS)


def wait(condition: Callable[[], Any]) -> None:
    """Wait for what no page shows."""
    while not condition():
        time.sleep(0.01)
