"""The page's settings: one value for each widget, and the night that they come to."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.settings import SETTINGS, config_of, settings_without_control, values_of
from core.data.splits import SPLITS
from core.schedule.config import RunConfig
from core.schedule.presets import PRESETS
from core.support.errors import ConfigError
from tests.helpers.page_runs import dial_values

DEFAULTS = values_of(RunConfig())


def presets() -> list[RunConfig]:
    """The night of each preset with each split."""
    return [
        RunConfig(**preset.settings(), split=split)
        for preset in PRESETS.values()
        for split in SPLITS
    ]


@pytest.mark.parametrize("config", [RunConfig(), *presets()], ids=str)
def test_the_dials_show_every_preset_as_it_is(config: RunConfig) -> None:
    assert config_of(values_of(config)) == config
    assert settings_without_control(config) == ()


@given(dial_values())
def test_a_night_that_the_dials_ask_for_is_one_that_they_show(
    values: dict[str, int | float | str],
) -> None:
    config = config_of(values)
    assert values_of(config) == values
    assert config_of(values_of(config)) == config


@given(dial_values())
def test_only_what_has_a_dial_is_set(values: dict[str, int | float | str]) -> None:
    config, default = config_of(values), RunConfig()
    for name in ("rounding", "batch_size", "weights", "pretrain_seed", "device"):
        assert getattr(config, name) == getattr(default, name)


def test_each_dial_sets_what_its_name_says() -> None:
    moved = {
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
    assert list(moved) == list(SETTINGS)
    assert config_of(moved) == RunConfig(
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
        *(("dreamer", value) for value in ("", "nobody", None)),
        *((key, "nonsense") for key in ("split", "data", "mask")),
    ],
)
def test_a_value_that_no_browser_sends_is_refused_in_one_sentence(key: str, value: object) -> None:
    with pytest.raises(ConfigError) as error:
        config_of({**DEFAULTS, key: value})
    assert str(error.value) == f"{key} is {value!r}; {SETTINGS[key].fix}."


def test_more_cycles_than_epochs_are_refused() -> None:
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
def test_what_the_dials_cannot_show_is_named(
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
def test_the_dials_stand_somewhere_for_every_run_of_the_command_line(config: RunConfig) -> None:
    values = values_of(config)
    assert all(SETTINGS[key].accepts(value) for key, value in values.items())
    reached = config_of(values)  # never a contradiction
    for name in set(vars(config)) - set(settings_without_control(config)):
        assert getattr(reached, name) == getattr(config, name)
