"""`core.schedule.presets`: the settings, names and sources of the presets."""

import re
from dataclasses import replace

import pytest

from core.schedule.config import RunConfig
from core.schedule.hypnogram import dose, hypnogram
from core.schedule.presets import PRESETS, Preset, matching_preset

each_preset = pytest.mark.parametrize("preset", PRESETS.values(), ids=list(PRESETS))


def config_of(name: str) -> RunConfig:
    return RunConfig(**PRESETS[name].settings())


def test_the_registry_maps_names_to_presets_in_the_order_of_the_select_box() -> None:
    assert [preset.name for preset in PRESETS.values()] == list(PRESETS)
    assert list(PRESETS) == [
        "even",
        "young-adult",
        "short-night",
        "older-adult",
        "rem-deprived",
        "newborn",
        "all-rem",
        "reversed",
        "nap-with-rem",
        "nap-without-rem",
    ]


@each_preset
def test_a_name_needs_no_escaping_in_an_address(preset: Preset) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", preset.name)


@each_preset
def test_a_preset_sets_the_schedule_and_no_other_setting(preset: Preset) -> None:
    config = RunConfig(seeds=(3,), split="digits", continue_training=True)
    changed = replace(config, **preset.settings())
    schedule = ("total_eps", "num_cycles", "start_fraction_rem", "end_fraction_rem")
    assert tuple(preset.settings()) == schedule
    assert {name: getattr(changed, name) for name in schedule} == preset.settings()
    assert replace(changed, **{name: getattr(config, name) for name in schedule}) == config


@each_preset
def test_a_config_with_the_schedule_of_a_preset_matches_it(preset: Preset) -> None:
    config = RunConfig(**preset.settings(), seeds=(0, 1), split="digits", lr=0.002)
    assert matching_preset(config) is preset


def test_the_default_config_matches_the_published_even_night() -> None:
    assert matching_preset(RunConfig()) is PRESETS["even"]


def test_another_schedule_matches_no_preset() -> None:
    assert matching_preset(RunConfig(num_cycles=7)) is None


def test_no_two_presets_have_the_same_schedule() -> None:
    schedules = [preset.settings() for preset in PRESETS.values()]
    assert all(schedules.count(schedule) == 1 for schedule in schedules)


def test_labels_differ_and_fit_into_the_select_box() -> None:
    labels = {preset.label for preset in PRESETS.values()}
    assert len(labels) == len(PRESETS)
    assert all(len(label) <= 24 for label in labels)


@each_preset
def test_a_source_is_cited_with_its_doi_or_marked_as_own_design(preset: Preset) -> None:
    cited = re.search(r"\b(19|20)\d\d, doi 10\.\d{4,}/\S+", preset.source)
    assert bool(cited) != preset.source.startswith("own design: ")
    assert "\n" not in preset.source


@each_preset
def test_the_description_of_what_the_model_leaves_out_is_one_sentence(preset: Preset) -> None:
    assert re.fullmatch(r"[A-Z][^.]{20,}\.", preset.leaves_out)


def test_the_short_night_equals_the_first_cycles_of_the_young_adults_night() -> None:
    short, whole = hypnogram(config_of("short-night")), hypnogram(config_of("young-adult"))
    assert [cycle.stages for cycle in short] == [cycle.stages for cycle in whole[: len(short)]]


def test_the_reversed_night_has_the_young_adults_rem_fractions_in_reverse_order() -> None:
    young_adult, reversed_night = config_of("young-adult"), config_of("reversed")
    assert (dose(young_adult).nrem_epochs, dose(young_adult).rem_epochs) == (
        dose(reversed_night).nrem_epochs,
        dose(reversed_night).rem_epochs,
    )
    fractions = [cycle.rem_fraction for cycle in hypnogram(reversed_night)]
    expected = [cycle.rem_fraction for cycle in hypnogram(young_adult)]
    assert fractions[::-1] == pytest.approx(expected)


def test_a_nap_has_as_many_epochs_as_a_cycle_of_the_young_adults_night() -> None:
    cycle = hypnogram(config_of("young-adult"))[0]
    for nap in ("nap-with-rem", "nap-without-rem"):
        assert dose(config_of(nap)).epochs == cycle.epochs
