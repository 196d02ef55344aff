"""What the job engine costs: ``python -m benchmarks.engine [PART ...]``.

Parts, all by default:
  start     until the engine is ready
  paint     the page's first paint while the program starts its engine, in turn with one that
            finds an engine there
  first     from submit to the first event on disk
  stop      until a stopped night has ended
  overhead  a night through engine and log, in turn with the bare generator in a process of its own
  clients   30 runs of 30 clients at once: order, memory, cost of a run

Each part has an engine and an outputs folder of its own.
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.engines import free_port, fresh_engine, memory, submit, wait
from core import jobs
from core.queue import engine_state, entries
from core.runs.folder import find_run
from core.runs.log import LOG
from core.schedule.config import RunConfig
from core.support.environment import PROJECT

TIMES = 10
PAIRS = 3
CLIENTS = 30
NIGHT = RunConfig(total_eps=80, num_cycles=8, device="cpu")  # about ten seconds
TINY = RunConfig(
    split="digits",
    total_eps=1,
    num_cycles=1,
    num=1,
    start_fraction_rem=0.0,
    end_fraction_rem=0.0,
    device="cpu",
)

_BARE = """
import sys, time, torch
from core.schedule.config import RunConfig
from core.data import load_pair
from core.engine.warm_up import warm_up
from core.training.night import train
torch.set_num_threads(1)
warm_up()
config = RunConfig(total_eps=int(sys.argv[1]), num_cycles=int(sys.argv[2]), device="cpu")
pair = load_pair(config.split, config.data)
began = time.perf_counter()
for event in train(config, pair):
    pass
print(time.perf_counter() - began)
"""
_CLIENT = """
import sys
from benchmarks.engine import TINY
from core import jobs
print(jobs.submit(TINY, person=sys.argv[1]))
"""


def start() -> None:
    times = []
    for _ in range(TIMES):
        began = time.perf_counter()
        with fresh_engine():
            times.append(time.perf_counter() - began)
    _print("engine ready after its start, s", times)


def paint() -> None:
    from playwright.sync_api import sync_playwright

    from tools.browser import find_browser

    starting, found, ready = [], [], []
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        for number in range(PAIRS):
            os.environ["SLEEP_OUTPUTS_DIR"] = f"{folder}/{number}"
            painted, engine = _first_paint(browser)
            starting.append(painted)
            ready.append(engine)
            wait(lambda: not engine_state.is_alive())
            with fresh_engine():
                found.append(_first_paint(browser)[0])
        browser.close()
    _print("program to first paint, engine starting, s", starting)
    _print("program to first paint, engine there, s", found)
    _print("program to engine ready, s", ready)


def _first_paint(browser: Any) -> tuple[float, float]:
    """Seconds from the program's start to the page's hypnogram, and to a ready engine."""
    port = free_port()
    began = time.perf_counter()
    command = [sys.executable, "-m", "app", "--server.port", str(port)]
    program = subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    page = browser.new_page()
    wait(lambda: _listens(port))
    page.goto(f"http://127.0.0.1:{port}/")
    page.wait_for_selector(".st-key-hypnogram .main-svg", timeout=60_000)
    painted = time.perf_counter() - began
    wait(lambda: engine_state.current_state().ready)
    engine = time.perf_counter() - began
    page.close()
    program.terminate()
    program.wait()
    return painted, engine


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def first() -> None:
    with fresh_engine():
        times = []
        for _ in range(TIMES):
            began = time.perf_counter()
            run = submit(NIGHT)
            log = find_run(run).path / LOG
            wait(lambda log=log: log.exists() and log.stat().st_size > 0)  # type: ignore[misc]
            times.append(time.perf_counter() - began)
            _stop(run)
    _print("submit to the first event on disk, s", times)


def stop() -> None:
    with fresh_engine():
        times = []
        for number in range(TIMES):
            run = submit(NIGHT)
            log = find_run(run).path / LOG
            # In turn while it measures, and while it trains.
            kind = b'"StageStarted"' if number % 2 else b'"NightStarted"'
            wait(lambda log=log, kind=kind: log.exists() and kind in log.read_bytes())  # type: ignore[misc]
            began = time.perf_counter()
            _stop(run)
            times.append(time.perf_counter() - began)
    _print("stop asked to night ended, s", times)


def overhead() -> None:
    bare, engine = [], []
    with fresh_engine():
        for _ in range(PAIRS):
            command = [sys.executable, "-c", _BARE, str(NIGHT.total_eps), str(NIGHT.num_cycles)]
            done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
            bare.append(float(done.stdout))
            began = time.perf_counter()
            run = submit(NIGHT, threads=1)
            wait(lambda run=run: not entries.contains(run))  # type: ignore[misc]
            engine.append(time.perf_counter() - began)
    _print("bare generator, s", bare)
    _print("submit to done through the engine, s", engine)
    ratios = [with_it / without for with_it, without in zip(engine, bare, strict=True)]
    _print("ratio, in pairs", ratios)


def clients() -> None:
    with fresh_engine() as engine:
        idle = memory(engine)
        began = time.perf_counter()
        started = [
            subprocess.Popen(
                [sys.executable, "-c", _CLIENT, f"client {number}"],
                cwd=PROJECT,
                stdout=subprocess.PIPE,
                text=True,
            )
            for number in range(CLIENTS)
        ]
        runs = [client.communicate()[0].strip() for client in started]
        peak = 0.0
        while any(jobs.state(run).active for run in runs):
            peak = max(peak, memory(engine))
            time.sleep(0.1)
        took = time.perf_counter() - began
        ends = [jobs.state(run) for run in runs]
        workers = engine_state.current_state().workers
        inverted = _inversions(runs)
    seconds = [end.state.seconds or 0.0 for end in ends]
    print(
        f"{CLIENTS} clients: {sum(end.status == 'done' for end in ends)} runs done in {took:.1f} s"
    )
    print(f"  pairs that started in another order than they were submitted in: {inverted}")
    print(f"  engine and {workers} workers: {idle:.0f} MB idle, {peak:.0f} MB at most")
    per_run = (took * workers - sum(seconds)) / CLIENTS
    print(f"  a run: {statistics.mean(seconds):.2f} s of night, {per_run:.2f} s of all else")


def _inversions(runs: list[str]) -> int:
    """Pairs of runs of which the one that was submitted a second or more later started first."""
    folders = [find_run(run) for run in runs]
    # A run's record is written for the last time when its night begins.
    times = [(each.record().submitted, each.record_file.stat().st_mtime) for each in folders]
    return sum(one[0] < other[0] and one[1] > other[1] for one in times for other in times)


def _stop(run: str) -> None:
    jobs.stop(run)
    wait(lambda: not entries.contains(run))


def _print(what: str, values: Sequence[float]) -> None:
    middle = statistics.median(values)
    print(f"{what:42} {middle:8.3f}   ({min(values):.3f} to {max(values):.3f}, n={len(values)})")


def main() -> None:
    parts = {part.__name__: part for part in (start, paint, first, stop, overhead, clients)}
    print(f"{datetime.now():%Y-%m-%d}, {os.cpu_count()} cores, in {Path.cwd()}")
    for name in sys.argv[1:] or parts:
        parts[name]()


if __name__ == "__main__":
    main()
