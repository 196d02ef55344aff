"""Nights with a name: one registry for the page's select box, its URLs and the command line.

The cited works say how sleep looks: how REM's share changes with age, over a night, after
deprivation, in a nap. None of them gives epochs of training, nor a REM share that is a straight
line over equal cycles. Each preset's numbers are therefore ours, chosen after its source and
meant to look like it; only "even" is a published setting of the simulation itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from core.schedule.config import RunConfig

_SETTINGS = ("total_eps", "num_cycles", "start_fraction_rem", "end_fraction_rem")


@dataclass(frozen=True)
class Preset:
    """A schedule by name.

    ``name`` goes into URLs and the command line, ``label`` into a select box. ``source`` is what
    the schedule follows, in a line; ``leaves_out`` says, in a sentence, what the model does not
    have of it. ``total_eps`` are epochs; the REM fractions, 0 to 1, are those of the first and
    the last cycle.
    """

    name: str
    label: str
    num_cycles: int
    start_fraction_rem: float
    end_fraction_rem: float
    source: str
    leaves_out: str
    total_eps: int = RunConfig.total_eps

    def settings(self) -> dict[str, Any]:
        """The fields of `RunConfig` that it sets; all others are left alone."""
        return _settings(self)


def matching(config: RunConfig) -> Preset | None:
    """The preset whose schedule ``config`` has, whatever its other settings; None without one."""
    wanted = _settings(config)
    return next((preset for preset in PRESETS.values() if preset.settings() == wanted), None)


def _settings(has_them: Preset | RunConfig) -> dict[str, Any]:
    return {name: getattr(has_them, name) for name in _SETTINGS}


def _by_name(presets: Iterable[Preset]) -> dict[str, Preset]:
    return {preset.name: preset for preset in presets}


_FEINBERG = "Feinberg 1974, doi 10.1016/0022-3956(74)90011-9"  # REM's length, cycle by cycle
_OHAYON = "Ohayon et al. 2004, doi 10.1093/sleep/27.7.1255"  # REM's share falls with age
_MEDNICK = "Mednick, Nakayama & Stickgold 2003, doi 10.1038/nn1078"

PRESETS: dict[str, Preset] = _by_name(
    (
        Preset(
            "even",
            "Even night (published)",
            num_cycles=10,
            start_fraction_rem=0.5,
            end_fraction_rem=0.5,
            source="the published simulation, ellie-as/sleep-continual-learning, "
            "after Spens & Burgess 2024, doi 10.1038/s41562-023-01799-z",
            leaves_out="It is an experiment and nobody's night: adults have about five cycles, "
            "and their REM comes mostly in the later ones.",
        ),
        Preset(
            "young-adult",
            "Young adult",
            num_cycles=5,
            start_fraction_rem=0.05,
            end_fraction_rem=0.40,
            source=f"after {_FEINBERG}, and {_OHAYON}",
            leaves_out="REM grows in a straight line over cycles of equal length here, while in "
            "people it grows until about the third cycle, and NREM gets lighter as well.",
        ),
        Preset(
            "short-night",
            "Short night",
            num_cycles=3,
            start_fraction_rem=0.05,
            end_fraction_rem=0.225,
            total_eps=60,  # as the first three of the young adult's five cycles of 20 epochs
            source="ours: the first three cycles of the young adult, as if woken early",
            leaves_out="The model is not tired on the day after, as people are, and does not "
            "sleep more deeply in the night after that.",
        ),
        Preset(
            "older-adult",
            "Older adult",
            num_cycles=4,
            start_fraction_rem=0.08,
            end_fraction_rem=0.30,
            source=f"after {_OHAYON}, and {_FEINBERG}",
            leaves_out="Older people wake more often in the night, sleep less deeply, and in the "
            "oldest the first REM period is as long as the later ones; none of it is here.",
        ),
        Preset(
            "rem-deprived",
            "REM-deprived",
            num_cycles=5,
            start_fraction_rem=0.0,
            end_fraction_rem=0.0,
            source="after Dement 1960, doi 10.1126/science.131.3415.1705",
            leaves_out="A person has to be woken again and again to be kept from REM, and makes "
            "up for it in the nights after; the model is never woken and makes up for nothing.",
        ),
        Preset(
            "newborn",
            "Newborn",
            num_cycles=6,
            start_fraction_rem=0.5,
            end_fraction_rem=0.5,
            source="after Roffwarg, Muzio & Dement 1966, doi 10.1126/science.152.3722.604",
            leaves_out="A newborn falls asleep into REM, sleeps round the clock and has few old "
            "memories to dream of; the model starts with NREM and with all its old memories.",
        ),
        Preset(
            "all-rem",
            "REM only",
            num_cycles=5,
            start_fraction_rem=1.0,
            end_fraction_rem=1.0,
            source="ours: a limit that no sleeper reaches",
            leaves_out="People's REM may itself work on the day's memories, and nobody sleeps "
            "without NREM; here dreams come only from what the model already knows.",
        ),
        Preset(
            "reversed",
            "Reversed night",
            num_cycles=5,
            start_fraction_rem=0.40,
            end_fraction_rem=0.05,
            source="ours: the young adult's night backwards, with the same dose of REM",
            leaves_out="Healthy adults do not sleep like this: deep sleep comes first, and the "
            "body clock, which the model does not have, moves REM towards the morning.",
        ),
        Preset(
            "nap-with-rem",
            "Nap with REM",
            num_cycles=1,
            start_fraction_rem=0.25,
            end_fraction_rem=0.25,
            total_eps=20,  # as one cycle of the young adult's night
            source=f"after {_MEDNICK}",
            leaves_out="The study was of learning to see a texture, within a day; the model has "
            "no day, and its memories are pictures.",
        ),
        Preset(
            "nap-without-rem",
            "Nap without REM",
            num_cycles=1,
            start_fraction_rem=0.0,
            end_fraction_rem=0.0,
            total_eps=20,
            source=f"after {_MEDNICK}",
            leaves_out="Slow-wave and light sleep are one NREM stage here, and a nap's rest, "
            "which refreshes people whatever its stages, does nothing.",
        ),
    )
)
