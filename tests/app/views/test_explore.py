"""The controls of the page, drawn by Streamlit without a browser."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.conditions import CONDITIONS
from app.settings import SETTINGS, values_of
from core.data.masks import MASKS
from core.data.sources import SOURCES
from core.data.splits import SPLITS
from core.schedule.config import RunConfig
from core.schedule.presets import PRESETS
from tests.helpers.page_runs import submitted_configs
from tests.helpers.pages import (
    WIDGETS,
    address_of,
    buttons_of,
    control,
    control_values,
    figure_of,
    no_example,
    open_page,
    text_of,
    trace,
)


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_example(tmp_path, monkeypatch)


def test_every_setting_has_a_control_with_its_default() -> None:
    assert set(WIDGETS) == {*SETTINGS, "preset", "compare"}
    page = open_page()
    assert control_values(page) == {**values_of(RunConfig()), "preset": "even", "compare": "no-rem"}
    assert address_of(page) == {}


def test_the_controls_offer_all_entries_of_the_registries() -> None:
    page = open_page()
    cycles = control(page, "num_cycles")
    assert (cycles.min, cycles.max) == (1, 30)
    for key in ("rem_start", "rem_end", "mask_fraction"):
        assert (control(page, key).min, control(page, key).max) == (0, 100)
    labels = {
        "preset": [*(preset.label for preset in PRESETS.values()), "Custom"],
        "split": [split.label for split in SPLITS.values()],
        "compare": [condition.label for condition in CONDITIONS.values()],
        "data": [source.label for source in SOURCES.values()],
        "mask": [mask.label for mask in MASKS.values()],
        "seeds": ["1", "3", "5"],
        "dreamer": ["frozen (before the night)", "current"],
    }
    for key, options in labels.items():
        assert list(control(page, key).options) == options


@pytest.mark.parametrize(
    ("key", "value", "changes", "address"),
    [
        (
            "preset",
            "young-adult",
            {"num_cycles": 5, "start_fraction_rem": 0.05, "end_fraction_rem": 0.4},
            {"num_cycles": "5", "rem_start": "5", "rem_end": "40"},
        ),
        (
            "preset",
            "nap-with-rem",
            PRESETS["nap-with-rem"].settings(),
            {"total_eps": "20", "num_cycles": "1", "rem_start": "25", "rem_end": "25"},
        ),
        ("num_cycles", 7, {"num_cycles": 7}, {"num_cycles": "7"}),
        ("rem_start", 12.5, {"start_fraction_rem": 0.125}, {"rem_start": "12.5"}),
        ("rem_end", 100.0, {"end_fraction_rem": 1.0}, {"rem_end": "100"}),
        ("split", "digits", {"split": "digits"}, {"split": "digits"}),
        ("total_eps", 30, {"total_eps": 30}, {"total_eps": "30"}),
        ("num", 10, {"num": 10}, {"num": "10"}),
        ("seeds", 3, {"seeds": (0, 1, 2)}, {"seeds": "3"}),
        ("dreamer", "current", {"continue_training": True}, {"dreamer": "current"}),
        ("latent_dim", 20, {"latent_dim": 20}, {"latent_dim": "20"}),
        ("lr", 0.0025, {"lr": 0.0025}, {"lr": "0.0025"}),
        ("data", "mnist", {"data": "mnist"}, {"data": "mnist"}),
        ("mask", "top", {"mask": "top"}, {"mask": "top"}),
        ("mask_fraction", 40.0, {"mask_fraction": 0.4}, {"mask_fraction": "40"}),
    ],
)
def test_each_control_changes_the_submitted_config_and_the_address(
    key: str, value: object, changes: dict[str, Any], address: dict[str, str]
) -> None:
    page = open_page()
    control(page, key).set_value(value).run()
    assert not page.exception
    assert address_of(page) == address
    again = open_page(**address)
    assert control_values(again) == control_values(page)
    assert not again.warning
    page.button(key="run").click().run()
    assert not page.exception
    assert submitted_configs()[0] == replace(RunConfig(), **changes)
    # The address names the run, which contains the settings.
    assert set(address_of(page)) == {"run", "with"}


def test_a_preset_changes_only_the_schedule() -> None:
    page = open_page(split="digits", num="10", seeds="3", lr="0.002")
    control(page, "preset").set_value("newborn").run()
    assert control(page, "num_cycles").value == 6
    page.button(key="run").click().run()
    expected = RunConfig(split="digits", num=10, seeds=(0, 1, 2), lr=0.002)
    assert submitted_configs()[0] == replace(expected, **PRESETS["newborn"].settings())


def test_a_schedule_without_a_name_is_the_preset_custom() -> None:
    page = open_page()
    control(page, "num_cycles").set_value(9).run()
    assert control(page, "preset").value == "custom"
    control(page, "num_cycles").set_value(10).run()
    assert control(page, "preset").value == "even"
    values = control_values(page)
    control(page, "preset").set_value("custom").run()  # "custom" defines no schedule
    assert control_values(page) == values


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_can_be_selected_and_shows_its_source(name: str) -> None:
    page = open_page()
    control(page, "preset").set_value(name).run()
    assert not page.exception
    assert control(page, "preset").value == name
    assert PRESETS[name].leaves_out in text_of(page)
    assert PRESETS[name].source in control(page, "preset").help.replace("\\", "")


def test_the_hidden_fraction_is_enabled_only_for_masks_that_use_it() -> None:
    page = open_page()
    assert not control(page, "mask_fraction").disabled
    for mask in MASKS.values():
        control(page, "mask").set_value(mask.name).run()
        assert control(page, "mask_fraction").disabled is not mask.takes_fraction


def test_the_hypnogram_and_its_caption_follow_the_controls() -> None:
    page = open_page()
    assert "REM: 50 % requested, 50 % scheduled; 5,000 gradient steps" in text_of(page)
    assert trace(figure_of(page, "hypnogram"), "REM")["x"] == pytest.approx([5 - 0.4] * 10)
    control(page, "rem_start").set_value(0)
    control(page, "rem_end").set_value(33).run()
    assert "REM: 16.5 % requested, 17 % scheduled; 5,000 gradient steps" in text_of(page)
    control(page, "num_cycles").set_value(1).run()
    assert "REM: 0 % requested, 0 % scheduled" in text_of(page)
    assert trace(figure_of(page, "hypnogram"), "REM")["x"] == []


def test_the_expected_duration_is_shown_before_a_run() -> None:
    page = open_page()
    assert "; about 10 s on this machine." in text_of(page)
    control(page, "seeds").set_value(5).run()
    assert "; about 60 s on this machine." in text_of(page)


# --- invalid values ---


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("total_eps", 9, "num_cycles is 10; give a whole number from 1 to 9"),
        ("rem_end", 33.3, "rem_end is 33.3; choose from 0 to 100 in steps of 0.5."),
        ("seeds", None, "eeds is None; choose one of 1, 3, 5."),
    ],
)
def test_invalid_values_are_reported_in_one_sentence_and_disable_run(
    key: str, value: object, sentence: str
) -> None:
    page = open_page()
    control(page, key).set_value(value).run()
    assert not page.exception
    assert len(page.error) == 1
    assert sentence in text_of(page)
    assert page.button(key="run").disabled
    assert page.get_by_key("hypnogram") is not None
    assert address_of(page) == {}
    control(page, key).set_value(values_of(RunConfig())[key]).run()
    assert not page.error
    assert not page.button(key="run").disabled


@pytest.mark.parametrize(("key", "value"), [("num_cycles", 31), ("num", -5), ("lr", 7.0)])
def test_no_run_beyond_the_bounds_is_submitted(key: str, value: float) -> None:
    page = open_page()
    control(page, key).set_value(value).run()
    assert not page.exception
    if "run" in buttons_of(page):
        page.button(key="run").click().run()
        assert SETTINGS[key].accepts(SETTINGS[key].from_config(submitted_configs()[0]))
