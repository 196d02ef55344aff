"""The settings of the page: one value per widget, and the config for the values."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.settings import SETTINGS, config_of, settings_without_control, values_of
from core.data.splits import SPLITS
from core.schedule.config import RunConfig
from core.schedule.presets import PRESETS
from core.support.errors import ConfigError
from tests.helpers.page_runs import setting_values

DEFAULTS = values_of(RunConfig())


def presets() -> list[RunConfig]:
    """Return the config of each preset with each split."""
    return [
        RunConfig(**preset.settings(), split=split)
        for preset in PRESETS.values()
        for split in SPLITS
    ]


@pytest.mark.parametrize("config", [RunConfig(), *presets()], ids=str)
def test_the_controls_can_show_every_preset(config: RunConfig) -> None:
    assert config_of(values_of(config)) == config
    assert settings_without_control(config) == ()


@given(setting_values())
def test_values_and_config_convert_into_each_other(
    values: dict[str, int | float | str],
) -> None:
    config = config_of(values)
    assert values_of(config) == values
    assert config_of(values_of(config)) == config


@given(setting_values())
def test_fields_without_a_control_have_their_defaults(
    values: dict[str, int | float | str],
) -> None:
    config, default = config_of(values), RunConfig()
    for name in ("rounding", "batch_size", "weights", "pretrain_seed", "device"):
        assert getattr(config, name) == getattr(default, name)


def test_each_setting_sets_its_field_of_the_config() -> None:
    values = {
        "data": "mnist",
        "split": "digits",
        "total_eps": 60,
        "num_cycles": 3,
        "rem_start": 5.0,
        "rem_end": 22.5,
        "num": 20,
        "seeds": 3,
        "dreamer": "current",
        "latent_dim": 10,
        "lr": 0.002,
        "mask": "top",
        "mask_fraction": 40.0,
    }
    assert list(values) == list(SETTINGS)
    assert config_of(values) == RunConfig(
        data="mnist",
        split="digits",
        total_eps=60,
        num_cycles=3,
        start_fraction_rem=0.05,
        end_fraction_rem=0.225,
        num=20,
        seeds=(0, 1, 2),
        continue_training=True,
        latent_dim=10,
        lr=0.002,
        mask="top",
        mask_fraction=0.4,
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("num_cycles", value) for value in (0, 31, -5, 2.5, "3")),
        *(("total_eps", value) for value in (0, 401)),
        *(("num", value) for value in (0, 501)),
        *(("rem_start", value) for value in (-0.5, 100.5, 0.3, math.nan, math.inf)),
        *(("mask_fraction", value) for value in (-1.0, 101.0)),
        *(("lr", value) for value in (0.0, -0.1, 0.2, math.nan, math.inf)),
        *(("seeds", value) for value in (0, 2, 7, None)),
        *(("latent_dim", value) for value in (0, 3, 600, None)),
        *(("dreamer", value) for value in ("", "unknown", None)),
        *((key, "nonsense") for key in ("split", "data", "mask")),
    ],
)
def test_an_invalid_value_raises_an_error_with_a_hint(key: str, value: object) -> None:
    with pytest.raises(ConfigError) as error:
        config_of({**DEFAULTS, key: value})
    assert str(error.value) == f"{key} is {value!r}; {SETTINGS[key].hint}."


def test_more_cycles_than_epochs_raise_an_error() -> None:
    with pytest.raises(ConfigError, match="num_cycles is 10"):
        config_of({**DEFAULTS, "total_eps": 9})


@pytest.mark.parametrize(
    ("config", "names"),
    [
        (RunConfig(seeds=(5, 6, 7)), ("seeds",)),
        (RunConfig(seeds=(0, 1)), ("seeds",)),
        (RunConfig(total_eps=1_000), ("total_eps",)),
        (RunConfig(num_cycles=40), ("num_cycles",)),
        (RunConfig(start_fraction_rem=1 / 3), ("start_fraction_rem",)),
        (RunConfig(lr=0.5), ("lr",)),
        (RunConfig(latent_dim=7), ("latent_dim",)),
        (RunConfig(batch_size=2, rounding="original"), ("batch_size", "rounding")),
        (RunConfig(use_initial_weights=False, pretrain_seed=3, device="cpu"), None),
    ],
)
def test_settings_that_the_controls_cannot_show_are_listed(
    config: RunConfig, names: tuple[str, ...] | None
) -> None:
    assert settings_without_control(config) == (
        names or ("use_initial_weights", "pretrain_seed", "device")
    )


@given(
    st.builds(
        RunConfig,
        seeds=st.lists(st.integers(0, 9), min_size=1, max_size=6, unique=True),
        total_eps=st.integers(60, 2_000),
        num_cycles=st.integers(1, 60),
        start_fraction_rem=st.floats(0, 1),
        end_fraction_rem=st.floats(0, 1),
        latent_dim=st.integers(1, 30),
        lr=st.floats(1e-9, 10),
        num=st.integers(1, 1_000),
        mask_fraction=st.floats(0, 1),
        split=st.sampled_from(list(SPLITS)),
    )
)
def test_every_valid_config_has_valid_values_of_the_controls(config: RunConfig) -> None:
    values = values_of(config)
    assert all(SETTINGS[key].accepts(value) for key, value in values.items())
    representable = config_of(values)  # the values never contradict each other
    for name in set(vars(config)) - set(settings_without_control(config)):
        assert getattr(representable, name) == getattr(config, name)
