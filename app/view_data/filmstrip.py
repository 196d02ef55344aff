"""The images of the filmstrip after a cycle."""

from dataclasses import dataclass
from typing import Any, Literal

from app.view_data.compared_runs import ComparedRuns, at_same_time
from core.runs.events import ImagesRecalled
from core.runs.measures import Memory
from core.runs.state import RunState

DREAMS_SHOWN = 20


@dataclass(frozen=True)
class Row:
    """A row of images.

    Attributes
    ----------
    label : str
        Caption of the row.
    array : array or StoredArray
        Images [n, 28, 28], or [seeds, n, 28, 28] if ``index`` is given; uint8.
    index : int or None
        Index of the seed to show.
    """

    label: str
    array: Any
    index: int | None = None


@dataclass(frozen=True)
class FilmStrip:
    """The rows of one kind of images.

    Attributes
    ----------
    kind : {"old", "new", "dreams"}
        Old memories, new memories or dreams.
    title : str
        Heading.
    rows : tuple of Row
        The rows, from top to bottom.
    """

    kind: Literal["old", "new", "dreams"]
    title: str
    rows: tuple[Row, ...]


def strips(runs: ComparedRuns, cycle: int) -> tuple[FilmStrip, ...]:
    """Return the strips after ``cycle`` of the main run; () if it stored no images."""
    main = runs[0].state
    if main.cues is None or main.night is None:
        return ()
    old = f"Old memories ({main.night.dataset_1})"
    new = f"New memories ({main.night.dataset_2})"
    all_strips = [
        FilmStrip("old", old, _memory_rows(runs, cycle, Memory.OLD)),
        FilmStrip("new", new, _memory_rows(runs, cycle, Memory.NEW)),
    ]
    dream_rows = tuple(
        Row("dreams" if run is runs[0] else run.name, dreams.images, 0)
        for run, run_cycle in at_same_time(runs, cycle)
        for dreams in run.state.dreams
        if dreams.cycle == run_cycle
    )
    if dream_rows:
        all_strips.append(FilmStrip("dreams", f"Dreams of cycle {cycle}", dream_rows))
    return tuple(all_strips)


def _memory_rows(runs: ComparedRuns, cycle: int, memory: Memory) -> tuple[Row, ...]:
    cues = runs[0].state.cues
    recalled_rows = [
        Row("recalled" if run is runs[0] else run.name, getattr(recalled, memory.field), 0)
        for run, run_cycle in at_same_time(runs, cycle)
        if _same_cues(runs[0].state, run.state)
        for recalled in _last_recalled(run.state, run_cycle)
    ]
    return (
        Row("original", getattr(cues, f"original_{memory.number}")),
        Row("partial", getattr(cues, f"partial_{memory.number}")),
        *recalled_rows,
    )


def _same_cues(one: RunState, other: RunState) -> bool:
    """Whether both runs recall the same images from the same partial images."""
    if one.night is None or other.night is None:
        return False
    settings = ("split", "data", "mask", "mask_fraction")
    return all(one.night.config[name] == other.night.config[name] for name in settings)


def _last_recalled(state: RunState, cycle: int) -> tuple[ImagesRecalled, ...]:
    """The images recalled after ``cycle``, or after the last cycle before it that has any."""
    return tuple(recalled for recalled in state.recalled if recalled.cycle <= cycle)[-1:]
