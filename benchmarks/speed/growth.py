"""Part (c): how a night's time grows with its seeds, cycles, images and test images."""

import statistics
import time
from collections.abc import Callable

from benchmarks.speed.table import row
from core.data import DatasetPair, load_pair
from core.schedule.config import RunConfig
from core.support.threads import torch_threads
from core.training.night import train
from tools.datasets import fewer

_SEEDS, _CYCLES = (1, 3, 10), (5, 10, 20, 50)
_IMAGES, _TEST_IMAGES = (10, 50, 200), (100, 500, 1000)
_EPOCHS_A_CYCLE = 2


def growth(runs: int, threads: int) -> None:
    """Print each time over that of the row's first, slept in turn with it.

    A night has two epochs a cycle here; what does not grow is held small, so that the rest shows.
    """
    print("\n(c) time / time of the first in the row, slept in turn")
    whole = load_pair("inverted", "bundled")
    few = fewer(whole, test=20)
    row("seeds", *_row(_SEEDS, lambda n: (_night(seeds=tuple(range(n))), few), runs, threads))
    row("cycles", *_row(_CYCLES, lambda n: (_night(n), few), runs, threads))
    row("images a stage", *_row(_IMAGES, lambda n: (_night(num=n), few), runs, threads))
    row(
        "test images, one image a stage",
        *_row(_TEST_IMAGES, lambda n: (_night(num=1), fewer(whole, test=n)), runs, threads),
    )


def _night(cycles: int = 5, **settings: object) -> RunConfig:
    few = {"num_cycles": cycles, "total_eps": _EPOCHS_A_CYCLE * cycles, "full_evaluation": True}
    return RunConfig(**few, device="cpu", **settings)  # type: ignore[arg-type]


def _row(
    sizes: tuple[int, ...],
    night: Callable[[int], tuple[RunConfig, DatasetPair]],
    runs: int,
    threads: int,
) -> list[str]:
    _seconds(*night(sizes[0]), threads)  # what is done once in a process
    found: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(runs):
        times = {size: _seconds(*night(size), threads) for size in sizes}
        for size in sizes:
            found[size].append(times[size] / times[sizes[0]])
    return [f"{size}: {statistics.median(times):.2f}" for size, times in found.items()]


def _seconds(config: RunConfig, pair: DatasetPair, threads: int) -> float:
    with torch_threads():
        began = time.perf_counter()
        for _ in train(config, pair, threads=lambda: threads):
            pass
        return time.perf_counter() - began
