"""The page's controls as Streamlit renders them, without a browser, and its address."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.conditions import CONDITIONS
from app.settings import SETTINGS, values_of
from core.data.masks import MASKS
from core.data.sources import SOURCES
from core.data.splits import SPLITS
from core.schedule.config import RunConfig
from core.schedule.presets import PRESETS
from core.support import environment
from tests.helpers.page_runs import (
    OTHER,
    RUN,
    address_of,
    buttons_of,
    figure_of,
    night,
    no_example,
    open_page,
    text_of,
    trace,
    wanted,
    write,
)

KINDS = {
    "preset": "selectbox",
    "num_cycles": "slider",
    "rem_start": "slider",
    "rem_end": "slider",
    "split": "radio",
    "compare": "selectbox",
    "total_eps": "number_input",
    "num": "number_input",
    "seeds": "button_group",
    "dreamer": "button_group",
    "latent_dim": "button_group",
    "lr": "number_input",
    "data": "radio",
    "mask": "selectbox",
    "mask_fraction": "slider",
}


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_example(tmp_path, monkeypatch)


def control(page: AppTest, key: str) -> Any:
    return getattr(page, KINDS[key])(key=key)


def standing(page: AppTest) -> dict[str, Any]:
    """Where the page's controls stand."""
    return {key: control(page, key).value for key in KINDS}


# --- each control ---


def test_every_setting_of_the_page_has_a_control() -> None:
    assert set(KINDS) == {*SETTINGS, "preset", "compare"}
    page = open_page()
    assert standing(page) == {**values_of(RunConfig()), "preset": "even", "compare": "no-rem"}
    assert address_of(page) == {}


def test_the_controls_offer_what_there_is() -> None:
    page = open_page()
    cycles = control(page, "num_cycles")
    assert (cycles.min, cycles.max) == (1, 30)
    for key in ("rem_start", "rem_end", "mask_fraction"):
        assert (control(page, key).min, control(page, key).max) == (0, 100)
    labels = {
        "preset": [*(preset.label for preset in PRESETS.values()), "Your own"],
        "split": [split.label for split in SPLITS.values()],
        "compare": [comparison.label for comparison in CONDITIONS.values()],
        "data": [source.label for source in SOURCES.values()],
        "mask": [mask.label for mask in MASKS.values()],
        "seeds": ["1", "3", "5"],
        "dreamer": ["as before the night", "as it is now"],
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
def test_each_control_changes_the_night_and_the_address(
    key: str, value: object, changes: dict[str, Any], address: dict[str, str]
) -> None:
    page = open_page()
    control(page, key).set_value(value).run()
    assert not page.exception
    assert address_of(page) == address
    again = open_page(**address)  # as from a link
    assert standing(again) == standing(page)
    assert not again.warning
    page.button(key="run").click().run()
    assert not page.exception
    assert wanted()[0] == replace(RunConfig(), **changes)
    # The address names the run, whose settings need not be said again.
    assert set(address_of(page)) == {"run", "with"}


def test_a_preset_leaves_alone_what_is_no_schedule() -> None:
    page = open_page(split="digits", num="10", seeds="3", lr="0.002")
    control(page, "preset").set_value("newborn").run()
    assert control(page, "num_cycles").value == 6
    page.button(key="run").click().run()
    expected = RunConfig(split="digits", num=10, seeds=(0, 1, 2), lr=0.002)
    assert wanted()[0] == replace(expected, **PRESETS["newborn"].settings())


def test_your_own_is_every_schedule_without_a_name() -> None:
    page = open_page()
    control(page, "num_cycles").set_value(9).run()
    assert control(page, "preset").value == "custom"
    control(page, "num_cycles").set_value(10).run()
    assert control(page, "preset").value == "even"
    before = standing(page)
    control(page, "preset").set_value("custom").run()  # which says of no schedule what it is
    assert standing(page) == before


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_can_be_taken_and_is_told_with_its_source(name: str) -> None:
    page = open_page()
    control(page, "preset").set_value(name).run()
    assert not page.exception
    assert control(page, "preset").value == name
    assert PRESETS[name].leaves_out in text_of(page)
    assert PRESETS[name].source in control(page, "preset").help.replace("\\", "")


def test_the_share_hidden_can_only_be_chosen_where_it_counts() -> None:
    page = open_page()
    assert not control(page, "mask_fraction").disabled
    for mask in MASKS.values():
        control(page, "mask").set_value(mask.name).run()
        assert control(page, "mask_fraction").disabled is not mask.takes_fraction


def test_the_schedule_follows_the_controls() -> None:
    page = open_page()
    assert "REM asked 50 %, runs 50 %; 5,000 gradient steps" in text_of(page)
    assert trace(figure_of(page, "hypnogram"), "REM")["x"] == pytest.approx([5 - 0.4] * 10)
    control(page, "rem_start").set_value(0)
    control(page, "rem_end").set_value(33).run()
    assert "REM asked 16.5 %, runs 17 %; 5,000 gradient steps" in text_of(page)
    control(page, "num_cycles").set_value(1).run()
    assert "REM asked 0 %, runs 0 %" in text_of(page)
    assert trace(figure_of(page, "hypnogram"), "REM")["x"] == []


def test_how_long_a_night_takes_is_told_before_it_is_slept() -> None:
    page = open_page()
    assert "; about 10 s here." in text_of(page)
    control(page, "seeds").set_value(5).run()
    assert "; about 60 s here." in text_of(page)


# --- what no night can be ---


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("total_eps", 9, "num_cycles is 10; give a whole number from 1 to 9"),
        ("rem_end", 33.3, "rem_end is 33.3; choose from 0 to 100 in steps of 0.5."),
        ("seeds", None, "eeds is None; choose one of 1, 3, 5."),
    ],
)
def test_what_is_no_night_is_told_in_one_sentence_and_cannot_be_run(
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
def test_no_night_beyond_the_bounds_is_asked_for(key: str, value: float) -> None:
    page = open_page()
    control(page, key).set_value(value).run()
    assert not page.exception
    if "run" in buttons_of(page):
        page.button(key="run").click().run()
        assert SETTINGS[key].accepts(SETTINGS[key].shown(wanted()[0]))


# --- the address ---


def test_an_address_stands_for_all_controls_in_another_visit() -> None:
    page = open_page()
    moved = {
        "num_cycles": 5,
        "rem_start": 5.0,
        "rem_end": 40.5,
        "split": "digits",
        "compare": "published",
        "total_eps": 60,
        "num": 20,
        "seeds": 3,
        "dreamer": "current",
        "latent_dim": 10,
        "lr": 0.0015,
        "data": "mnist",
        "mask": "random",
        "mask_fraction": 12.5,
    }
    for key, value in moved.items():
        control(page, key).set_value(value)
    page.run()
    found = standing(page)
    assert found == {**moved, "preset": "custom"}
    assert set(address_of(page)) == {*moved} - {"mask"}  # which stands at the default
    assert standing(open_page(**address_of(page))) == found


def test_an_address_with_a_preset_shows_its_schedule_and_then_the_settings() -> None:
    page = open_page(preset="young-adult", seeds="3")
    assert not page.warning
    assert control(page, "preset").value == "young-adult"
    assert address_of(page) == {
        "num_cycles": "5",
        "rem_start": "5",
        "rem_end": "40",
        "seeds": "3",
    }


@pytest.mark.parametrize(
    ("address", "note"),
    [
        ({"num_cycles": "many"}, "num_cycles is 'many' in the address; choose from 1 to 30."),
        ({"lr": "nan"}, "lr is 'nan' in the address"),
        ({"lr": "1e-9"}, "lr is '1e-9' in the address"),
        ({"compare": "yesterday"}, "compare is 'yesterday'; choose one of no-rem, "),
        ({"preset": "siesta"}, "preset is 'siesta'; choose one of even, "),
        ({"colour": "red"}, "colour is not a setting of this page."),
        ({"run": "nonsense"}, "There is no night at this address"),
        ({"run": ""}, "There is no night at this address"),
        ({"run": "../../etc"}, "There is no night at this address"),
        ({"run": f"{RUN}/.."}, "There is no night at this address"),
        ({"run": RUN}, "There is no night at this address"),
    ],
)
def test_nonsense_in_the_address_falls_back_with_one_note(
    address: dict[str, str], note: str
) -> None:
    page = open_page(**address)
    assert standing(page) == {**values_of(RunConfig()), "preset": "even", "compare": "no-rem"}
    assert len(page.warning) == 1
    assert note in text_of(page)
    assert not page.error
    assert "run" in buttons_of(page)
    assert address_of(page) == {}


def test_much_nonsense_is_one_note_too_and_goes_when_a_night_starts() -> None:
    page = open_page(num_cycles="99", lr="", colour="red", compare="x", split="🌙", run="y")
    assert len(page.warning) == 1
    page.run()
    assert len(page.warning) == 1
    page.button(key="run").click().run()
    assert not page.warning
    assert wanted()[0] == RunConfig()


def test_text_from_the_address_is_never_markup() -> None:
    page = open_page(**{"num": "**5** [x](http://y) $z$ :red[w]", "<b>": "1"})
    (warning,) = page.warning
    for mark in ("**", "](", "$z$", ":red["):
        assert mark not in warning.value
    assert "<b>" not in warning.value


def test_the_other_run_of_the_address_may_be_gone() -> None:
    write(night([60, 70, 80], [600, 300, 200]))
    page = open_page(RUN, **{"with": OTHER})
    assert len(page.warning) == 1
    assert "The night beside this one is gone" in text_of(page)
    assert address_of(page) == {"run": RUN}


# --- a run's own settings ---


def test_the_controls_begin_with_the_nights_own_settings() -> None:
    config = RunConfig(
        num_cycles=3, total_eps=6, start_fraction_rem=0.2, end_fraction_rem=0.8, split="digits"
    )
    write(night([60, 70, 80, 90], [600, 300, 200, 100], config))
    page = open_page(RUN)
    assert standing(page) == {**values_of(config), "preset": "custom", "compare": "no-rem"}
    assert address_of(page) == {"run": RUN}
    assert "controls have moved" not in text_of(page)
    control(page, "num_cycles").set_value(4).run()
    assert "The controls have moved since." in text_of(page)
    assert address_of(page) == {"run": RUN, "num_cycles": "4"}
    assert standing(open_page(**address_of(page))) == standing(page)


def test_a_run_of_the_command_line_has_not_moved_the_controls_and_tells_what_they_hide() -> None:
    config = RunConfig(num_cycles=2, total_eps=4, seeds=(3,), batch_size=2)
    write(night([60, 70, 80], [600, 300, 200], config))
    text = text_of(open_page(RUN))
    assert "controls have moved" not in text
    assert "The controls do not show its seeds, batch_size." in text


# --- the page's own settings ---


def test_the_page_asks_nobody_outside_and_leaves_the_theme_to_the_visitor() -> None:
    settings_file = environment.PROJECT / ".streamlit" / "config.toml"
    values = tomllib.loads(settings_file.read_text("utf-8"))
    assert values["browser"]["gatherUsageStats"] is False
    assert values["server"]["fileWatcherType"] == "none"
    assert values["runner"]["postScriptGC"] is False
    assert set(values["theme"]) == {"light", "dark"}


def test_the_page_serves_its_scripts_itself_and_shows_no_stack_trace() -> None:
    settings_file = environment.PROJECT / ".streamlit" / "config.toml"
    values = tomllib.loads(settings_file.read_text("utf-8"))
    assert values["server"]["enableStaticServing"] is True
    assert values["client"]["showErrorDetails"] == "none"
