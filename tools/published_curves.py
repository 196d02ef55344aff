"""Comparison of the error curves of this program with those that the reference published."""

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
    """Reconstruction errors of one dataset in one setting, measured and published.

    All arrays are float64 of shape [cycles + 1]; index 0 is before the night. Standard deviations
    have n in the denominator, as the published ones.

    Attributes
    ----------
    setting : str
        Name of the setting in the reference file.
    dataset : int
        1 for old memories, 2 for new memories.
    raw_mean : ndarray
        Measured mean over seeds.
    scaled_mean : ndarray
        ``raw_mean`` times published / measured error before the night, because the pre-trained
        weights differ from the reference's.
    scaled_sd : ndarray
        Standard deviation over seeds of the scaled errors.
    published_mean : ndarray
        Published mean over seeds.
    published_sd : ndarray
        Published standard deviation over seeds.
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
        """2 sqrt(scaled_sd^2 + published_sd^2) + 10 % of the published mean; [cycles + 1]."""
        spread = np.hypot(self.scaled_sd, self.published_sd)
        return 2 * spread + 0.1 * self.published_mean

    @property
    def within(self) -> NDArray[np.bool_]:
        """Whether each cycle is within the tolerance; [cycles].

        The value before the night is left out: it is equal by construction.
        """
        return (np.abs(self.scaled_mean - self.published_mean) <= self.tolerance)[1:]


def compare(
    setting: str, curve: dict[str, list[float]], errors: tuple[Values, Values]
) -> Iterator[Comparison]:
    """Compare the errors of both datasets with the published ones.

    Parameters
    ----------
    setting : str
        Name of the setting in the reference file.
    curve : dict of str to list of float
        Published means and standard deviations, an entry of the reference file.
    errors : tuple of ndarray
        Measured errors of dataset 1 and dataset 2, float64 [seeds, cycles + 1].

    Yields
    ------
    Comparison
        First for dataset 1, then for dataset 2.
    """
    for dataset, values in enumerate(errors, start=1):
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


def run_published_setting(
    curve: dict[str, float], weights: str | None = None
) -> tuple[Values, Values]:
    """Run a published setting with its three seeds.

    ``weights`` is the file to start from, the cached weights by default. Returns the errors of
    dataset 1 and dataset 2, float64 [3, cycles + 1].
    """
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
    old, new = (np.array(values_by_cycle(state, memory, ERROR)) for memory in Memory)
    return old, new


def compare_all(reference: Path = REFERENCE, weights: str | None = None) -> list[Comparison]:
    """Run every setting of the reference file and compare; ``weights`` is the file to start from.

    Full MNIST is needed.
    """
    curves = json.loads(reference.read_text(encoding="utf-8"))["curves"]
    return [
        comparison
        for setting, curve in curves.items()
        for comparison in compare(setting, curve, run_published_setting(curve, weights))
    ]
