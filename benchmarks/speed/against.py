"""Parts (a) and (b): against the plain loop, and against the machine's limit."""

import statistics

import numpy as np

from benchmarks.speed.limit import measure_flops, multiply_rate, step_flops
from benchmarks.speed.paces import Pace, ours, plain, published
from benchmarks.speed.table import ratio, row
from core.data import DatasetPair, load_pair
from core.schedule.config import RunConfig


def against(seeds: list[int], cycles: int, runs: int, threads: int) -> None:
    """Print both for the published night of so many ``seeds``, each slept in turn by both loops."""
    print("\n(a) the plain loop / ours, and (b) ours / the machine's limit")
    row("", "plain, s", "ours, s", "ratio (range)")
    for count in seeds:
        config = published(count, cycles)
        pair = load_pair(config.split, config.data)
        both = [(plain(config, pair, threads), ours(config, pair, threads)) for _ in range(runs)]
        for name in ("training_s", "measuring_s", "total_s"):
            theirs = [getattr(pace, name) for pace, _ in both]
            own = [getattr(pace, name) for _, pace in both]
            what = f"{count} seed{'s' * (count > 1)}, {name.removesuffix('_s')}"
            medians = (f"{statistics.median(side):.1f}" for side in (theirs, own))
            row(what, *medians, ratio(theirs, own))
        _limit([own for _, own in both], config, pair, threads)
        apart = max(np.abs(a.errors - b.errors).mean() / a.errors.mean() for a, b in both)
        row("  errors of both are apart by", f"{100 * apart:.2f} %", "on average")


def _limit(paces: list[Pace], config: RunConfig, pair: DatasetPair, threads: int) -> None:
    seeds = len(config.seeds)
    steps = seeds * config.total_eps * config.num
    stages = paces[0].errors.shape[1]
    images = seeds * stages * (len(pair.dataset_1.test) + len(pair.dataset_2.test))
    for what, seconds, flops, most in (
        # A seed's steps follow each other, so that one seed has one thread.
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
        mine, limit = statistics.median(seconds), flops / multiply_rate(most)
        row(
            f"  {what}",
            f"{1e3 * mine:.3f} ms",
            f"limit {1e3 * limit:.3f} ms",
            f"{mine / limit:.1f} times",
        )
