"""Parts (d), (e) and (f): the program's memory, its nights per minute, and its start."""

import time
from multiprocessing import get_context

from benchmarks import engine
from benchmarks.engines import fresh_engine, fresh_program, memory_mb, submit, wait_until
from benchmarks.night import command_cost
from benchmarks.speed.table import ratio, row
from core import jobs
from core.queue import engine_state, entries
from core.schedule.config import RunConfig

_SETTLE_S = 5.0  # for memory that is freed some time after the start
_NIGHTS = 8


def memory_use() -> None:
    """Print the memory of the idle program, of a night of three seeds, and of long nights."""
    print("\n(d) memory, shared pages counted once")
    with fresh_program() as program:
        time.sleep(_SETTLE_S)
        idle = memory_mb(program)
        run = submit(RunConfig(seeds=(0, 1, 2), total_eps=20, num_cycles=2, device="cpu"))
        peak = 0.0
        while entries.contains(run):
            peak = max(peak, memory_mb(program))
            time.sleep(0.05)
        workers = engine_state.current_state().workers
    row(f"page and engine, {workers} warm workers, idle", f"{idle:.0f} MB")
    row("a night of three seeds, in addition", f"{peak - idle:.0f} MB")
    with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for cycles in (2, 20):
            options = ["--num-cycles", str(cycles), "--total-eps", str(2 * cycles)]
            cost = pool.apply(command_cost, (options,))
            row(f"one command, {cycles} cycles, peak", f"{cost.peak_mb:.0f} MB")


def sweep(runs: int) -> None:
    """Print the nights per minute of a sweep with one and with two workers, and their ratio."""
    print(f"\n(e) a sweep of {_NIGHTS} nights, 10 epochs each")
    one_worker, two_workers = [], []
    for _ in range(runs):
        one_worker.append(_sweep_duration(1))
        two_workers.append(_sweep_duration(2))
    for workers, durations in ((1, one_worker), (2, two_workers)):
        rates = " ".join(f"{60 * _NIGHTS / seconds:.0f}" for seconds in durations)
        row(f"{workers} worker{'s' * (workers > 1)}, nights per minute", rates)
    row("duration with one worker / with two", ratio(one_worker, two_workers))


def _sweep_duration(workers: int) -> float:
    fractions = [number / _NIGHTS for number in range(_NIGHTS)]
    with fresh_engine(workers):
        start = time.perf_counter()
        runs = [
            submit(
                RunConfig(
                    total_eps=10,
                    num_cycles=1,
                    start_fraction_rem=fraction,
                    end_fraction_rem=fraction,
                    device="cpu",
                )
            )
            for fraction in fractions
        ]
        wait_until(lambda: not any(entries.contains(run) for run in runs))
        seconds = time.perf_counter() - start
        assert all(jobs.state(run).status == "done" for run in runs)
    return seconds


def start_up() -> None:
    """Print how long the program, its engine and a night take to start."""
    print("\n(f) start-up")
    for part in (
        engine.measure_first_paint,
        engine.measure_engine_start,
        engine.measure_first_event,
    ):
        part()
