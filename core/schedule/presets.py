"""Presets: schedules by name, for the page, its addresses and the command line.

The cited works describe sleep: how the REM fraction changes with age, over a night, after
deprivation and in a nap. None of them gives epochs of training, or a REM fraction that is linear
over cycles of equal length. This project therefore chose the numbers of each preset to resemble
its source. Only "even" is a published setting of the simulation itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from core.schedule.config import RunConfig

_SETTINGS = ("total_eps", "num_cycles", "start_fraction_rem", "end_fraction_rem")


@dataclass(frozen=True)
class Preset:
    """A schedule with a name and its source.

    Attributes
    ----------
    name : str
        Name in addresses and on the command line.
    label : str
        Name in the select box, at most 24 characters.
    num_cycles : int
        Cycles of the night.
    start_fraction_rem, end_fraction_rem : float
        Requested REM fraction of the first and of the last cycle, 0 to 1.
    source : str
        Work that the schedule follows with its DOI, or a description that starts with
        "own design: ".
    leaves_out : str
        One sentence: what the model does not represent of this kind of sleep.
    total_eps : int, default 100
        Epochs of the night.
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
        """Return the settings of `RunConfig` that the preset sets, by name."""
        return _settings(self)


def matching_preset(config: RunConfig) -> Preset | None:
    """Return the preset with the schedule of ``config``, or None; other settings do not matter."""
    schedule = _settings(config)
    return next((preset for preset in PRESETS.values() if preset.settings() == schedule), None)


def _settings(schedule: Preset | RunConfig) -> dict[str, Any]:
    return {name: getattr(schedule, name) for name in _SETTINGS}


def _by_name(presets: Iterable[Preset]) -> dict[str, Preset]:
    return {preset.name: preset for preset in presets}


_FEINBERG = "Feinberg 1974, doi 10.1016/0022-3956(74)90011-9"  # length of REM per cycle
_OHAYON = "Ohayon et al. 2004, doi 10.1093/sleep/27.7.1255"  # REM fraction falls with age
_MEDNICK = "Mednick, Nakayama & Stickgold 2003, doi 10.1038/nn1078"

PRESETS: dict[str, Preset] = _by_name(
    (
        Preset(
            "even",
            "Even night (published)",
            num_cycles=10,
            start_fraction_rem=0.5,
            end_fraction_rem=0.5,
            source="the reference simulation, ellie-as/sleep-continual-learning, public code by "
            "the first author of Spens & Burgess 2024, doi 10.1038/s41562-023-01799-z",
            leaves_out="It is an experiment and not a physiological schedule: adults have about "
            "five cycles, and most of their REM is in the later ones.",
        ),
        Preset(
            "young-adult",
            "Young adult",
            num_cycles=5,
            start_fraction_rem=0.05,
            end_fraction_rem=0.40,
            source=f"after {_FEINBERG}, and {_OHAYON}",
            leaves_out="Here the REM fraction grows linearly over cycles of equal length, while in "
            "people it grows until about the third cycle, and NREM becomes lighter as well.",
        ),
        Preset(
            "short-night",
            "Short night",
            num_cycles=3,
            start_fraction_rem=0.05,
            end_fraction_rem=0.225,
            total_eps=60,  # three of the young adult's five cycles of 20 epochs
            source="own design: the first three cycles of the young adult, as if woken early",
            leaves_out="After a short night people are tired and sleep more deeply in the next "
            "one; the model has no such after-effects.",
        ),
        Preset(
            "older-adult",
            "Older adult",
            num_cycles=4,
            start_fraction_rem=0.08,
            end_fraction_rem=0.30,
            source=f"after {_OHAYON}, and {_FEINBERG}",
            leaves_out="Older people wake more often in the night, sleep less deeply, and in the "
            "oldest the first REM period is as long as the later ones; the model has none of this.",
        ),
        Preset(
            "rem-deprived",
            "REM-deprived",
            num_cycles=5,
            start_fraction_rem=0.0,
            end_fraction_rem=0.0,
            source="after Dement 1960, doi 10.1126/science.131.3415.1705",
            leaves_out="A person has to be woken repeatedly to prevent REM, and has more of it in "
            "the following nights; the model is never woken and has no such rebound.",
        ),
        Preset(
            "newborn",
            "Newborn",
            num_cycles=6,
            start_fraction_rem=0.5,
            end_fraction_rem=0.5,
            source="after Roffwarg, Muzio & Dement 1966, doi 10.1126/science.152.3722.604",
            leaves_out="A newborn starts sleep with REM, sleeps at all times of day and has few "
            "old memories; the model starts with NREM and with all its old memories.",
        ),
        Preset(
            "all-rem",
            "REM only",
            num_cycles=5,
            start_fraction_rem=1.0,
            end_fraction_rem=1.0,
            source="own design: the upper limit of the REM fraction, which no sleeper reaches",
            leaves_out="In people REM may itself process the memories of the day, and all sleep "
            "contains NREM; here dreams come only from what the model already knows.",
        ),
        Preset(
            "reversed",
            "Reversed night",
            num_cycles=5,
            start_fraction_rem=0.40,
            end_fraction_rem=0.05,
            source="own design: the young adult's night in reverse order, with the same REM dose",
            leaves_out="Healthy adults do not sleep in this order: deep sleep comes first, and the "
            "circadian clock, which the model lacks, moves REM towards the morning.",
        ),
        Preset(
            "nap-with-rem",
            "Nap with REM",
            num_cycles=1,
            start_fraction_rem=0.25,
            end_fraction_rem=0.25,
            total_eps=20,  # one cycle of the young adult's night
            source=f"after {_MEDNICK}",
            leaves_out="The study measured perceptual learning of textures within one day; the "
            "model has no time of day, and its memories are images.",
        ),
        Preset(
            "nap-without-rem",
            "Nap without REM",
            num_cycles=1,
            start_fraction_rem=0.0,
            end_fraction_rem=0.0,
            total_eps=20,
            source=f"after {_MEDNICK}",
            leaves_out="Slow-wave and light sleep are one NREM stage here, and rest itself, which "
            "refreshes people whatever the stages of the nap, has no effect.",
        ),
    )
)
