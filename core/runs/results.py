"""A finished night's numbers, in the form that the command line prints and Python returns."""

from typing import Any

from core.runs.events import Scores
from core.runs.state import RunState
from core.runs.statistics import forgetting, retained

SeedSeries = list[list[float]]  # [seed][cycle], index 0 before the night

_MEASURES = {"error": False, "recall_error": False, "recall_accuracy": True}  # is higher better?


def measure_series(state: RunState, dataset: int, measure: str) -> SeedSeries:
    """``measure`` of dataset 1 or 2, per seed and cycle, from the cycles that are done."""
    per_cycle = [getattr(scores, measure) for scores in _scores(state, dataset)]
    return [list(seed) for seed in zip(*per_cycle, strict=True)]


def summary(state: RunState) -> dict[str, Any]:
    """The whole result as JSON values; the night must be done."""
    if state.night is None or state.seconds is None:
        raise ValueError("the night is not done, so it has no result yet")
    return {
        "config": state.night.config,
        "dataset_1": _dataset(state, 1, state.night.dataset_1),
        "dataset_2": _dataset(state, 2, state.night.dataset_2),
        "seconds": state.seconds,
        "test_images": [scores.images for scores in _scores(state, 1)],
        "weights": vars(state.night.weights),
        "device": state.night.device,
        "threads": state.night.threads,
        "versions": state.night.versions,
    }


def _scores(state: RunState, dataset: int) -> list[Scores]:
    return [getattr(cycle, f"dataset_{dataset}") for cycle in state.cycles]


def _dataset(state: RunState, dataset: int, name: str) -> dict[str, Any]:
    courses = {measure: measure_series(state, dataset, measure) for measure in _MEASURES}
    after = {
        change.__name__: {
            measure: [change(seed, higher_is_better=_MEASURES[measure]) for seed in seeds]
            for measure, seeds in courses.items()
        }
        for change in (retained, forgetting)
    }
    return {"name": name, **courses, **after}
