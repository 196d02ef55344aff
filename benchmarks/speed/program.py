"""Parts (d), (e) and (f): the whole program's memory, its nights a minute, and its start."""

import time
from multiprocessing import get_context

from benchmarks import engine
from benchmarks.engines import fresh_engine, fresh_program, memory, submit, wait
from benchmarks.night import cost_of
from benchmarks.speed.table import ratio, row
from core import jobs
from core.queue import engine_state, entries
from core.schedule.config import RunConfig

_SETTLE_S = 5.0  # for what starting frees only later
_NIGHTS = 8


def memory_use() -> None:
    """Print what the idle program holds, what a night of three seeds adds, and long nights."""
    print("\n(d) memory, shared pages counted once")
    with fresh_program() as program:
        time.sleep(_SETTLE_S)
        idle = memory(program)
        run = submit(RunConfig(seeds=(0, 1, 2), total_eps=20, num_cycles=2, device="cpu"))
        most = 0.0
        while entries.contains(run):
            most = max(most, memory(program))
            time.sleep(0.05)
        workers = engine_state.current_state().workers
    row(f"page and engine, {workers} warm workers, idle", f"{idle:.0f} MB")
    row("a night of three seeds adds, at most", f"{most - idle:.0f} MB")
    with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for cycles in (2, 20):
            options = ["--num-cycles", str(cycles), "--total-eps", str(2 * cycles)]
            cost = pool.apply(cost_of, (options,))
            row(f"one command, {cycles} cycles, peak", f"{cost.peak_mb:.0f} MB")


def sweep(runs: int) -> None:
    """Print how many times faster a sweep of nights is through two workers than through one."""
    print(f"\n(e) a sweep of {_NIGHTS} nights, 10 epochs each")
    alone, both = [], []
    for _ in range(runs):
        alone.append(_sweep_s(1))
        both.append(_sweep_s(2))
    for workers, times in ((1, alone), (2, both)):
        each = " ".join(f"{60 * _NIGHTS / seconds:.0f}" for seconds in times)
        row(f"{workers} worker{'s' * (workers > 1)}, nights a minute", each)
    row("one worker's time / two workers'", ratio(alone, both))


def _sweep_s(workers: int) -> float:
    shares = [number / _NIGHTS for number in range(_NIGHTS)]
    with fresh_engine(workers):
        began = time.perf_counter()
        runs = [
            submit(
                RunConfig(
                    total_eps=10,
                    num_cycles=1,
                    start_fraction_rem=share,
                    end_fraction_rem=share,
                    device="cpu",
                )
            )
            for share in shares
        ]
        wait(lambda: not any(entries.contains(run) for run in runs))
        seconds = time.perf_counter() - began
        assert all(jobs.state(run).status == "done" for run in runs)
    return seconds


def start_up() -> None:
    """Print how long the program, its engine and a night take to begin."""
    print("\n(f) start-up")
    for part in (engine.paint, engine.start, engine.first):
        part()
