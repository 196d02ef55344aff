"""Two runs on one page: compared, followed, stopped and resumed together."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import live_results
from core import jobs
from core.queue import entries
from core.queue.engine_users import register_user
from core.runs.events import Event, NightFailed, NightStopped
from core.runs.folder import RunFolder, find_run
from core.schedule.config import RunConfig
from core.support.errors import RunError
from tests.helpers.page_runs import OTHER, OWNER, RUN, night, running, write, write_done_run
from tests.helpers.pages import (
    Timers,
    address_of,
    buttons_of,
    figure_of,
    html_of,
    names_of,
    no_example,
    open_page,
    record_timers,
    statuses_of,
    text_of,
)


@pytest.fixture(autouse=True)
def timers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Timers:
    no_example(tmp_path, monkeypatch)
    return record_timers(monkeypatch)


NO_REM = RunConfig(num_cycles=2, total_eps=4, start_fraction_rem=0, end_fraction_rem=0)
GOOD = night([100, 150, 200], [500, 300, 180], pictures=True)
BAD = night([100, 400, 600], [500, 200, 100], NO_REM, pictures=True)
BAD_HALF = night([100, 400], [500, 200], NO_REM, whole=False)
GOOD_HALF = night([100, 150], [500, 300], whole=False)

STOPPED, FAILED = NightStopped(), NightFailed("the disk is full.")


@contextmanager
def idle(folder: RunFolder) -> Iterator[None]:
    """Leave the run as it is, neither queued nor running."""
    yield


@contextmanager
def queued(folder: RunFolder) -> Iterator[None]:
    """Put the run into the queue."""
    entries.add(folder.id, "tester")
    yield


SetUp = Callable[[RunFolder], AbstractContextManager[None]]


@contextmanager
def _pair(
    main: list[Event], main_is: SetUp, compared: list[Event], compared_is: SetUp
) -> Iterator[AppTest]:
    """Open the page of a run with events ``main`` and the same without REM, with ``compared``."""
    config = RunConfig(num_cycles=2, total_eps=4)
    folders = write(main, config), write(compared, NO_REM, run_id=OTHER)
    with main_is(folders[0]), compared_is(folders[1]):
        yield open_page(RUN, **{"with": OTHER})


def test_two_done_runs_are_compared_in_charts_scores_images_and_text() -> None:
    with _pair(GOOD, idle, BAD, idle) as page:
        assert statuses_of(page) == ["done"]
        for key in ("error_chart", "recall_chart"):
            assert names_of(figure_of(page, key)) == ["old", "new", "old, no REM", "new, no REM"]
        assert "total__no_REM" in [line["uid"] for line in figure_of(page, "loss_chart")["data"]]
        cards = html_of(page, "scorecard")
        for main, compared in (("75 %", "0 %"), ("80 %", "100 %"), ("25 %", "100 %")):
            assert f"<b>{main}</b><div>no REM: {compared}</div>" in cards
        assert html_of(page, "filmstrip").count("<figcaption>no REM</figcaption>") == 2
        assert (
            "Without REM the network kept 0 % of the old and learned 100 % of the new: this run "
            "kept more of the old and learned less of the new."
        ) in text_of(page)
        assert buttons_of(page) == {"play", "run"}


@pytest.mark.parametrize(
    ("main", "main_is", "compared", "compared_is", "status", "words"),
    [
        (GOOD, idle, BAD_HALF, running, "running", "cycle 2 of 2, NREM (no REM), about 10 s left"),
        (GOOD, idle, [], queued, "queued", "the engine is starting (no REM)"),
        (GOOD_HALF, running, BAD, idle, "running", "cycle 2 of 2, NREM, about 10 s left"),
        (GOOD_HALF, running, [], queued, "running", "cycle 2 of 2, NREM, about 10 s left"),
        (GOOD_HALF, running, BAD_HALF, running, "running", "cycle 2 of 2, NREM, about 10 s left"),
        ([], queued, [], queued, "queued", "the engine is starting"),
        (GOOD_HALF, idle, BAD_HALF, running, "running", "cycle 2 of 2, NREM (no REM)"),
        ([*GOOD_HALF, FAILED], idle, BAD_HALF, running, "running", "The disk is full."),
        (GOOD_HALF, running, [*BAD_HALF, FAILED], idle, "running", "The disk is full."),
    ],
)
def test_while_either_run_is_active_its_status_is_shown_and_it_can_be_stopped(
    timers: Timers,
    main: list[Event],
    main_is: SetUp,
    compared: list[Event],
    compared_is: SetUp,
    status: str,
    words: str,
) -> None:
    # The page registers as a user of the engine, so that one is started.
    with register_user().lock, _pair(main, main_is, compared, compared_is) as page:
        assert statuses_of(page) == [status]
        assert words in text_of(page)
        assert "Result." not in text_of(page)
        assert "stop" in buttons_of(page)
        assert not {"run", "resume"} & buttons_of(page)
        assert timers.status == [live_results.POLL_S if main else live_results.FIRST_CYCLE_POLL_S]


@pytest.mark.parametrize(
    ("main", "compared", "status", "errors", "resumed"),
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
def test_unfinished_runs_can_be_resumed_when_neither_is_active(
    timers: Timers,
    main: list[Event],
    compared: list[Event],
    status: str,
    errors: int,
    resumed: list[str],
) -> None:
    with _pair(main, idle, compared, idle) as page:
        assert statuses_of(page) == [status]
        assert len(page.error) == errors
        assert {"run", "resume"} <= buttons_of(page)
        assert page.button(key="resume").label == ("Resume both" if resumed[1:] else "Resume")
        assert "Result." not in text_of(page)
        assert timers.status == [None]
        page.button(key="resume").click().run()
        assert not page.exception
        assert [entry.run for entry in entries.read_all()] == resumed
        assert {entry.person for entry in entries.read_all()} == {OWNER}
        assert "stop" in buttons_of(page)


def test_stop_stops_both() -> None:
    with _pair(GOOD_HALF, running, BAD_HALF, running) as page:
        page.button(key="stop").click().run()
        assert find_run(RUN).stop.exists()
        assert find_run(OTHER).stop.exists()
        assert page.button(key="stop").label == "Stopping"


def test_stop_takes_both_out_of_the_queue() -> None:
    with _pair([], queued, [], queued) as page:
        page.button(key="stop").click().run()
        assert entries.read_all() == []
        assert statuses_of(page) == ["stopped"]


@pytest.mark.parametrize(("main", "main_is"), [(GOOD, idle), (GOOD_HALF, running)])
def test_stopping_is_shown_although_one_run_is_done(main: list[Event], main_is: SetUp) -> None:
    compared: tuple[list[Event], SetUp] = (BAD_HALF, running) if main_is is idle else (BAD, idle)
    with _pair(main, main_is, *compared) as page:
        page.button(key="stop").click().run()
        assert page.button(key="stop").label == "Stopping"
        assert page.button(key="stop").disabled


def test_the_other_run_is_stopped_or_resumed_if_one_of_them_cannot_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stop, resume = jobs.stop, jobs.resume

    def refuse(run_id: str, **options: str) -> None:
        if run_id == RUN:
            raise RunError("it cannot be.")
        (resume if "address" in options else stop)(run_id, **options)

    monkeypatch.setattr(jobs, "stop", refuse)
    monkeypatch.setattr(jobs, "resume", refuse)
    with _pair(GOOD_HALF, running, BAD_HALF, queued) as page:
        page.button(key="stop").click().run()
        assert [entry.run for entry in entries.read_all()] == [RUN]
        assert "it cannot be." in text_of(page)
    entries.remove(RUN)
    page.run()
    page.button(key="resume").click().run()
    assert [entry.run for entry in entries.read_all()] == [OTHER]


def test_a_deleted_compared_run_disappears_from_the_page() -> None:
    with _pair(GOOD, idle, BAD, idle) as page:
        jobs.delete(OTHER)
        page.run()
        assert not page.exception
        assert statuses_of(page) == ["done"]
        assert len(figure_of(page, "error_chart")["data"]) == 2
        assert address_of(page) == {"run": RUN}


def test_a_longer_compared_run_is_scored_at_its_own_end() -> None:
    write(GOOD)
    published = RunConfig(num_cycles=4, total_eps=8)
    write(night([100, 300, 400, 500, 180], [500] * 4 + [100], published), run_id=OTHER)
    page = open_page(RUN, **{"with": OTHER})
    # The sentence below the scores and the scores agree.
    assert "In the other run the network kept 80 % of the old" in text_of(page)
    assert "<div>other run: 80 %</div>" in html_of(page, "scorecard")


def test_a_run_compared_with_itself_is_shown_once() -> None:
    write_done_run()
    page = open_page(RUN, **{"with": RUN})
    assert len(figure_of(page, "error_chart")["data"]) == 2
    assert address_of(page) == {"run": RUN}
