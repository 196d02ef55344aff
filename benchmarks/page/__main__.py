"""The parts; see the package's docstring."""

import os
import random
import re
import statistics
import sys
import threading
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from playwright.sync_api import Page

from benchmarks.page.site import WAIT_MS, press_run, site, wait
from core.queue import entries
from core.runs.folder import find_run
from core.runs.log import LOG

TIMES = 10
NIGHTS = 3
_LINE = b'"kind": "StageEvaluated"'
_POLL_S = 0.002
_WATCH_POINTS = """() => {  // the first point is before the night
  window.sleepStage = sleepWhen(() => sleepOwn() >= 2);
  window.sleepCycle = sleepWhen(() => sleepOwn() >= 3);
}"""
_HYPNOGRAM = ".st-key-hypnogram_figure .figure"


def visit() -> None:
    scores, painted = [], []
    with site() as found:
        for _ in range(TIMES):
            with found.visit() as page:
                scores.append(page.evaluate("sleepScores"))
                painted.append(page.evaluate("sleepPainted"))
    _print("navigation to scores, s", scores)
    _print("navigation to first meaningful paint, s", painted)


def first() -> None:
    stages, cycles = [], []
    with site() as found:
        for _ in range(1 + TIMES):
            with found.visit() as page:
                page.evaluate(_WATCH_POINTS)
                press_run(page)
                stages.append(page.evaluate("sleepStage.then((drawn) => drawn - sleepClicked)"))
                cycles.append(page.evaluate("sleepCycle.then((drawn) => drawn - sleepClicked)"))
    _print("very first Run to first stage's points, s", stages[:1])
    print("  (the measure before the night is made then, and in all others taken from a cache)")
    _print("Run to first stage's points, s", stages[1:])
    _print("Run to first cycle's points, s", cycles[1:])


def pixels() -> None:
    with site() as found, found.visit() as page:
        page.evaluate(
            """() => {
              window.sleepSeen = [];
              sleepWatch(() => requestAnimationFrame(() => {
                while (sleepSeen.length < (sleepOwn() ?? 0)) sleepSeen.push(Date.now());
              }));
            }"""
        )
        press_run(page)
        run = re.search(r"run=([\w-]+)", page.url)
        assert run is not None
        watcher = _LogWatcher(find_run(run[1]).path / LOG)
        page.locator(".st-key-run_status", has_text="done").wait_for(timeout=WAIT_MS)
        watcher.end()
        seen = page.evaluate("sleepSeen")
    # The watcher starts when the address is known, so the first lines may have been there.
    pairs = list(zip(watcher.times, seen, strict=False))[1:]
    times = [shown - written for written, shown in pairs]
    _print("measure's line on disk to its pixels, s", times)


def pair() -> None:
    with site() as found:
        for query, seeds in (("", "one seed"), ("?seeds=3", "three seeds")):
            times = []
            for _ in range(NIGHTS):
                with found.visit(query) as page:
                    began = time.perf_counter()
                    press_run(page)
                    runs = re.findall(r"(?:run|with)=([\w-]+)", page.url)
                    assert len(runs) == 2
                    wait(lambda runs=runs: not any(entries.contains(run) for run in runs))  # type: ignore[misc]
                    page.locator(".st-key-run_status", has_text="done").wait_for(timeout=WAIT_MS)
                    times.append(1000 * (time.perf_counter() - began))
            _print(f"Run to both nights done and shown, {seeds} each, s", times)


class _LogWatcher:
    """Notes when each measure's line comes into a log, as the page's ``Date.now()`` would."""

    def __init__(self, log: Path) -> None:
        self.times: list[float] = []
        self._log = log
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def end(self) -> None:
        self._ends.set()
        self._thread.join()

    def _watch(self) -> None:
        read = 0
        while not self._ends.wait(_POLL_S):
            if not self._log.exists() or self._log.stat().st_size == read:
                continue
            now = 1000 * time.time()
            with self._log.open("rb") as file:
                file.seek(read)
                text = file.read()
            read += len(text)  # lines are appended whole
            self.times += [now] * text.count(_LINE)


def slider() -> None:
    with site() as found:
        with found.visit("?num_cycles=30") as page:
            _print("slider's key to hypnogram, example shown, s", _presses(page))
        with found.visit("?num_cycles=30") as page:
            press_run(page)
            wait(lambda: page.evaluate("sleepOwn() > 1"))
            times = _presses(page)
            assert "running" in page.locator(".st-key-run_status").inner_text()
            _print("slider's key to hypnogram, night running, s", times)


def _presses(page: Page) -> list[float]:
    page.locator(".st-key-num_cycles").get_by_role("slider").focus()
    times = []
    for _ in range(1 + TIMES):
        page.evaluate(
            f"""() => {{
              const version = () => document.querySelector("{_HYPNOGRAM}").dataset.version;
              const before = version();
              addEventListener("keydown", () => {{
                const pressed = performance.now();
                window.sleepDrawn = sleepWhen(() => version() !== before)
                  .then((drawn) => drawn - pressed);
              }}, {{ capture: true, once: true }});
            }}"""
        )
        page.keyboard.press("ArrowLeft")
        times.append(page.evaluate("sleepDrawn"))
        page.wait_for_timeout(random.uniform(300, 900))  # at any time between two polls
    return times[1:]  # the first one leaves the night that runs, whose stage was lit until then


def _print(what: str, milliseconds: Sequence[float]) -> None:
    values = [each / 1000 for each in milliseconds]
    middle = statistics.median(values)
    print(f"{what:56} {middle:7.3f}   ({min(values):.3f} to {max(values):.3f}, n={len(values)})")


def main() -> None:
    parts = {part.__name__: part for part in (visit, first, pixels, slider, pair)}
    print(f"{datetime.now():%Y-%m-%d}, {os.cpu_count()} cores, in {Path.cwd()}")
    for name in sys.argv[1:] or parts:
        parts[name]()


if __name__ == "__main__":
    main()
