"""What the filmstrip shows after a cycle: the images of its rows."""

from dataclasses import dataclass
from typing import Any, Literal

from app.view_data.compared_runs import ComparedRuns, at_same_time
from core.runs.state import RunState

DREAMS_SHOWN = 20


@dataclass(frozen=True)
class Row:
    """Images of one kind: ``array`` [images, 28, 28] or where it is stored, of the first seed.

    ``index`` picks from an array that has one axis more, the seeds; None for one that has not.
    """

    label: str
    array: Any
    index: int | None = None


@dataclass(frozen=True)
class FilmStrip:
    """The rows of one kind of memory, or of a cycle's dreams."""

    kind: Literal["old", "new", "dreams"]
    title: str
    rows: tuple[Row, ...]


def strips(arms: ComparedRuns, cycle: int) -> tuple[FilmStrip, ...]:
    """The strips after ``cycle``; () for a run that kept no pictures."""
    own = arms[0].state
    if own.cues is None or own.night is None:
        return ()
    found = [
        FilmStrip("old", f"Old memories ({own.night.dataset_1})", _rows(arms, cycle, 1)),
        FilmStrip("new", f"New memories ({own.night.dataset_2})", _rows(arms, cycle, 2)),
    ]
    dreams = tuple(
        Row("dreams" if arm is arms[0] else arm.name, made.images, 0)
        for arm, then in at_same_time(arms, cycle)
        for made in arm.state.dreams
        if made.cycle == then
    )
    if dreams:
        found.append(FilmStrip("dreams", f"Dreams of cycle {cycle}", dreams))
    return tuple(found)


def _rows(arms: ComparedRuns, cycle: int, dataset: int) -> tuple[Row, ...]:
    cues = arms[0].state.cues
    recalled = [
        Row("recalled" if arm is arms[0] else arm.name, getattr(made, f"dataset_{dataset}"), 0)
        for arm, then in at_same_time(arms, cycle)
        if _same_pictures(arms[0].state, arm.state)
        for made in _last(arm.state, then)
    ]
    return (
        Row("original", getattr(cues, f"original_{dataset}")),
        Row("partial", getattr(cues, f"partial_{dataset}")),
        *recalled,
    )


def _same_pictures(one: RunState, other: RunState) -> bool:
    """Whether both nights were asked to recall the same images from the same parts."""
    if one.night is None or other.night is None:
        return False
    settings = ("split", "data", "mask", "mask_fraction")
    return all(one.night.config[name] == other.night.config[name] for name in settings)


def _last(state: RunState, cycle: int) -> tuple[Any, ...]:
    """What was recalled after ``cycle``, or after the last one before it."""
    return tuple(made for made in state.recalled if made.cycle <= cycle)[-1:]
