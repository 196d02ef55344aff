"""Two nights on one page: compared, followed, stopped and resumed together."""

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
from tests.helpers.page_runs import (
    OTHER,
    OWNER,
    RUN,
    Timers,
    address_of,
    asleep,
    buttons_of,
    done,
    figure_of,
    html_of,
    night,
    no_example,
    open_page,
    statuses_of,
    text_of,
    timers_of,
    write,
)


@pytest.fixture(autouse=True)
def timers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Timers:
    no_example(tmp_path, monkeypatch)
    return timers_of(monkeypatch)


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
    entries.add(folder.id, "tester")
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
    # The lease is the page's own, which keeps an engine.
    with register_user().lock, pair(mine, mine_is, other, other_is) as page:
        assert statuses_of(page) == [status]
        assert told in text_of(page)
        assert "What happened." not in text_of(page)
        assert "stop" in buttons_of(page)
        assert not {"run", "resume"} & buttons_of(page)
        assert timers.poll == [live_results._POLL_S if mine else live_results._FIRST_S]


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
        assert [entry.run for entry in entries.read_all()] == resumed
        assert {entry.person for entry in entries.read_all()} == {OWNER}
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
        assert entries.read_all() == []
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
        (resume if "address" in how else stop)(run_id, **how)

    monkeypatch.setattr(jobs, "stop", refuse)
    monkeypatch.setattr(jobs, "resume", refuse)
    with pair(GOOD_HALF, asleep, BAD_HALF, waiting) as page:
        page.button(key="stop").click().run()
        assert [entry.run for entry in entries.read_all()] == [RUN]
        assert "it cannot be." in text_of(page)
    entries.remove(RUN)
    page.run()
    page.button(key="resume").click().run()
    assert [entry.run for entry in entries.read_all()] == [OTHER]


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
