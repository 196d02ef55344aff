"""Every setting that the page has a control for: one registry for widgets, address and config.

A dial's value is what its widget holds, a plain number or name. Its key is the widget's, and its
name in the page's address.
"""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any

from core.data.masks import MASKS
from core.data.sources import SOURCES
from core.data.splits import SPLITS
from core.schedule.config import RunConfig
from core.schedule.presets import Preset
from core.support.errors import ConfigError

Value = int | float | str
Values = dict[str, Value]

DREAMERS = {"frozen": False, "current": True}
SEEDS = (1, 3, 5)
LATENT_DIMS = (2, 5, 10, 20)  # those whose weights ship with the program
MAX_CYCLES = 30
MAX_EPOCHS = 400
MAX_IMAGES = 500
MIN_LR, MAX_LR = 1e-6, 0.1
SHARE_STEP = 0.5  # of a share in percent


@dataclass(frozen=True)
class Setting:
    """One setting.

    ``shown`` gives the value that stands for a config (it may be one that the dial does not
    accept), ``asked`` the settings of `RunConfig` that a value means. ``fix`` says what may be
    chosen, and ``parse`` reads it from an address; it raises ValueError for what is no value.
    """

    key: str
    shown: Callable[[RunConfig], Value]
    asked: Callable[[Any], dict[str, Any]]
    accepts: Callable[[Any], bool]
    parse: Callable[[str], Value]
    fix: str


def _whole(key: str, high: int) -> Setting:
    return Setting(
        key,
        lambda config: int(getattr(config, key)),
        lambda value: {key: value},
        lambda value: isinstance(value, int) and 1 <= value <= high,
        _plain_int,
        f"choose from 1 to {high}",
    )


def _share(key: str, field: str) -> Setting:
    def shown(config: RunConfig) -> float:
        return round(100 * getattr(config, field) / SHARE_STEP) * SHARE_STEP

    return Setting(
        key,
        shown,
        lambda value: {field: value / 100},
        lambda value: _is_number(value) and 0 <= value <= 100 and value % SHARE_STEP == 0,
        lambda text: float(text) + 0.0,  # for -0 is 0
        f"choose from 0 to 100 in steps of {SHARE_STEP}",
    )


def _name(key: str, registry: Mapping[str, object]) -> Setting:
    return Setting(
        key,
        lambda config: str(getattr(config, key)),
        lambda value: {key: value},
        lambda value: value in registry,
        str,
        f"choose one of {', '.join(registry)}",
    )


def _one_of(
    key: str, options: Collection[int], shown: Callable[[RunConfig], int], field: str, made: Any
) -> Setting:
    return Setting(
        key,
        shown,
        lambda value: {field: made(value)},
        lambda value: value in options,
        _plain_int,
        f"choose one of {', '.join(map(str, options))}",
    )


def _plain_int(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 9:
        raise ValueError(text)
    return int(text)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


# In this order: what bounds another setting comes before it.
SETTINGS = {
    dial.key: dial
    for dial in (
        _name("data", SOURCES),
        _name("split", SPLITS),
        _whole("total_eps", MAX_EPOCHS),
        _whole("num_cycles", MAX_CYCLES),
        _share("rem_start", "start_fraction_rem"),
        _share("rem_end", "end_fraction_rem"),
        _whole("num", MAX_IMAGES),
        _one_of("seeds", SEEDS, lambda config: len(config.seeds), "seeds", lambda n: range(n)),
        Setting(
            "dreamer",
            lambda config: "current" if config.continue_training else "frozen",
            lambda value: {"continue_training": DREAMERS[value]},
            lambda value: value in DREAMERS,
            str,
            f"choose one of {', '.join(DREAMERS)}",
        ),
        _one_of("latent_dim", LATENT_DIMS, lambda config: config.latent_dim, "latent_dim", int),
        Setting(
            "lr",
            lambda config: config.lr,
            lambda value: {"lr": value},
            lambda value: _is_number(value) and MIN_LR <= value <= MAX_LR,
            _number,
            f"choose a number from {MIN_LR:f} to {MAX_LR}",
        ),
        _name("mask", MASKS),
        _share("mask_fraction", "mask_fraction"),
    )
}


def config_of(values: Mapping[str, Any]) -> RunConfig:
    """The night that the dials ask for; raises `ConfigError` for what no night can be."""
    asked: dict[str, Any] = {}
    for dial in SETTINGS.values():
        value = values[dial.key]
        # A browser keeps to the bounds; what else may talk to the server need not.
        if not dial.accepts(value):
            raise ConfigError(f"{dial.key} is {value!r}; {dial.fix}.")
        asked |= dial.asked(value)
    return RunConfig(**asked)


def values_of(config: RunConfig) -> Values:
    """Where the dials stand for ``config``: at the default where they cannot show it."""
    default = RunConfig()
    values = {}
    for dial in SETTINGS.values():
        value = dial.shown(config)
        values[dial.key] = value if dial.accepts(value) else dial.shown(default)
    return values


def preset_values(preset: Preset) -> Values:
    """Where ``preset`` puts the dials that it says anything about."""
    settings = preset.settings()
    values = values_of(RunConfig(**settings))
    return {
        key: values[key]
        for key, dial in SETTINGS.items()
        if dial.asked(values[key]).keys() <= settings.keys()
    }


def settings_without_control(config: RunConfig) -> tuple[str, ...]:
    """The settings of ``config`` that the dials cannot show, by name."""
    reached = config_of(values_of(config))
    return tuple(
        field.name
        for field in fields(config)
        if getattr(reached, field.name) != getattr(config, field.name)
    )
