"""Parts (a) and (b): the program compared with the plain loop and with the machine's limit."""

import statistics

import numpy as np

from benchmarks.speed.limit import measure_flops, multiply_rate, step_flops
from benchmarks.speed.paces import Pace, published, time_plain_loop, time_program
from benchmarks.speed.table import ratio, row
from core.data import DatasetPair, load_pair
from core.schedule.config import RunConfig


def against(seeds: list[int], cycles: int, runs: int, threads: int) -> None:
    """Print durations of the published night, run in turn by the plain loop and by the program.

    Parameters
    ----------
    seeds : list of int
        Numbers of seeds; one block of rows is printed for each.
    cycles : int
        Cycles of the night.
    runs : int
        Repetitions; medians are printed.
    threads : int
        CPU threads of both.
    """
    print("\n(a) the plain loop / the program, and (b) the program / the machine's limit")
    row("", "plain, s", "program, s", "ratio (range)")
    for count in seeds:
        config = published(count, cycles)
        pair = load_pair(config.split, config.data)
        pairs = [
            (time_plain_loop(config, pair, threads), time_program(config, pair, threads))
            for _ in range(runs)
        ]
        for name in ("training_s", "measuring_s", "total_s"):
            plain = [getattr(pace, name) for pace, _ in pairs]
            program = [getattr(pace, name) for _, pace in pairs]
            label = f"{count} seed{'s' * (count > 1)}, {name.removesuffix('_s')}"
            medians = (f"{statistics.median(side):.1f}" for side in (plain, program))
            row(label, *medians, ratio(plain, program))
        _compare_with_limit([program for _, program in pairs], config, pair, threads)
        difference = max(np.abs(a.errors - b.errors).mean() / a.errors.mean() for a, b in pairs)
        row("  mean difference of the errors", f"{100 * difference:.2f} %")


def _compare_with_limit(
    paces: list[Pace], config: RunConfig, pair: DatasetPair, threads: int
) -> None:
    seeds = len(config.seeds)
    steps = seeds * config.total_eps * config.num
    stages = paces[0].errors.shape[1]
    images = seeds * stages * (len(pair.dataset_1.test) + len(pair.dataset_2.test))
    for label, seconds, flops, max_threads in (
        # A seed's steps follow each other, so that one seed can use one thread.
        (
            "a step",
            [pace.training_s / steps for pace in paces],
            step_flops(config.latent_dim),
            min(threads, seeds),
        ),
        (
            "measuring an image",
            [pace.measuring_s / images for pace in paces],
            measure_flops(config.latent_dim),
            threads,
        ),
    ):
        median, limit = statistics.median(seconds), flops / multiply_rate(max_threads)
        row(
            f"  {label}",
            f"{1e3 * median:.3f} ms",
            f"limit {1e3 * limit:.3f} ms",
            f"{median / limit:.1f} times",
        )
