"""A run on the page: waiting, going on, over, and whatever may have become of its files."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app import live, visit, words
from core import jobs
from core.config import RunConfig
from core.engine import queue
from core.engine.failures import fail
from core.engine.state import EngineState, publish
from core.errors import QueueError, RunError
from core.events import DreamsMade, Event, NightFailed, NightStopped, PretrainingAdvanced
from core.store import RunLog
from core.store.folder import RunFolder, find_run
from tests.app_runs import (
    OTHER,
    RUN,
    Timers,
    address_of,
    asleep,
    buttons_of,
    engine,
    figure_of,
    html_of,
    is_drawn,
    night,
    no_engine,
    open_page,
    statuses_of,
    text_of,
    tick,
    timers_of,
    trace,
    write,
)
from tests.kept_runs import RECORDED, put_recorded

KEYS = {
    *("num_cycles", "rem_start", "rem_end", "split", "preset", "run_status", "hypnogram"),
    *("scorecard", "error_chart", "recall_chart", "cycle", "filmstrip", "loss_chart"),
}


@pytest.fixture(autouse=True)
def timers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Timers:
    no_engine(tmp_path / "outputs", monkeypatch)
    monkeypatch.setenv("SLEEP_GALLERY_DIR", str(tmp_path / "gallery"))  # a page without example
    return timers_of(monkeypatch)


def half() -> RunFolder:
    """A run in the middle of its second and last cycle."""
    return write(night([60, 70], [600, 300], whole=False))


def done() -> RunFolder:
    return write(night([100, 150, 200], [500, 300, 180], pictures=True))


# --- waiting ---


def test_a_waiting_night_tells_its_turn(timers: Timers) -> None:
    queue.put(write([], RunConfig(num_cycles=3)).id, "tester")
    with engine(ready=True, waiting=((OTHER, 8.0), ("another", 21.0), (RUN, 41.0))):
        page = open_page(RUN)
    assert statuses_of(page) == ["queued"]
    assert "3rd in line, about 40 s to wait" in text_of(page)
    assert "This night: 3 cycles" in text_of(page)
    assert page.slider(key="num_cycles").value == 3
    assert buttons_of(page) == {"stop"}
    assert timers.poll[-1] is not None


def test_a_waiting_night_tells_that_the_engine_is_starting() -> None:
    queue.put(write([]).id, "tester")
    assert "the engine is starting" in text_of(open_page(RUN))
    with engine():
        assert "the engine is starting" in text_of(open_page(RUN))
    with engine(ready=True):
        assert "its turn has come" in text_of(open_page(RUN))


@pytest.mark.parametrize("begun", [False, True])
def test_an_engine_that_cannot_work_is_told_with_its_reason(begun: bool) -> None:
    folder = half() if begun else write([])
    queue.put(folder.id, "tester")
    publish(EngineState(problem="DASK_SCHEDULER_ADDRESS is 'x', and no scheduler answers there."))
    page = open_page(RUN)
    assert statuses_of(page) == ["interrupted" if begun else "queued"]
    assert begun or "waiting for the engine" in text_of(page)
    assert len(page.warning) == 1
    assert "DASK_SCHEDULER_ADDRESS is 'x'" in text_of(page)
    assert not page.error


# --- running, and Stop ---


def test_a_running_night_shows_where_it_is_and_what_it_has_measured(
    timers: Timers,
) -> None:
    with asleep(half()):
        page = open_page(RUN)
    assert statuses_of(page) == ["running"]
    assert "cycle 2 of 2, NREM, about 10 s left" in text_of(page)
    assert trace(figure_of(page, "error_chart"), "old")["y"] == [60, 70, 70]
    assert trace(figure_of(page, "recall_chart"), "new")["x"] == [0, 1, 2]
    assert trace(figure_of(page, "loss_chart"), "total")["x"] == [1, 2]
    assert "What happened." not in text_of(page)
    assert buttons_of(page) == {"play", "stop"}
    assert timers.poll == [live._POLL_S]


def test_the_stage_that_goes_on_is_lit_while_the_controls_stand_at_its_night() -> None:
    with asleep(half()):
        page = open_page(RUN)
        lit = [bar["marker"]["line"]["width"] for bar in figure_of(page, "hypnogram")["data"]]
        assert lit == [[0, 3], [0, 0]]  # NREM, then REM
        page.slider(key="rem_start").set_value(0.0).run()
    for bar in figure_of(page, "hypnogram")["data"]:
        assert set(bar["marker"]["line"]["width"]) == {0}
        assert set(bar["marker"]["opacity"]) == {1}


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([], "getting ready"),
        ([PretrainingAdvanced(59, 1_180, 2, 20, 180.0)], "learning the old memories: pass 2 of 20"),
        (night([60], [600], whole=False)[:2], "cycle 0 of 2, measuring"),
        (night([60], [600], whole=False), "cycle 1 of 2, NREM"),
    ],
    ids=["started", "pre-training", "before", "first stage"],
)
def test_a_night_that_has_only_begun_is_a_page_too(events: list[Event], told: str) -> None:
    with asleep(write(events)):
        page = open_page(RUN)
    assert statuses_of(page) == ["running"]
    assert told in text_of(page)
    assert "The scores come after the first cycle." in text_of(page)
    assert buttons_of(page) == {"stop"}
    assert page.slider(key="cycle").value == 0


def test_stop_asks_the_night_to_stop_and_says_so_until_it_has() -> None:
    folder = half()
    with asleep(folder):
        page = open_page(RUN)
        page.button(key="stop").click().run()
        assert folder.stop.exists()
        assert page.button(key="stop").label == "Stopping"
        assert buttons_of(page) == {"play"}


def test_stop_takes_a_waiting_night_out_of_the_queue() -> None:
    queue.put(half().id, "tester")
    page = open_page(RUN)
    page.button(key="stop").click().run()
    assert queue.entries() == []
    assert statuses_of(page) == ["stopped"]
    assert buttons_of(page) == {"play", "run", "resume"}


def test_a_stop_that_fails_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_run_id: str) -> None:
        raise PermissionError(13, "Permission denied", "stop")

    monkeypatch.setattr(jobs, "stop", refuse)
    with asleep(half()):
        page = open_page(RUN)
        page.button(key="stop").click().run()
    assert not page.exception
    assert "could not be stopped: Permission denied (stop)" in text_of(page)
    assert "stop" in buttons_of(page)


def test_a_log_that_grows_is_followed_to_its_end(timers: Timers) -> None:
    folder = write(night([60, 70, 80], [600, 300, 200]))
    log = folder.path / "events.jsonl"
    whole = log.read_bytes()
    log.write_bytes(whole[: whole.index(b'"CycleDone"')])
    with asleep(folder):
        page = open_page(RUN)
        assert trace(figure_of(page, "error_chart"), "old")["y"] == [60, 70, 70]
        assert page.slider(key="cycle").value == 0
        log.write_bytes(whole[: whole.rindex(b'"CycleDone"')])
        tick(page)
        assert statuses_of(page) == ["running"]
        assert trace(figure_of(page, "error_chart"), "old")["y"] == [60, 70, 70, 80, 80]
        assert page.slider(key="cycle").value == 1
        assert timers.poll == [live._FIRST_S, live._POLL_S]
        log.write_bytes(whole)
        tick(page)
    assert timers.poll == [live._FIRST_S, live._POLL_S, None]
    assert statuses_of(page) == ["done"]
    assert page.slider(key="cycle").value == 2
    assert buttons_of(page) == {"play", "run"}


def test_the_end_of_a_stage_draws_what_shows_it_and_no_controls() -> None:
    folder = write(night([60, 70, 80], [600, 300, 200]))
    log = folder.path / "events.jsonl"
    whole = log.read_bytes()
    log.write_bytes(whole[: whole.index(b'"CycleDone"')])
    with asleep(folder):
        page = open_page(RUN)
        tick(page)
        drawn = {key for key in (*KEYS, "stop") if is_drawn(page, key)}
        assert drawn == {"run_status"}  # for there is no more to see
        log.write_bytes(whole[: whole.rindex(b'"CycleDone"')])
        tick(page)
        drawn = {key for key in (*KEYS, "stop") if is_drawn(page, key)}
        assert drawn == KEYS - {"num_cycles", "rem_start", "rem_end", "split", "preset"}
        lit = [bar["marker"]["line"]["width"] for bar in figure_of(page, "hypnogram")["data"]]
        assert lit == [[0, 0], [0, 3]]  # NREM, then REM
        log.write_bytes(whole)
        tick(page)
        assert {key for key in (*KEYS, "run") if is_drawn(page, key)} == {*KEYS, "run"}


def test_a_run_that_waits_is_followed_when_its_turn_comes(timers: Timers) -> None:
    folder = write([])
    queue.put(folder.id, "tester")
    page = open_page(RUN)
    assert statuses_of(page) == ["queued"]
    with RunLog(folder.path) as log:
        for event in night([60], [600], RunConfig(), whole=False):
            log.append(event)
    with asleep(folder):
        tick(page)
        assert statuses_of(page) == ["running"]
        assert timers.poll == [live._FIRST_S] * 2
    queue.take_out(RUN)
    tick(page)
    assert statuses_of(page) == ["interrupted"]
    assert timers.poll == [live._FIRST_S, live._FIRST_S, None]


# --- done ---


def test_a_done_night_tells_what_happened_and_polls_no_more(timers: Timers) -> None:
    done()
    page = open_page(RUN)
    assert statuses_of(page) == ["done"]
    assert "cycle 2 of 2, in 12 s" in text_of(page)
    assert (
        "What happened. This night kept most of the old memories (75 %) and mostly learned the "
        "new ones (80 %). Between replays it trained on its own dreams of the old."
    ) in text_of(page).replace("*", "")
    assert buttons_of(page) == {"play", "run"}
    assert timers.poll == [None]


def test_every_part_that_others_rely_on_is_there_by_its_key() -> None:
    folder = done()
    page = open_page(RUN)
    for key in (*KEYS, "run"):
        assert page.get_by_key(key) is not None
    queue.put(folder.id, "tester")  # which a done night ignores
    with asleep(write(night([60], [600], whole=False), run_id=OTHER)):
        page = open_page(OTHER)
    for key in (*KEYS, "stop"):
        assert page.get_by_key(key) is not None


def test_the_scorecard_shows_the_three_numbers_each_explained() -> None:
    done()
    page = open_page(RUN)
    cards = html_of(page, "scorecard")
    assert [part.split("<")[0] for part in cards.split("<b>")[1:]] == ["75 %", "80 %", "25 %"]
    for definition in (words.KEPT, words.LEARNED, words.FORGOTTEN):
        assert any(element.value == definition for element in page.markdown)


def test_several_seeds_show_their_interval() -> None:
    seeds = [(100.0, 100.0, 100.0), (200.0, 220.0, 240.0)]
    write(night(seeds, [(500.0,) * 3, (300.0,) * 3], whole=False))
    page = open_page(RUN)
    card = html_of(page, "scorecard").split("</div>")[0]
    assert "<b>70 %</b>" in card
    assert "95 % interval" in card
    assert "± 12 %</i>" in card
    assert len(figure_of(page, "error_chart")["data"]) == 2 * (1 + 1 + 3)


def test_the_numbers_are_tables_once_they_are_asked_for() -> None:
    done()
    page = open_page(RUN)
    assert not page.dataframe
    page.session_state["numbers"] = True
    page.run()
    measured, trained, dreamt = (table.value for table in page.dataframe)
    assert measured["error"].tolist() == [100, 150, 150, 200, 200, 500, 300, 300, 180, 180]
    assert len(trained) == 4
    assert dreamt["cycle"].tolist() == [1, 2]


def test_the_numbers_of_a_night_that_has_not_begun_are_empty_tables() -> None:
    write([])
    page = open_page(RUN)
    page.session_state["numbers"] = True
    page.run()
    assert not page.exception
    assert all(table.value.empty for table in page.dataframe)


def test_recall_is_shown_as_accuracy_or_error() -> None:
    done()
    page = open_page(RUN)
    assert figure_of(page, "recall_chart")["layout"]["yaxis"]["title"]["text"] == "recall accuracy"
    page.button_group(key="recall_measure").set_value("recall_error").run()
    assert trace(figure_of(page, "recall_chart"), "old")["y"] == [110, 160, 160, 210, 210]


def test_every_measure_is_explained_and_every_preset_has_its_source() -> None:
    done()
    text = text_of(open_page(RUN))
    for method in words.METHODS:
        assert method.replace("\\", "") in text
    assert "Newborn" in text
    assert "Roffwarg" in text


# --- pictures ---


def test_the_filmstrip_shows_originals_parts_and_what_is_made_of_them() -> None:
    done()
    film = html_of(open_page(RUN), "filmstrip")
    assert film.count("<img ") == 3 + 3 + 1
    assert film.count('src="data:image/png;base64,') == 7
    assert 'alt="Old memories (MNIST): recalled"' in film
    assert 'alt="Dreams of cycle 2: dreams"' in film


def test_no_more_dreams_are_shown_than_two_rows_hold() -> None:
    events = night([100, 150], [500, 300], whole=False, pictures=True)
    many = np.zeros((1, 25, 28, 28), np.uint8)
    write([replace(e, images=many) if isinstance(e, DreamsMade) else e for e in events])
    pictures = html_of(open_page(RUN), "filmstrip").split("Dreams of cycle 1</h4>")[1]
    assert pictures.count("<img ") == 2
    assert 'alt="Dreams of cycle 1: dreams, from number 11 on"' in pictures


def test_a_log_from_before_there_were_pictures_is_shown_without() -> None:
    put_recorded()
    page = open_page(RECORDED[-1].name)
    assert statuses_of(page) == ["done"]
    assert words.NO_PICTURES in text_of(page)
    assert figure_of(page, "error_chart")["data"][0]["y"]


def test_a_picture_that_is_gone_is_told_and_the_rest_is_shown() -> None:
    folder = done()
    for array in (folder.path / "arrays").iterdir():
        array.unlink()
    page = open_page(RUN)
    assert statuses_of(page) == ["done"]
    assert "he pictures cannot be shown" in text_of(page)
    assert len(page.warning) == 1
    assert "<b>75 %</b>" in html_of(page, "scorecard")


# --- over, and Resume ---


def test_a_stopped_night_stays_stopped_until_it_is_resumed(timers: Timers) -> None:
    folder = write([*night([60, 70], [600, 300], whole=False), NightStopped()])
    folder.stop.touch()
    page = open_page(RUN)
    assert statuses_of(page) == ["stopped"]
    assert "cycle 2 of 2" in text_of(page)
    assert "What happened." not in text_of(page)  # for the night is not over
    assert not page.error
    assert page.button(key="resume").label == "Resume"
    assert buttons_of(page) == {"play", "run", "resume"}
    assert timers.poll == [None]

    page.button(key="resume").click().run()
    assert not folder.stop.exists()
    assert [(entry.run, entry.person) for entry in queue.entries()] == [
        (RUN, page.session_state["person"])
    ]
    assert statuses_of(page) == ["queued"]
    assert "after cycle 1 of 2" in text_of(page)
    assert buttons_of(page) == {"play", "stop"}
    assert timers.poll[-1] is not None


def test_a_resume_that_fails_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_run_id: str, *, person: str) -> None:
        raise QueueError(f"{person} has too many runs.")

    monkeypatch.setattr(jobs, "resume", refuse)
    half()
    page = open_page(RUN)
    page.button(key="resume").click().run()
    assert not page.exception
    assert "could not be resumed: visitor-" in text_of(page)
    assert buttons_of(page) == {"play", "run", "resume"}


def test_a_failed_night_tells_its_reason(timers: Timers) -> None:
    write([*night([60, 70], [600, 300], whole=False), NightFailed("the disk is full.")])
    page = open_page(RUN)
    assert statuses_of(page) == ["failed"]
    assert "The disk is full." in text_of(page)
    assert "cycle 2 of 2" in text_of(page)
    assert len(page.error) == 1
    assert buttons_of(page) == {"play", "run", "resume"}
    assert timers.poll == [None]


def test_a_failure_that_the_runs_own_log_could_not_take_is_told_too() -> None:
    folder = half()
    log = folder.path / "events.jsonl"
    log.rename(folder.path / "kept")
    log.mkdir()
    fail(folder, "the disk is full.")
    log.rmdir()
    (folder.path / "kept").rename(log)
    page = open_page(RUN)
    assert statuses_of(page) == ["failed"]
    assert "The disk is full." in text_of(page)
    assert "cycle 2 of 2" in text_of(page)


def test_a_damaged_log_is_told_in_one_sentence() -> None:
    folder = half()
    with (folder.path / "events.jsonl").open("a") as log:
        log.write("{}\n")
    page = open_page(RUN)
    assert statuses_of(page) == ["failed"]
    assert len(page.error) == 1
    assert "events.jsonl, line" in text_of(page)
    assert {"run", "resume"} <= buttons_of(page)


def test_a_damaged_record_hides_no_night_and_cannot_be_resumed() -> None:
    config = RunConfig(num_cycles=2, total_eps=4, end_fraction_rem=0.25)
    folder = write(night([60, 70], [600, 300], config, whole=False))
    folder.record_file.write_text(json.dumps({"schema": 1}))
    page = open_page(RUN)
    assert "This night: 2 cycles · REM 50 % to 25 %" in text_of(page)  # as its log tells
    page.button(key="resume").click().run()
    assert not page.exception
    assert "could not be resumed" in text_of(page)
    assert "config.json is damaged" in text_of(page)


def test_a_run_of_which_nothing_can_be_read_is_a_page_too() -> None:
    folder = write([])
    folder.record_file.unlink()
    (folder.path / "events.jsonl").write_text("nonsense\n")
    page = open_page(RUN)
    assert statuses_of(page) == ["failed"]
    assert "run" in buttons_of(page)


def test_a_night_that_broke_off_goes_on_by_itself_or_is_resumed(
    timers: Timers,
) -> None:
    folder = half()
    page = open_page(RUN)
    assert statuses_of(page) == ["interrupted"]
    assert "broke off after cycle 1 of 2; it can be resumed" in text_of(page)
    assert buttons_of(page) == {"play", "run", "resume"}
    queue.put(folder.id, "tester")
    page.run()
    assert statuses_of(page) == ["interrupted"]
    assert "broke off after cycle 1 of 2; it goes on from there by itself" in text_of(page)
    assert buttons_of(page) == {"play", "stop"}
    assert timers.poll == [None, live._POLL_S]


@pytest.mark.parametrize("draw", [AppTest.run, tick])
def test_a_run_that_is_deleted_meanwhile_is_no_night_any_more(
    draw: Callable[[AppTest], object],
) -> None:
    with asleep(half()):
        page = open_page(RUN)
    queue.take_out(RUN)
    jobs.delete(RUN)
    draw(page)
    assert not page.exception
    assert "There is no night at this address" in text_of(page)
    assert "run" in buttons_of(page)
    assert "run" not in address_of(page)
    page.run()
    assert "There is no night at this address" in text_of(page)  # until the next night starts


@pytest.mark.parametrize("run_id", ["..", "", ".", "a/b", f"{RUN}\n", f"../{RUN}", f"{RUN}/x"])
def test_a_name_never_leads_out_of_the_runs(run_id: str) -> None:
    half()
    assert not visit.exists(run_id)


# --- two nights ---

NO_REM = RunConfig(num_cycles=2, total_eps=4, start_fraction_rem=0, end_fraction_rem=0)
GOOD = night([100, 150, 200], [500, 300, 180], pictures=True)
BAD = night([100, 400, 600], [500, 200, 100], NO_REM, pictures=True)
BAD_HALF = night([100, 400], [500, 200], NO_REM, whole=False)
GOOD_HALF = night([100, 150], [500, 300], whole=False)

STOPPED, FAILED = NightStopped(), NightFailed("the disk is full.")


@contextmanager
def left(folder: RunFolder) -> Iterator[None]:
    """The run as it is, with nobody who wants it."""
    yield


@contextmanager
def waiting(folder: RunFolder) -> Iterator[None]:
    queue.put(folder.id, "tester")
    yield


How = Callable[[RunFolder], AbstractContextManager[None]]


@contextmanager
def pair(mine: list[Event], mine_is: How, other: list[Event], other_is: How) -> Iterator[AppTest]:
    """The page of a night and of the same without REM."""
    config = RunConfig(num_cycles=2, total_eps=4)
    folders = write(mine, config), write(other, NO_REM, run_id=OTHER)
    with mine_is(folders[0]), other_is(folders[1]):
        yield open_page(RUN, **{"with": OTHER})


def test_two_done_nights_are_compared_in_charts_scores_pictures_and_words() -> None:
    with pair(GOOD, left, BAD, left) as page:
        assert statuses_of(page) == ["done"]
        for key in ("error_chart", "recall_chart"):
            names = [each["name"] for each in figure_of(page, key)["data"]]
            assert names == ["old", "new", "old, no REM", "new, no REM"]
        assert "total__no_REM" in [each["uid"] for each in figure_of(page, "loss_chart")["data"]]
        cards = html_of(page, "scorecard")
        for mine, other in (("75 %", "0 %"), ("80 %", "100 %"), ("25 %", "100 %")):
            assert f"<b>{mine}</b><div>no REM: {other}</div>" in cards
        assert html_of(page, "filmstrip").count("<figcaption>no REM</figcaption>") == 2
        assert (
            "Without REM the network kept 0 % of the old, learned 100 % of the new: this night "
            "saved old memories at a price in new ones."
        ) in text_of(page)
        assert buttons_of(page) == {"play", "run"}


@pytest.mark.parametrize(
    ("mine", "mine_is", "other", "other_is", "status", "told"),
    [
        (GOOD, left, BAD_HALF, asleep, "running", "cycle 2 of 2, NREM (no REM), about 10 s left"),
        (GOOD, left, [], waiting, "queued", "the engine is starting (no REM)"),
        (GOOD_HALF, asleep, BAD, left, "running", "cycle 2 of 2, NREM, about 10 s left"),
        (GOOD_HALF, asleep, [], waiting, "running", "cycle 2 of 2, NREM, about 10 s left"),
        (GOOD_HALF, asleep, BAD_HALF, asleep, "running", "cycle 2 of 2, NREM, about 10 s left"),
        ([], waiting, [], waiting, "queued", "the engine is starting"),
        (GOOD_HALF, left, BAD_HALF, asleep, "running", "cycle 2 of 2, NREM (no REM)"),
        ([*GOOD_HALF, FAILED], left, BAD_HALF, asleep, "running", "The disk is full."),
        (GOOD_HALF, asleep, [*BAD_HALF, FAILED], left, "running", "The disk is full."),
    ],
)
def test_while_either_night_goes_on_that_is_told_and_can_be_stopped(
    timers: Timers,
    mine: list[Event],
    mine_is: How,
    other: list[Event],
    other_is: How,
    status: str,
    told: str,
) -> None:
    with pair(mine, mine_is, other, other_is) as page:
        assert statuses_of(page) == [status]
        assert told in text_of(page)
        assert "What happened." not in text_of(page)
        assert "stop" in buttons_of(page)
        assert not {"run", "resume"} & buttons_of(page)
        assert timers.poll == [live._POLL_S if mine else live._FIRST_S]


@pytest.mark.parametrize(
    ("mine", "other", "status", "errors", "resumed"),
    [
        (GOOD, [*BAD_HALF, FAILED], "done", 1, [OTHER]),
        (GOOD, [*BAD_HALF, STOPPED], "done", 0, [OTHER]),
        (GOOD, [], "done", 0, [OTHER]),
        ([*GOOD_HALF, STOPPED], BAD, "stopped", 0, [RUN]),
        ([*GOOD_HALF, STOPPED], [*BAD_HALF, STOPPED], "stopped", 0, [RUN, OTHER]),
        ([*GOOD_HALF, FAILED], [*BAD_HALF, STOPPED], "failed", 1, [RUN, OTHER]),
        (GOOD_HALF, BAD_HALF, "interrupted", 0, [RUN, OTHER]),
    ],
)
def test_when_both_are_over_what_is_left_of_either_can_be_resumed(
    timers: Timers,
    mine: list[Event],
    other: list[Event],
    status: str,
    errors: int,
    resumed: list[str],
) -> None:
    with pair(mine, left, other, left) as page:
        assert statuses_of(page) == [status]
        assert len(page.error) == errors
        assert {"run", "resume"} <= buttons_of(page)
        assert page.button(key="resume").label == ("Resume both" if resumed[1:] else "Resume")
        assert "What happened." not in text_of(page)
        assert timers.poll == [None]
        page.button(key="resume").click().run()
        assert not page.exception
        assert [entry.run for entry in queue.entries()] == resumed
        assert {entry.person for entry in queue.entries()} == {page.session_state["person"]}
        assert "stop" in buttons_of(page)


def test_stop_stops_both() -> None:
    with pair(GOOD_HALF, asleep, BAD_HALF, asleep) as page:
        page.button(key="stop").click().run()
        assert find_run(RUN).stop.exists()
        assert find_run(OTHER).stop.exists()
        assert page.button(key="stop").label == "Stopping"


def test_stop_takes_both_out_of_the_queue() -> None:
    with pair([], waiting, [], waiting) as page:
        page.button(key="stop").click().run()
        assert queue.entries() == []
        assert statuses_of(page) == ["stopped"]


@pytest.mark.parametrize(("mine", "mine_is"), [(GOOD, left), (GOOD_HALF, asleep)])
def test_stop_is_said_to_go_on_though_one_of_them_is_over(mine: list[Event], mine_is: How) -> None:
    other: tuple[list[Event], How] = (BAD_HALF, asleep) if mine_is is left else (BAD, left)
    with pair(mine, mine_is, *other) as page:
        page.button(key="stop").click().run()
        assert page.button(key="stop").label == "Stopping"
        assert page.button(key="stop").disabled


def test_one_that_cannot_be_stopped_or_resumed_does_not_keep_the_other_from_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stop, resume = jobs.stop, jobs.resume

    def refuse(run_id: str, **how: str) -> None:
        if run_id == RUN:
            raise RunError("it cannot be.")
        (resume if how else stop)(run_id, **how)

    monkeypatch.setattr(jobs, "stop", refuse)
    monkeypatch.setattr(jobs, "resume", refuse)
    with pair(GOOD_HALF, asleep, BAD_HALF, waiting) as page:
        page.button(key="stop").click().run()
        assert [entry.run for entry in queue.entries()] == [RUN]
        assert "it cannot be." in text_of(page)
    queue.take_out(RUN)
    page.run()
    page.button(key="resume").click().run()
    assert [entry.run for entry in queue.entries()] == [OTHER]


def test_the_night_beside_may_be_deleted_meanwhile() -> None:
    with pair(GOOD, left, BAD, left) as page:
        jobs.delete(OTHER)
        page.run()
        assert not page.exception
        assert statuses_of(page) == ["done"]
        assert len(figure_of(page, "error_chart")["data"]) == 2
        assert address_of(page) == {"run": RUN}


def test_a_longer_night_beside_is_scored_at_its_own_end() -> None:
    write(GOOD)
    published = RunConfig(num_cycles=4, total_eps=8)
    write(night([100, 300, 400, 500, 180], [500] * 4 + [100], published), run_id=OTHER)
    page = open_page(RUN, **{"with": OTHER})
    # As in the sentence below the scores.
    assert "In the other night the network kept 80 % of the old" in text_of(page)
    assert "<div>other: 80 %</div>" in html_of(page, "scorecard")


def test_a_night_beside_itself_is_one_night() -> None:
    done()
    page = open_page(RUN, **{"with": RUN})
    assert len(figure_of(page, "error_chart")["data"]) == 2
    assert address_of(page) == {"run": RUN}
