"""Every setting that has a control on the page: one registry for widgets, address and config.

A setting's value is what its widget holds, a plain number or name. Its key is the widget's key and
its name in the page's address.
"""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any

from core.data.masks import MASKS
from core.data.sources import SOURCES
from core.data.splits import SPLITS
from core.schedule.config import DREAMERS, RunConfig
from core.schedule.presets import Preset
from core.support.errors import ConfigError

Value = int | float | str
Values = dict[str, Value]

SEEDS = (1, 3, 5)
LATENT_DIMS = (2, 5, 10, 20)  # those whose weights ship with the program
MAX_CYCLES = 30
MAX_EPOCHS = 400
MAX_IMAGES = 500
MIN_LR, MAX_LR = 1e-6, 0.1
PERCENT_STEP = 0.5  # of a fraction in percent


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes
    ----------
    key : str
        Key of the widget and name in the address.
    from_config : callable
        Maps a `RunConfig` to this setting's value, which `accepts` may reject.
    to_fields : callable
        Maps a value to the fields of `RunConfig` that it sets.
    accepts : callable
        Returns whether a value is valid.
    parse : callable
        Reads a value from an address; raises ValueError if the text is none.
    hint : str
        Describes the valid values, as part of an error message.
    """

    key: str
    from_config: Callable[[RunConfig], Value]
    to_fields: Callable[[Any], dict[str, Any]]
    accepts: Callable[[Any], bool]
    parse: Callable[[str], Value]
    hint: str


def _integer(key: str, maximum: int) -> Setting:
    return Setting(
        key,
        lambda config: int(getattr(config, key)),
        lambda value: {key: value},
        lambda value: isinstance(value, int) and 1 <= value <= maximum,
        _plain_int,
        f"choose from 1 to {maximum}",
    )


def _percentage(key: str, field: str) -> Setting:
    def from_config(config: RunConfig) -> float:
        return round(100 * getattr(config, field) / PERCENT_STEP) * PERCENT_STEP

    return Setting(
        key,
        from_config,
        lambda value: {field: value / 100},
        lambda value: _is_number(value) and 0 <= value <= 100 and value % PERCENT_STEP == 0,
        lambda text: float(text) + 0.0,  # turns -0 into 0
        f"choose from 0 to 100 in steps of {PERCENT_STEP}",
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


def _dreamer(config: RunConfig) -> str:
    return next(
        name
        for name, dreamer in DREAMERS.items()
        if dreamer.continue_training == config.continue_training
    )


def _one_of(
    key: str,
    options: Collection[int],
    from_config: Callable[[RunConfig], int],
    to_field: Callable[[Any], Any],
) -> Setting:
    return Setting(
        key,
        from_config,
        lambda value: {key: to_field(value)},
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


def _finite_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


# In this order: a setting that bounds another one comes before it.
SETTINGS = {
    setting.key: setting
    for setting in (
        _name("data", SOURCES),
        _name("split", SPLITS),
        _integer("total_eps", MAX_EPOCHS),
        _integer("num_cycles", MAX_CYCLES),
        _percentage("rem_start", "start_fraction_rem"),
        _percentage("rem_end", "end_fraction_rem"),
        _integer("num", MAX_IMAGES),
        _one_of("seeds", SEEDS, lambda config: len(config.seeds), range),
        Setting(
            "dreamer",
            _dreamer,
            lambda value: {"continue_training": DREAMERS[value].continue_training},
            lambda value: value in DREAMERS,
            str,
            f"choose one of {', '.join(DREAMERS)}",
        ),
        _one_of("latent_dim", LATENT_DIMS, lambda config: config.latent_dim, int),
        Setting(
            "lr",
            lambda config: config.lr,
            lambda value: {"lr": value},
            lambda value: _is_number(value) and MIN_LR <= value <= MAX_LR,
            _finite_float,
            f"choose a number from {MIN_LR:f} to {MAX_LR}",
        ),
        _name("mask", MASKS),
        _percentage("mask_fraction", "mask_fraction"),
    )
}


def config_of(values: Mapping[str, Any]) -> RunConfig:
    """Return the config for ``values``; raise `ConfigError` if a value or the whole is invalid."""
    config_fields: dict[str, Any] = {}
    for setting in SETTINGS.values():
        value = values[setting.key]
        # A browser keeps to the bounds; another client of the server may not.
        if not setting.accepts(value):
            raise ConfigError(f"{setting.key} is {value!r}; {setting.hint}.")
        config_fields |= setting.to_fields(value)
    return RunConfig(**config_fields)


def values_of(config: RunConfig) -> Values:
    """Return the values for ``config``, with the default where no valid value matches it."""
    default = RunConfig()
    values = {}
    for setting in SETTINGS.values():
        value = setting.from_config(config)
        values[setting.key] = value if setting.accepts(value) else setting.from_config(default)
    return values


def preset_values(preset: Preset) -> Values:
    """Return the values of the settings that ``preset`` defines."""
    preset_fields = preset.settings()
    values = values_of(RunConfig(**preset_fields))
    return {
        key: values[key]
        for key, setting in SETTINGS.items()
        if setting.to_fields(values[key]).keys() <= preset_fields.keys()
    }


def settings_without_control(config: RunConfig) -> tuple[str, ...]:
    """Return the names of the fields of ``config`` that the controls cannot show."""
    representable = config_of(values_of(config))
    return tuple(
        field.name
        for field in fields(config)
        if getattr(representable, field.name) != getattr(config, field.name)
    )
