"""Part (c): growth of a night's duration with its seeds, cycles, images and test images."""

import statistics
import time
from collections.abc import Callable

from benchmarks.speed.table import row
from core.data import DatasetPair, load_pair
from core.schedule.config import RunConfig
from core.support.threads import torch_threads
from core.training.night import train
from tools.datasets import subsample

_SEEDS, _CYCLES = (1, 3, 10), (5, 10, 20, 50)
_IMAGES, _TEST_IMAGES = (10, 50, 200), (100, 500, 1000)
_EPOCHS_PER_CYCLE = 2


def growth(runs: int, threads: int) -> None:
    """Print durations relative to the first night of each row; the nights of a row run in turn.

    A night has two epochs per cycle here. Every row keeps the other sizes small, so that the effect
    of its own size is visible.
    """
    print("\n(c) duration / duration of the first night in the row, run in turn")
    full = load_pair("inverted", "bundled")
    small = subsample(full, test=20)
    row("seeds", *_row(_SEEDS, lambda n: (_night(seeds=tuple(range(n))), small), runs, threads))
    row("cycles", *_row(_CYCLES, lambda n: (_night(n), small), runs, threads))
    row("images per stage", *_row(_IMAGES, lambda n: (_night(num=n), small), runs, threads))
    row(
        "test images, one image per stage",
        *_row(_TEST_IMAGES, lambda n: (_night(num=1), subsample(full, test=n)), runs, threads),
    )


def _night(cycles: int = 5, **settings: object) -> RunConfig:
    short = {
        "num_cycles": cycles,
        "total_eps": _EPOCHS_PER_CYCLE * cycles,
        "full_evaluation": True,
    }
    return RunConfig(**short, device="cpu", **settings)  # type: ignore[arg-type]


def _row(
    sizes: tuple[int, ...],
    night: Callable[[int], tuple[RunConfig, DatasetPair]],
    runs: int,
    threads: int,
) -> list[str]:
    _duration(*night(sizes[0]), threads)  # a warm-up, for what happens once per process
    ratios: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(runs):
        seconds = {size: _duration(*night(size), threads) for size in sizes}
        for size in sizes:
            ratios[size].append(seconds[size] / seconds[sizes[0]])
    return [f"{size}: {statistics.median(values):.2f}" for size, values in ratios.items()]


def _duration(config: RunConfig, pair: DatasetPair, threads: int) -> float:
    with torch_threads():
        start = time.perf_counter()
        for _ in train(config, pair, threads=lambda: threads):
            pass
        return time.perf_counter() - start
