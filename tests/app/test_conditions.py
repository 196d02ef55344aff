"""What a night is compared with: the same seeds, weights and images, another schedule."""

from dataclasses import fields, replace

import pytest
from hypothesis import given

from app.conditions import CONDITIONS, DEFAULT, LAST, NOTHING, compared_config, condition_of
from app.settings import config_of
from core.schedule.config import RunConfig
from core.schedule.hypnogram import hypnogram
from core.schedule.presets import PRESETS
from tests.helpers.page_runs import dial_values

NIGHTS = [name for name in CONDITIONS if name not in (LAST, NOTHING)]
SCHEDULE = {"total_eps", "num_cycles", "start_fraction_rem", "end_fraction_rem"}


@given(dial_values().map(config_of))
def test_only_the_schedule_is_another(config: RunConfig) -> None:
    for name in NIGHTS:
        other = compared_config(name, config) or config
        names = [field.name for field in fields(config)]
        changed = {name for name in names if getattr(other, name) != getattr(config, name)}
        assert changed <= SCHEDULE
        if name != "published":
            assert changed <= {"start_fraction_rem", "end_fraction_rem"}


def test_what_no_dial_shows_is_the_same_in_the_other_night_too() -> None:
    config = RunConfig(
        seeds=(7, 8), weights="own.safetensors", batch_size=5, rounding="original", device="cpu"
    )
    for name in NIGHTS:
        other = compared_config(name, config)
        if name == "published":  # it is the published night already, but for what it keeps
            assert other is None
            continue
        assert other is not None
        share = other.start_fraction_rem
        assert replace(config, start_fraction_rem=share, end_fraction_rem=share) == other


@pytest.mark.parametrize(("name", "share"), [("no-rem", 0.0), ("all-rem", 1.0)])
def test_the_same_night_without_rem_or_with_nothing_else(name: str, share: float) -> None:
    config = RunConfig(num_cycles=5, start_fraction_rem=0.05, end_fraction_rem=0.4)
    assert compared_config(name, config) == RunConfig(
        num_cycles=5, start_fraction_rem=share, end_fraction_rem=share
    )


def test_the_published_night_is_the_preset_of_that_name() -> None:
    config = RunConfig(total_eps=20, num_cycles=1, start_fraction_rem=0.25, seeds=(0, 1, 2))
    assert compared_config("published", config) == RunConfig(
        seeds=(0, 1, 2), **PRESETS["even"].settings()
    )


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("no-rem", RunConfig(start_fraction_rem=0, end_fraction_rem=0)),
        ("all-rem", RunConfig(start_fraction_rem=1, end_fraction_rem=1)),
        ("published", RunConfig(split="digits", num=20)),
        # These differ in a setting, and yet not in one epoch.
        ("no-rem", RunConfig(num_cycles=1, start_fraction_rem=0)),
        ("no-rem", RunConfig(total_eps=1, num_cycles=1, start_fraction_rem=0.3)),
        ("all-rem", RunConfig(num_cycles=1, start_fraction_rem=1)),
    ],
)
def test_the_same_night_is_not_slept_twice(name: str, config: RunConfig) -> None:
    assert compared_config(name, config) is None


@given(dial_values().map(config_of))
def test_two_nights_beside_each_other_train_differently(config: RunConfig) -> None:
    for name in NIGHTS:
        other = compared_config(name, config)
        if other is not None:
            assert _trained(other) != _trained(config)


def _trained(config: RunConfig) -> list[object]:
    return [cycle.stages for cycle in hypnogram(config)]


@pytest.mark.parametrize("name", [LAST, NOTHING])
def test_the_last_run_and_nothing_need_no_night_of_their_own(name: str) -> None:
    assert compared_config(name, RunConfig()) is None


@given(dial_values().map(config_of))
def test_a_pair_tells_how_it_came_to_be(config: RunConfig) -> None:
    for name in NIGHTS:
        other = compared_config(name, config)
        if other is not None:
            assert condition_of(config, other).name == name


@pytest.mark.parametrize(
    ("mine", "other"),
    [
        (RunConfig(), RunConfig(num_cycles=5)),
        (RunConfig(), RunConfig(start_fraction_rem=0, end_fraction_rem=0, seeds=(1,))),
        (RunConfig(), None),
        (None, RunConfig()),
        (None, None),
    ],
)
def test_any_other_night_is_the_last_one(mine: RunConfig | None, other: RunConfig | None) -> None:
    assert condition_of(mine, other).name == LAST


def test_nights_are_named_apart_in_charts() -> None:
    assert DEFAULT in NIGHTS
    arms = [CONDITIONS[name].arm for name in (*NIGHTS, LAST)]
    assert all(arms)
    assert len(set(arms)) == len(arms)
    assert all(CONDITIONS[name].adverb for name in (*NIGHTS, LAST))
