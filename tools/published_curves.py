"""Comparison of our error curves with those that the reference published."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.cli.progress import with_progress
from core.runs.measures import ERROR, Memory
from core.runs.results import values_by_cycle
from core.runs.state import RunState, fold
from core.schedule.config import RunConfig
from core.support.environment import PROJECT
from core.support.threads import torch_threads
from core.training.night import train

REFERENCE = PROJECT / "tests" / "assets" / "published_curves_10_cycles.json"
SEEDS = (0, 1, 2)

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Comparison:
    """One dataset's error per cycle in one setting, all [cycles + 1], index 0 before the night.

    ``scaled_mean`` is ours times published / ours before the night: our pre-trained weights are
    not the reference's. ``tolerance`` is 2 sqrt(sd_ours^2 + sd_published^2) + 10 % of the
    published mean, both standard deviations with n in the denominator, as published.
    """

    setting: str
    dataset: int
    raw_mean: Values
    scaled_mean: Values
    scaled_sd: Values
    published_mean: Values
    published_sd: Values

    @property
    def tolerance(self) -> Values:
        spread = np.hypot(self.scaled_sd, self.published_sd)
        return 2 * spread + 0.1 * self.published_mean

    @property
    def within(self) -> NDArray[np.bool_]:
        """Which cycles of the night (index 0 is left out: it agrees by construction) agree."""
        return (np.abs(self.scaled_mean - self.published_mean) <= self.tolerance)[1:]


def compare(
    setting: str, curve: dict[str, list[float]], ours: tuple[Values, Values]
) -> Iterator[Comparison]:
    """Both datasets' comparison; ``ours`` holds errors [seeds, cycles + 1] of dataset 1 and 2."""
    for dataset, values in enumerate(ours, start=1):
        published = np.array(curve[f"d{dataset}_mean"])
        scaled = values * (published[0] / values[:, 0].mean())
        yield Comparison(
            setting,
            dataset,
            values.mean(axis=0),
            scaled.mean(axis=0),
            scaled.std(axis=0),
            published,
            np.array(curve[f"d{dataset}_sd"]),
        )


def sleep_published(curve: dict[str, float], weights: str | None = None) -> tuple[Values, Values]:
    """Sleep the published night over its three seeds; errors [3, cycles + 1] of both datasets."""
    config = RunConfig(
        seeds=SEEDS,
        total_eps=100,
        num_cycles=int(curve["num_cycles"]),
        start_fraction_rem=curve["start_fraction_rem"],
        end_fraction_rem=curve["end_fraction_rem"],
        rounding="original",
        data="mnist",
        weights=weights,
    )
    with torch_threads():
        state = fold(RunState(), with_progress(train(config)))
    first, second = (np.array(values_by_cycle(state, memory, ERROR)) for memory in Memory)
    return first, second


def compare_all(reference: Path = REFERENCE, weights: str | None = None) -> list[Comparison]:
    """Sleep every night of the reference file and compare."""
    curves = json.loads(reference.read_text(encoding="utf-8"))["curves"]
    return [
        comparison
        for setting, curve in curves.items()
        for comparison in compare(setting, curve, sleep_published(curve, weights))
    ]
