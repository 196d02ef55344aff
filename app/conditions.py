"""What a night can be compared with: one registry for the widget, the address and the start."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from core.schedule.config import RunConfig
from core.schedule.hypnogram import hypnogram
from core.schedule.presets import PRESETS

LAST, NOTHING = "last", "none"


@dataclass(frozen=True)
class Condition:
    """``night`` gives the night to sleep beside one's own, None where none is to be slept.

    It has the same seeds, weights and images; only the schedule is another. ``arm`` names it in
    charts, ``adverb`` begins a sentence on it.
    """

    name: str
    label: str
    arm: str
    adverb: str
    night: Callable[[RunConfig], RunConfig | None]


def _with_rem(share: float) -> Callable[[RunConfig], RunConfig]:
    return lambda config: replace(config, start_fraction_rem=share, end_fraction_rem=share)


def _published(config: RunConfig) -> RunConfig:
    return replace(config, **PRESETS["even"].settings())


CONDITIONS = {
    comparison.name: comparison
    for comparison in (
        Condition("no-rem", "The same night without REM", "no REM", "Without REM", _with_rem(0.0)),
        Condition(
            "all-rem", "The same night, all REM", "all REM", "With nothing but REM", _with_rem(1.0)
        ),
        Condition(
            "published", "The published night", "published", "In the published night", _published
        ),
        Condition(LAST, "The last run", "other", "In the other night", lambda config: None),
        Condition(NOTHING, "Nothing", "", "", lambda config: None),
    )
}
DEFAULT = "no-rem"


def compared_config(name: str, config: RunConfig) -> RunConfig | None:
    """The night to sleep beside ``config``; None for none, and where it would be the same one."""
    night = CONDITIONS[name].night(config)
    return None if night is None or _stages(night) == _stages(config) else night


def _stages(config: RunConfig) -> list[object]:
    """What is trained, which may be the same for other shares of REM."""
    return [cycle.stages for cycle in hypnogram(config)]


def condition_of(mine: RunConfig | None, other: RunConfig | None) -> Condition:
    """How the night ``other`` is compared with ``mine``: the entry that would have made it."""
    if mine is not None and other is not None:
        for comparison in CONDITIONS.values():
            if comparison.night(mine) == other:
                return comparison
    return CONDITIONS[LAST]
