"""The conditions: the same seeds, weights and images, and another schedule."""

from dataclasses import fields, replace

import pytest
from hypothesis import given

from app.conditions import CONDITIONS, DEFAULT, LAST, NOTHING, compared_config, condition_of
from app.settings import config_of
from core.schedule.config import RunConfig
from core.schedule.hypnogram import hypnogram
from core.schedule.presets import PRESETS
from tests.helpers.page_runs import setting_values

WITH_RUN = [name for name in CONDITIONS if name not in (LAST, NOTHING)]
SCHEDULE = {"total_eps", "num_cycles", "start_fraction_rem", "end_fraction_rem"}


@given(setting_values().map(config_of))
def test_only_the_schedule_differs(config: RunConfig) -> None:
    for name in WITH_RUN:
        compared = compared_config(name, config) or config
        names = [field.name for field in fields(config)]
        changed = {name for name in names if getattr(compared, name) != getattr(config, name)}
        assert changed <= SCHEDULE
        if name != "published":
            assert changed <= {"start_fraction_rem", "end_fraction_rem"}


def test_settings_without_a_control_are_the_same_in_the_compared_run() -> None:
    config = RunConfig(
        seeds=(7, 8), weights="own.safetensors", batch_size=5, rounding="original", device="cpu"
    )
    for name in WITH_RUN:
        compared = compared_config(name, config)
        if name == "published":  # the schedule of `config` is the published one already
            assert compared is None
            continue
        assert compared is not None
        fraction = compared.start_fraction_rem
        assert replace(config, start_fraction_rem=fraction, end_fraction_rem=fraction) == compared


@pytest.mark.parametrize(("name", "fraction"), [("no-rem", 0.0), ("all-rem", 1.0)])
def test_no_rem_and_all_rem_set_the_rem_fraction_of_all_cycles(name: str, fraction: float) -> None:
    config = RunConfig(num_cycles=5, start_fraction_rem=0.05, end_fraction_rem=0.4)
    assert compared_config(name, config) == RunConfig(
        num_cycles=5, start_fraction_rem=fraction, end_fraction_rem=fraction
    )


def test_the_published_schedule_is_the_preset_even() -> None:
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
        # These differ in a setting, but not in any epoch.
        ("no-rem", RunConfig(num_cycles=1, start_fraction_rem=0)),
        ("no-rem", RunConfig(total_eps=1, num_cycles=1, start_fraction_rem=0.3)),
        ("all-rem", RunConfig(num_cycles=1, start_fraction_rem=1)),
    ],
)
def test_a_condition_that_trains_the_same_stages_has_no_run(name: str, config: RunConfig) -> None:
    assert compared_config(name, config) is None


@given(setting_values().map(config_of))
def test_compared_runs_train_different_stages(config: RunConfig) -> None:
    for name in WITH_RUN:
        compared = compared_config(name, config)
        if compared is not None:
            assert _trained(compared) != _trained(config)


def _trained(config: RunConfig) -> list[object]:
    return [cycle.stages for cycle in hypnogram(config)]


@pytest.mark.parametrize("name", [LAST, NOTHING])
def test_last_run_and_nothing_start_no_run(name: str) -> None:
    assert compared_config(name, RunConfig()) is None


@given(setting_values().map(config_of))
def test_the_condition_of_a_pair_is_recognised(config: RunConfig) -> None:
    for name in WITH_RUN:
        compared = compared_config(name, config)
        if compared is not None:
            assert condition_of(config, compared).name == name


@pytest.mark.parametrize(
    ("main", "compared"),
    [
        (RunConfig(), RunConfig(num_cycles=5)),
        (RunConfig(), RunConfig(start_fraction_rem=0, end_fraction_rem=0, seeds=(1,))),
        (RunConfig(), None),
        (None, RunConfig()),
        (None, None),
    ],
)
def test_any_other_pair_has_the_condition_last_run(
    main: RunConfig | None, compared: RunConfig | None
) -> None:
    assert condition_of(main, compared).name == LAST


def test_conditions_have_different_names_in_charts() -> None:
    assert DEFAULT in WITH_RUN
    names = [CONDITIONS[name].chart_name for name in (*WITH_RUN, LAST)]
    assert all(names)
    assert len(set(names)) == len(names)
    assert all(CONDITIONS[name].phrase for name in (*WITH_RUN, LAST))
