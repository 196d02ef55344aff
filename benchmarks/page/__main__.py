"""The parts of the benchmark; see the package's docstring."""

import argparse
import os
import random
import re
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from playwright.sync_api import Page

from benchmarks.page.site import WAIT_MS, press_run, running_site, wait
from core.queue import entries
from core.runs.folder import find_run
from core.runs.log import LOG

REPETITIONS = 10
NIGHTS = 3
_LINE = b'"kind": "StageEvaluated"'
_POLL_S = 0.002
_WATCH_POINTS = """() => {  // the first point is before the night
  window.sleepStage = sleepWhen(() => sleepPoints() >= 2);
  window.sleepCycle = sleepWhen(() => sleepPoints() >= 3);
}"""
_HYPNOGRAM = ".st-key-hypnogram_figure .figure"


def measure_first_paint() -> None:
    """Part "visit"."""
    scores, painted = [], []
    with running_site() as site:
        for _ in range(REPETITIONS):
            with site.open_page() as page:
                scores.append(page.evaluate("sleepScores"))
                painted.append(page.evaluate("sleepPainted"))
    _print("navigation to scores, s", scores)
    _print("navigation to first meaningful paint, s", painted)


def measure_first_points() -> None:
    """Part "first"."""
    stages, cycles = [], []
    with running_site() as site:
        for _ in range(1 + REPETITIONS):
            with site.open_page() as page:
                page.evaluate(_WATCH_POINTS)
                press_run(page)
                stages.append(page.evaluate("sleepStage.then((painted) => painted - sleepClicked)"))
                cycles.append(page.evaluate("sleepCycle.then((painted) => painted - sleepClicked)"))
    _print("very first Run to first stage's points, s", stages[:1])
    print("  (it measures before the night; all others read that measurement from a cache)")
    _print("Run to first stage's points, s", stages[1:])
    _print("Run to first cycle's points, s", cycles[1:])


def measure_log_to_pixels() -> None:
    """Part "pixels"."""
    with running_site() as site, site.open_page() as page:
        page.evaluate(
            """() => {
              window.sleepPaintTimes = [];
              sleepWatch(() => requestAnimationFrame(() => {
                const points = sleepPoints() ?? 0;
                while (sleepPaintTimes.length < points) sleepPaintTimes.push(Date.now());
              }));
            }"""
        )
        press_run(page)
        run = re.search(r"run=([\w-]+)", page.url)
        assert run is not None
        watcher = _LogWatcher(find_run(run[1]).path / LOG)
        page.locator(".st-key-run_status", has_text="done").wait_for(timeout=WAIT_MS)
        watcher.stop()
        painted_ms = page.evaluate("sleepPaintTimes")
    # The watcher starts after the run, so it may have missed when the first lines were written.
    pairs = list(zip(watcher.times_ms, painted_ms, strict=False))[1:]
    _print(
        "measurement on disk to its pixels, s", [painted - written for written, painted in pairs]
    )


def measure_both_nights() -> None:
    """Part "pair"."""
    with running_site() as site:
        for query, seeds in (("", "one seed"), ("?seeds=3", "three seeds")):
            times = []
            for _ in range(NIGHTS):
                with site.open_page(query) as page:
                    began = time.perf_counter()
                    press_run(page)
                    runs = re.findall(r"(?:run|with)=([\w-]+)", page.url)
                    assert len(runs) == 2
                    wait(lambda runs=runs: not any(entries.contains(run) for run in runs))  # type: ignore[misc]
                    page.locator(".st-key-run_status", has_text="done").wait_for(timeout=WAIT_MS)
                    times.append(1000 * (time.perf_counter() - began))
            _print(f"Run to both nights done and shown, {seeds} each, s", times)


class _LogWatcher:
    """Record when each measurement is appended to a log, in milliseconds as ``Date.now()``."""

    def __init__(self, log: Path) -> None:
        self.times_ms: list[float] = []
        self._log = log
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        read = 0
        while not self._stopped.wait(_POLL_S):
            if not self._log.exists() or self._log.stat().st_size == read:
                continue
            now = 1000 * time.time()
            with self._log.open("rb") as file:
                file.seek(read)
                text = file.read()
            read += len(text)  # lines are appended whole
            self.times_ms += [now] * text.count(_LINE)


def measure_slider() -> None:
    """Part "slider"."""
    with running_site() as site:
        with site.open_page("?num_cycles=30") as page:
            _print("slider's key to hypnogram, example shown, s", _key_times(page))
        with site.open_page("?num_cycles=30") as page:
            press_run(page)
            wait(lambda: page.evaluate("sleepPoints() > 1"))
            times = _key_times(page)
            assert "running" in page.locator(".st-key-run_status").inner_text()
            _print("slider's key to hypnogram, night running, s", times)


def _key_times(page: Page) -> list[float]:
    """Return the milliseconds from each key press to the new hypnogram."""
    page.locator(".st-key-num_cycles").get_by_role("slider").focus()
    times = []
    for _ in range(1 + REPETITIONS):
        page.evaluate(
            f"""() => {{
              const version = () => document.querySelector("{_HYPNOGRAM}").dataset.version;
              const previous = version();
              addEventListener("keydown", () => {{
                const pressed = performance.now();
                window.sleepRedrawn = sleepWhen(() => version() !== previous)
                  .then((painted) => painted - pressed);
              }}, {{ capture: true, once: true }});
            }}"""
        )
        page.keyboard.press("ArrowLeft")
        times.append(page.evaluate("sleepRedrawn"))
        page.wait_for_timeout(random.uniform(300, 900))  # at a random time between two polls
    # The first press also switches from the running night to the edited schedule.
    return times[1:]


def _print(title: str, milliseconds: Sequence[float]) -> None:
    values = [value / 1000 for value in milliseconds]
    median = statistics.median(values)
    print(f"{title:56} {median:7.3f}   ({min(values):.3f} to {max(values):.3f}, n={len(values)})")


PARTS: dict[str, Callable[[], None]] = {
    "visit": measure_first_paint,
    "first": measure_first_points,
    "pixels": measure_log_to_pixels,
    "slider": measure_slider,
    "pair": measure_both_nights,
}


def main() -> None:
    """Run the parts given on the command line, all by default."""
    parser = argparse.ArgumentParser(description="Measure the page in a real browser.")
    parser.add_argument("part", nargs="*", help=f"parts to run: {', '.join(PARTS)} (default: all)")
    parts = parser.parse_args().part or list(PARTS)
    for name in parts:
        if name not in PARTS:
            parser.error(f"part is {name!r}; choose one of {', '.join(PARTS)}.")
    print(f"{datetime.now():%Y-%m-%d}, {os.cpu_count()} cores, in {Path.cwd()}")
    for name in parts:
        PARTS[name]()


if __name__ == "__main__":
    main()
