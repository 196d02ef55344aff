"""The page as Streamlit renders it, without a browser."""

import tomllib
from pathlib import Path

import pytest

from app import controls
from core import jobs, settings
from core.config import RunConfig
from core.data.splits import SPLITS
from tests.app_runs import RUN, buttons_of, night, open_page, text_of, write


@pytest.fixture(autouse=True)
def no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path / "outputs"))
    monkeypatch.setattr(jobs, "keep_engine", lambda: None)


def test_the_controls_stand_at_the_defaults() -> None:
    page = open_page()
    assert page.slider(key="num_cycles").value == 10
    assert page.slider(key="num_cycles").min == 1
    assert page.slider(key="num_cycles").max == 30
    for key in ("rem_start", "rem_end"):
        assert page.slider(key=key).value == 50
        assert (page.slider(key=key).min, page.slider(key=key).max) == (0, 100)
    split = page.radio(key="split")
    assert split.value == RunConfig().split
    assert split.options == [entry.label for entry in SPLITS.values()]
    assert buttons_of(page) == {"run"}


def test_an_empty_page_says_what_one_sees_and_what_to_try() -> None:
    text = text_of(open_page())
    assert "old memories" in text
    assert "set REM to 0 %" in text
    assert "once a night runs" in text


def test_the_schedule_follows_the_sliders() -> None:
    page = open_page()
    assert "REM asked 50 %, runs 50 %; 5,000 gradient steps" in text_of(page)
    page.slider(key="rem_start").set_value(0)
    page.slider(key="rem_end").set_value(33).run()
    assert "REM asked 16.5 %, runs 17 %; 5,000 gradient steps" in text_of(page)
    page.slider(key="num_cycles").set_value(1).run()
    assert "REM asked 0 %, runs 0 %" in text_of(page)


def test_a_done_night_shows_its_errors_and_a_sentence() -> None:
    write(night([60, 70, 80], [600, 300, 200]))
    page = open_page(RUN)
    text = text_of(page)
    assert "done" in text
    assert "cycle 2 of 2, in 12 s" in text
    assert "their error rose from 60 to 80" in text
    assert page.dataframe[0].value["new"].tolist() == [600, 300, 200]
    assert buttons_of(page) == {"run"}


def test_the_sliders_begin_with_the_nights_own_schedule() -> None:
    config = RunConfig(num_cycles=3, start_fraction_rem=0.2, end_fraction_rem=0.8, split="digits")
    write(night([60, 70, 80, 90], [600, 300, 200, 100], config))
    page = open_page(RUN)
    values = {key: page.slider(key=key).value for key in ("num_cycles", "rem_start", "rem_end")}
    assert values == {"num_cycles": 3, "rem_start": 20, "rem_end": 80}
    assert page.radio(key="split").value == "digits"
    assert "sliders have moved" not in text_of(page)
    page.slider(key="num_cycles").set_value(4).run()
    assert "sliders have moved" in text_of(page)


def test_a_run_of_the_command_line_has_not_moved_the_sliders() -> None:
    write(night([60, 70, 80], [600, 300, 200], RunConfig(num_cycles=2, total_eps=4, seeds=(3,))))
    page = open_page(RUN)
    assert page.slider(key="num_cycles").value == 2
    assert "sliders have moved" not in text_of(page)


@pytest.mark.parametrize(
    "run_id", ["", "nonsense", "../../etc", "20260102-030405-0a1b2c/..", "20260102-030405-0a1b2c"]
)
def test_an_address_without_a_run_falls_back_to_the_empty_page(run_id: str) -> None:
    page = open_page(run_id)
    assert "no night at this address" in text_of(page)
    assert buttons_of(page) == {"run"}


@pytest.mark.parametrize("value", [0, 31, 1_000, -5])
def test_a_value_that_no_browser_sends_is_refused_in_one_sentence(
    value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controls.st, "slider", lambda *_, **__: value)
    page = open_page()
    assert page.button(key="run").disabled
    assert len(page.error) == 1
    assert f"is {value}" in page.error[0].value


def test_the_page_asks_nobody_outside_and_leaves_the_theme_to_the_visitor() -> None:
    settings_file = settings.PROJECT / ".streamlit" / "config.toml"
    values = tomllib.loads(settings_file.read_text("utf-8"))
    assert values["browser"]["gatherUsageStats"] is False
    assert values["server"]["fileWatcherType"] == "none"
    assert set(values["theme"]) == {"light", "dark"}
