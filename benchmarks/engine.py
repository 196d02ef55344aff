"""Benchmark of the job engine: ``python -m benchmarks.engine [PART ...]``.

Parts, all by default:
  start     time until the engine is ready
  paint     time until the page's first paint, with an engine that starts and with a ready one
  first     time from submit to the first event on disk
  stop      time from a stop request to the end of the run
  overhead  time of a run through engine and log, and of `train` alone in a separate process
  clients   30 clients that submit one run each at once: order, memory and overhead per run

Each part starts an engine with an empty outputs folder.
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

from benchmarks.engines import free_port, fresh_engine, memory_mb, submit, wait_until
from core import jobs
from core.queue import engine_state, entries
from core.runs.folder import find_run
from core.runs.log import LOG
from core.schedule.config import RunConfig
from core.support.environment import PROJECT

REPEATS = 10
PAIRS = 3
CLIENTS = 30
TEN_SECONDS = RunConfig(total_eps=80, num_cycles=8, device="cpu")
TINY = RunConfig(
    split="digits",
    total_eps=1,
    num_cycles=1,
    num=1,
    start_fraction_rem=0.0,
    end_fraction_rem=0.0,
    device="cpu",
)

_TRAIN_ALONE = """
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


def measure_engine_start() -> None:
    """Print how long an engine takes to become ready."""
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        with fresh_engine():
            times.append(time.perf_counter() - began)
    _print("engine ready after its start, s", times)


def measure_first_paint() -> None:
    """Print how long the page's first paint takes, with a starting and with a ready engine."""
    from playwright.sync_api import sync_playwright

    from tools.browser import find_browser

    paint_starting, paint_ready, engine_ready = [], [], []
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        for number in range(PAIRS):
            os.environ["SLEEP_OUTPUTS_DIR"] = f"{folder}/{number}"
            painted_s, ready_s = _first_paint(browser)
            paint_starting.append(painted_s)
            engine_ready.append(ready_s)
            wait_until(lambda: not engine_state.is_alive())
            with fresh_engine():
                paint_ready.append(_first_paint(browser)[0])
        browser.close()
    _print("program to first paint, engine starting, s", paint_starting)
    _print("program to first paint, engine ready, s", paint_ready)
    _print("program to engine ready, s", engine_ready)


def _first_paint(browser: Any) -> tuple[float, float]:
    """Return the seconds from the program's start to the page's hypnogram and to a ready engine."""
    port = free_port()
    began = time.perf_counter()
    command = [sys.executable, "-m", "app", "--server.port", str(port)]
    program = subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    page = browser.new_page()
    wait_until(lambda: _is_open(port))
    page.goto(f"http://127.0.0.1:{port}/")
    page.wait_for_selector(".st-key-hypnogram .main-svg", timeout=60_000)
    painted_s = time.perf_counter() - began
    wait_until(lambda: engine_state.current_state().ready)
    ready_s = time.perf_counter() - began
    page.close()
    program.terminate()
    program.wait()
    return painted_s, ready_s


def _is_open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def measure_first_event() -> None:
    """Print how long the first event of a submitted run takes to reach the disk."""
    with fresh_engine():
        times = []
        for _ in range(REPEATS):
            began = time.perf_counter()
            run = submit(TEN_SECONDS)
            log = find_run(run).path / LOG
            wait_until(lambda log=log: log.exists() and log.stat().st_size > 0)  # type: ignore[misc]
            times.append(time.perf_counter() - began)
            _stop(run)
    _print("submit to the first event on disk, s", times)


def measure_stop() -> None:
    """Print how long a run takes to end after a stop request."""
    with fresh_engine():
        times = []
        for number in range(REPEATS):
            run = submit(TEN_SECONDS)
            log = find_run(run).path / LOG
            # Alternately during training and during a measurement.
            kind = b'"StageStarted"' if number % 2 else b'"NightStarted"'
            wait_until(lambda log=log, kind=kind: log.exists() and kind in log.read_bytes())  # type: ignore[misc]
            began = time.perf_counter()
            _stop(run)
            times.append(time.perf_counter() - began)
    _print("stop requested to run ended, s", times)


def measure_overhead() -> None:
    """Print the time of a run through the engine, compared with `train` alone."""
    alone, through_engine = [], []
    with fresh_engine():
        for _ in range(PAIRS):
            length = [str(TEN_SECONDS.total_eps), str(TEN_SECONDS.num_cycles)]
            command = [sys.executable, "-c", _TRAIN_ALONE, *length]
            process = subprocess.run(
                command, cwd=PROJECT, capture_output=True, text=True, check=True
            )
            alone.append(float(process.stdout))
            began = time.perf_counter()
            run = submit(TEN_SECONDS, threads=1)
            wait_until(lambda run=run: not entries.contains(run))  # type: ignore[misc]
            through_engine.append(time.perf_counter() - began)
    _print("train alone, s", alone)
    _print("submit to done through the engine, s", through_engine)
    ratios = [with_it / without for with_it, without in zip(through_engine, alone, strict=True)]
    _print("ratio per pair", ratios)


def measure_clients() -> None:
    """Print the order of the starts, the memory and the overhead per run of many clients."""
    with fresh_engine() as engine:
        idle_mb = memory_mb(engine)
        began = time.perf_counter()
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", _CLIENT, f"client {number}"],
                cwd=PROJECT,
                stdout=subprocess.PIPE,
                text=True,
            )
            for number in range(CLIENTS)
        ]
        runs = [process.communicate()[0].strip() for process in processes]
        peak_mb = 0.0
        while any(jobs.state(run).active for run in runs):
            peak_mb = max(peak_mb, memory_mb(engine))
            time.sleep(0.1)
        total_s = time.perf_counter() - began
        snapshots = [jobs.state(run) for run in runs]
        workers = engine_state.current_state().workers
        inverted = _count_inversions(runs)
    done = sum(snapshot.status == "done" for snapshot in snapshots)
    night_s = [snapshot.state.seconds or 0.0 for snapshot in snapshots]
    overhead_s = (total_s * workers - sum(night_s)) / CLIENTS
    print(f"{CLIENTS} clients: {done} runs done in {total_s:.1f} s")
    print(f"  pairs that did not start in the order of their submission: {inverted}")
    print(f"  engine and {workers} workers: {idle_mb:.0f} MB idle, {peak_mb:.0f} MB peak")
    print(f"  per run: {statistics.mean(night_s):.2f} s of night, {overhead_s:.2f} s of overhead")


def _count_inversions(runs: list[str]) -> int:
    """Count the pairs of runs of which the one submitted at least a second later started first."""
    folders = [find_run(run) for run in runs]
    # A run's record is last written when its night starts.
    times = [(run.record().submitted, run.record_file.stat().st_mtime) for run in folders]
    return sum(
        first_submitted < second_submitted and first_started > second_started
        for first_submitted, first_started in times
        for second_submitted, second_started in times
    )


def _stop(run: str) -> None:
    jobs.stop(run)
    wait_until(lambda: not entries.contains(run))


def _print(label: str, values: Sequence[float]) -> None:
    median = statistics.median(values)
    print(f"{label:42} {median:8.3f}   ({min(values):.3f} to {max(values):.3f}, n={len(values)})")


def main() -> None:
    parts = {
        "start": measure_engine_start,
        "paint": measure_first_paint,
        "first": measure_first_event,
        "stop": measure_stop,
        "overhead": measure_overhead,
        "clients": measure_clients,
    }
    print(f"{datetime.now():%Y-%m-%d}, {os.cpu_count()} cores, in {Path.cwd()}")
    for name in sys.argv[1:] or parts:
        parts[name]()


if __name__ == "__main__":
    main()
