"""A finished night's numbers, in the form that the command line prints and Python returns."""

from typing import Any

from core.runs.measures import MEASURES, Measure, Memory
from core.runs.state import RunState
from core.runs.statistics import forgetting, retained

SeedSeries = list[list[float]]  # [seed][cycle], index 0 before the night


def values_by_cycle(state: RunState, memory: Memory, measure: Measure) -> SeedSeries:
    """Return a measure of old or new memories after each finished cycle.

    Parameters
    ----------
    state : RunState
        The run; its cycles may be unfinished.
    memory : Memory
        Which dataset the measure is taken of.
    measure : Measure
        An entry of `MEASURES`.

    Returns
    -------
    list of list of float
        Values [seed][cycle]; index 0 is before the night. [] before the first measurement.
    """
    per_cycle = [measure.values(memory.scores(cycle)) for cycle in state.cycles]
    return [list(seed) for seed in zip(*per_cycle, strict=True)]


def summary(state: RunState) -> dict[str, Any]:
    """The whole result as JSON values; the night must be done."""
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
    courses = {key: values_by_cycle(state, memory, measure) for key, measure in MEASURES.items()}
    changes = {
        change.__name__: {
            key: [change(seed, higher_is_better=MEASURES[key].higher_is_better) for seed in seeds]
            for key, seeds in courses.items()
        }
        for change in (retained, forgetting)
    }
    return {"name": getattr(state.night, memory.field), **courses, **changes}
