"""The page as Streamlit renders it, without a browser."""

import tomllib
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import controls, launch
from core import settings
from core.config import RunConfig
from core.data.splits import SPLITS
from tests.app_runs import RUN, night, write


@pytest.fixture(autouse=True)
def own_outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path / "outputs"))


def _open(run_id: str | None = None) -> AppTest:
    page = AppTest.from_file(str(settings.PROJECT / "app" / "main.py"), default_timeout=60)
    if run_id is not None:
        page.query_params["run"] = run_id
    page.run()
    assert not page.exception
    return page


def _text(page: AppTest) -> str:
    shown = [*page.markdown, *page.caption, *page.error, *page.warning]
    return "\n".join(element.value for element in shown)


def test_the_controls_stand_at_the_defaults() -> None:
    page = _open()
    assert page.slider(key="num_cycles").value == 10
    assert page.slider(key="num_cycles").min == 1
    assert page.slider(key="num_cycles").max == 30
    for key in ("rem_start", "rem_end"):
        assert page.slider(key=key).value == 50
        assert (page.slider(key=key).min, page.slider(key=key).max) == (0, 100)
    split = page.radio(key="split")
    assert split.value == RunConfig().split
    assert split.options == [entry.label for entry in SPLITS.values()]
    assert not page.button(key="run").disabled
    assert "stop" not in [button.key for button in page.button]


def test_an_empty_page_says_what_one_sees_and_what_to_try() -> None:
    text = _text(_open())
    assert "old memories" in text
    assert "set REM to 0 %" in text
    assert "once a night runs" in text


def test_the_schedule_follows_the_sliders() -> None:
    page = _open()
    assert "REM asked 50 %, runs 50 %; 5,000 gradient steps" in _text(page)
    page.slider(key="rem_start").set_value(0)
    page.slider(key="rem_end").set_value(33).run()
    assert "REM asked 16.5 %, runs 17 %; 5,000 gradient steps" in _text(page)
    page.slider(key="num_cycles").set_value(1).run()
    assert "REM asked 0 %, runs 0 %" in _text(page)


def test_a_done_night_shows_its_errors_and_a_sentence() -> None:
    write(night([60, 70, 80], [600, 300, 200]))
    page = _open(RUN)
    text = _text(page)
    assert "done" in text
    assert "cycle 2 of 2, in 12 s" in text
    assert "their error rose from 60 to 80" in text
    assert page.dataframe[0].value["new"].tolist() == [600, 300, 200]
    assert not page.button(key="run").disabled


def test_the_sliders_begin_with_the_nights_own_schedule() -> None:
    config = RunConfig(num_cycles=3, start_fraction_rem=0.2, end_fraction_rem=0.8, split="digits")
    write(night([60, 70, 80, 90], [600, 300, 200, 100], config))
    page = _open(RUN)
    values = {key: page.slider(key=key).value for key in ("num_cycles", "rem_start", "rem_end")}
    assert values == {"num_cycles": 3, "rem_start": 20, "rem_end": 80}
    assert page.radio(key="split").value == "digits"
    assert "sliders have moved" not in _text(page)
    page.slider(key="num_cycles").set_value(4).run()
    assert "sliders have moved" in _text(page)


def test_a_process_that_died_is_told_in_its_last_sentence() -> None:
    folder = write(night([60, 70], [600, 300], whole=False))
    said = (
        "Traceback (most recent call last):\n  File x\nOSError: the disk is full\n\rnight: 40%|##"
    )
    (folder / "output.txt").write_text(said)
    page = _open(RUN)
    assert "failed" in _text(page)
    assert [error.value.replace("\\", "") for error in page.error] == ["OSError: the disk is full"]
    assert "cycle 2 of 2" in _text(page)
    assert "After cycle 1 of 2" in _text(page)
    assert not page.button(key="run").disabled


def test_a_run_without_any_word_has_failed_too() -> None:
    (settings.outputs_dir() / "runs" / RUN).mkdir(parents=True)
    page = _open(RUN)
    assert "failed" in _text(page)
    assert "gave no reason" in page.error[0].value


def test_a_damaged_log_is_told_in_one_sentence() -> None:
    folder = write(night([60, 70], [600, 300], whole=False))
    with (folder / "events.jsonl").open("a") as log:
        log.write("{}\n")
    page = _open(RUN)
    assert "failed" in _text(page)
    assert len(page.error) == 1
    assert "not an event of a run" in page.error[0].value.replace("\\", "")


def test_a_stopped_night_stays_stopped() -> None:
    folder = write(night([60, 70], [600, 300], whole=False))
    (folder / "stopped").touch()
    text = _text(_open(RUN))
    assert "stopped" in text
    assert "failed" not in text


@pytest.mark.parametrize(
    "run_id", ["", "nonsense", "../../etc", "20260102-030405-0a1b2c/..", "20260102-030405-0a1b2c"]
)
def test_an_address_without_a_run_falls_back_to_the_empty_page(run_id: str) -> None:
    page = _open(run_id)
    assert "no night at this address" in _text(page)
    assert not page.button(key="run").disabled


@pytest.mark.parametrize("value", [0, 31, 1_000, -5])
def test_a_value_that_no_browser_sends_is_refused_in_one_sentence(
    value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controls.st, "slider", lambda *_, **__: value)
    page = _open()
    assert page.button(key="run").disabled
    assert len(page.error) == 1
    assert f"is {value}" in page.error[0].value


def test_run_starts_a_night_and_stop_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []

    def start(config: RunConfig) -> str:
        started.append(config)
        write(night([60, 70], [600, 300], whole=False))
        return RUN

    alive = {RUN: True}
    monkeypatch.setattr(launch, "start", start)
    monkeypatch.setattr(launch, "stop", lambda run_id: alive.update({run_id: False}))
    monkeypatch.setattr(launch, "alive", alive.get)
    page = _open()
    page.slider(key="rem_start").set_value(20)
    page.button(key="run").click().run()
    assert started == [RunConfig(start_fraction_rem=0.2)]
    assert page.query_params["run"] == RUN
    assert "running" in _text(page)
    assert "cycle 2 of 2, NREM" in _text(page)
    assert "run" not in [button.key for button in page.button]
    page.button(key="stop").click().run()
    assert "stop" not in [button.key for button in page.button]
    assert not page.button(key="run").disabled


def test_a_night_that_cannot_start_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "outputs").write_text("a file where the folder should be")
    page = _open()
    page.button(key="run").click().run()
    assert not page.exception
    assert len(page.error) == 1
    assert "could not be started" in page.error[0].value


def test_the_page_asks_nobody_outside_and_leaves_the_theme_to_the_visitor() -> None:
    settings_file = settings.PROJECT / ".streamlit" / "config.toml"
    values = tomllib.loads(settings_file.read_text("utf-8"))
    assert values["browser"]["gatherUsageStats"] is False
    assert values["server"]["fileWatcherType"] == "none"
    assert set(values["theme"]) == {"light", "dark"}
