"""The conditions that a night can be compared with: one registry for widget, address and start."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from core.schedule.config import RunConfig
from core.schedule.hypnogram import hypnogram
from core.schedule.presets import PRESETS

LAST, NOTHING = "last", "none"


@dataclass(frozen=True)
class Condition:
    """One condition: a run with the same seeds, weights and images and another schedule.

    Attributes
    ----------
    name : str
        Name in the page's address.
    label : str
        Name in the select box.
    chart_name : str
        Name in charts, tables and scores.
    phrase : str
        Start of a sentence about it, as "Without REM".
    make_config : callable
        Maps the main run's config to the compared run's; None where no run is to be started.
    """

    name: str
    label: str
    chart_name: str
    phrase: str
    make_config: Callable[[RunConfig], RunConfig | None]


def _with_rem(fraction: float) -> Callable[[RunConfig], RunConfig]:
    return lambda config: replace(config, start_fraction_rem=fraction, end_fraction_rem=fraction)


def _published(config: RunConfig) -> RunConfig:
    return replace(config, **PRESETS["even"].settings())


CONDITIONS = {
    condition.name: condition
    for condition in (
        Condition("no-rem", "No REM (all NREM)", "no REM", "Without REM", _with_rem(0.0)),
        Condition("all-rem", "No NREM (all REM)", "all REM", "With REM only", _with_rem(1.0)),
        Condition(
            "published",
            "Published schedule",
            "published",
            "With the published schedule",
            _published,
        ),
        Condition(LAST, "Last run", "other run", "In the other run", lambda config: None),
        Condition(NOTHING, "Nothing", "", "", lambda config: None),
    )
}
DEFAULT = "no-rem"


def compared_config(name: str, config: RunConfig) -> RunConfig | None:
    """Return the config to compare ``config`` with, for the condition called ``name``.

    None if the condition starts no run, or if it would train exactly the same stages.
    """
    compared = CONDITIONS[name].make_config(config)
    return None if compared is None or _stages(compared) == _stages(config) else compared


def _stages(config: RunConfig) -> list[object]:
    """The stages trained; different REM fractions can give the same ones."""
    return [cycle.stages for cycle in hypnogram(config)]


def condition_of(main: RunConfig | None, compared: RunConfig | None) -> Condition:
    """Return the condition that turns ``main`` into ``compared``; `LAST` if there is none."""
    if main is not None and compared is not None:
        for condition in CONDITIONS.values():
            if condition.make_config(main) == compared:
                return condition
    return CONDITIONS[LAST]
