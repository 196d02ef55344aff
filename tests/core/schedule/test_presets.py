"""Nights with a name: what they set, that they are told apart, and where they come from."""

import re
from dataclasses import replace

import pytest

from core.schedule.config import RunConfig
from core.schedule.hypnogram import dose, hypnogram
from core.schedule.presets import PRESETS, Preset, matching

EACH = pytest.mark.parametrize("preset", PRESETS.values(), ids=list(PRESETS))


def night(name: str) -> RunConfig:
    return RunConfig(**PRESETS[name].settings())


def test_the_registry_goes_by_the_presets_own_names_in_the_order_of_the_select_box() -> None:
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


@EACH
def test_a_name_can_stand_in_an_url_as_it_is(preset: Preset) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", preset.name)


@EACH
def test_it_sets_the_schedule_and_nothing_else(preset: Preset) -> None:
    others = RunConfig(seeds=(3,), split="digits", continue_training=True)
    changed = replace(others, **preset.settings())
    schedule = ("total_eps", "num_cycles", "start_fraction_rem", "end_fraction_rem")
    assert tuple(preset.settings()) == schedule
    assert {name: getattr(changed, name) for name in schedule} == preset.settings()
    assert replace(changed, **{name: getattr(others, name) for name in schedule}) == others


@EACH
def test_a_config_with_its_schedule_is_recognised_whatever_else_it_sets(preset: Preset) -> None:
    config = RunConfig(**preset.settings(), seeds=(0, 1), split="digits", lr=0.002)
    assert matching(config) is preset


def test_the_default_night_is_the_published_even_one() -> None:
    assert matching(RunConfig()) is PRESETS["even"]


def test_a_schedule_of_ones_own_is_no_preset() -> None:
    assert matching(RunConfig(num_cycles=7)) is None


def test_no_two_presets_set_the_same() -> None:
    settings = [preset.settings() for preset in PRESETS.values()]
    assert all(settings.count(one) == 1 for one in settings)


def test_no_two_presets_look_the_same_in_a_select_box() -> None:
    labels = {preset.label for preset in PRESETS.values()}
    assert len(labels) == len(PRESETS)
    assert all(len(label) <= 24 for label in labels)


@EACH
def test_its_source_is_cited_by_doi_or_said_to_be_ours(preset: Preset) -> None:
    cited = re.search(r"\b(19|20)\d\d, doi 10\.\d{4,}/\S+", preset.source)
    assert bool(cited) != preset.source.startswith("ours: ")
    assert "\n" not in preset.source


@EACH
def test_what_the_model_leaves_out_of_it_is_one_sentence(preset: Preset) -> None:
    assert re.fullmatch(r"[A-Z][^.]{20,}\.", preset.leaves_out)


def test_the_short_night_is_the_first_part_of_the_young_adults() -> None:
    short, whole = hypnogram(night("short-night")), hypnogram(night("young-adult"))
    assert [cycle.stages for cycle in short] == [cycle.stages for cycle in whole[: len(short)]]


def test_the_reversed_night_has_the_young_adults_shares_the_other_way_round() -> None:
    usual, backwards = night("young-adult"), night("reversed")
    assert (dose(usual).nrem_epochs, dose(usual).rem_epochs) == (
        dose(backwards).nrem_epochs,
        dose(backwards).rem_epochs,
    )
    shares = [cycle.rem_fraction for cycle in hypnogram(backwards)]
    assert shares[::-1] == pytest.approx([cycle.rem_fraction for cycle in hypnogram(usual)])


def test_a_nap_has_as_many_epochs_as_a_cycle_of_the_young_adults_night() -> None:
    cycle = hypnogram(night("young-adult"))[0]
    for nap in ("nap-with-rem", "nap-without-rem"):
        assert dose(night(nap)).epochs == cycle.epochs
