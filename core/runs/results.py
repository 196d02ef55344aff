"""The results of a finished night, as the command line prints and the Python call returns them."""

from collections.abc import Callable, Mapping
from typing import Any

from core.runs.measures import MEASURES, Measure, Memory
from core.runs.state import RunState
from core.runs.statistics import forgetting, retained

SeedSeries = list[list[float]]  # [seed][cycle], index 0 before the night

_Statistic = Callable[..., float | None]
_STATISTICS: Mapping[str, _Statistic] = {"retained": retained, "forgetting": forgetting}


def values_by_cycle(state: RunState, memory: Memory, measure: Measure) -> SeedSeries:
    """Return a measure of old or new memories after each finished cycle.

    Parameters
    ----------
    state : RunState
        State of the run, which may be unfinished.
    memory : Memory
        Dataset that is measured.
    measure : Measure
        An entry of `MEASURES`.

    Returns
    -------
    list of list of float
        Values [seed][cycle]; index 0 is before the night. [] before the first measurement.
    """
    per_cycle = [measure.values(memory.scores(cycle)) for cycle in state.cycles]
    return [list(seed) for seed in zip(*per_cycle, strict=True)]


def dataset_values(state: RunState, memory: Memory) -> dict[str, Any]:
    """Return the dataset's name, and every measure as `values_by_cycle`; the night has started."""
    return {
        "name": getattr(state.night, memory.field),
        **{key: values_by_cycle(state, memory, measure) for key, measure in MEASURES.items()},
    }


def summary(state: RunState) -> dict[str, Any]:
    """Return all results as JSON values; raises ValueError if the night is not done."""
    if state.night is None or state.seconds is None:
        raise ValueError("the night is not done, so it has no result yet")
    return {
        "config": state.night.config,
        **{memory.field: _dataset(state, memory) for memory in Memory},
        "seconds": state.seconds,
        "test_images": [cycle.dataset_1.images for cycle in state.cycles],
        "weights": vars(state.night.weights),
        "device": state.night.device,
        "device_note": state.night.device_note,
        "threads": state.night.threads,
        "versions": state.night.versions,
    }


def _dataset(state: RunState, memory: Memory) -> dict[str, Any]:
    values = dataset_values(state, memory)
    summaries = {
        name: {key: _per_seed(statistic, values[key], measure) for key, measure in MEASURES.items()}
        for name, statistic in _STATISTICS.items()
    }
    return {**values, **summaries}


def _per_seed(statistic: _Statistic, seeds: SeedSeries, measure: Measure) -> list[float | None]:
    return [statistic(seed, higher_is_better=measure.higher_is_better) for seed in seeds]
