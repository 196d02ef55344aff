"""The parts of the page that are drawn again while a run is active."""

from collections import Counter
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import live_results, snapshot
from app.shown_runs import ShownRuns
from app.snapshot import PageSnapshot
from core import jobs
from core.queue import entries
from core.runs.folder import RunFolder
from core.runs.log import RunLog
from core.schedule.config import RunConfig
from tests.helpers.page_runs import OTHER, RUN, night, running, write
from tests.helpers.pages import (
    PART_KEYS,
    Timers,
    buttons_of,
    figure_of,
    is_drawn,
    no_example,
    open_page,
    record_timers,
    results_tick,
    status_tick,
    statuses_of,
    text_of,
    trace,
)


@pytest.fixture(autouse=True)
def timers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Timers:
    no_example(tmp_path, monkeypatch)
    return record_timers(monkeypatch)


def growing_run() -> tuple[RunFolder, Path, list[bytes]]:
    """Write a run in its first cycle; return it, its log, and two later contents of the log.

    The later contents end in the last cycle and with the run.
    """
    folder = write(night([60, 70, 80], [600, 300, 200]))
    log = folder.path / "events.jsonl"
    whole = log.read_bytes()
    log.write_bytes(whole[: whole.index(b'"CycleDone"')])
    return folder, log, [whole[: whole.rindex(b'"CycleDone"')], whole]


def drawn(page: AppTest) -> set[str]:
    """Return the keys of parts and buttons in the last drawing of ``page``."""
    return {key for key in (*PART_KEYS, "run", "stop") if is_drawn(page, key)}


def test_a_growing_log_is_followed_to_its_end(timers: Timers) -> None:
    folder, log, (last_cycle, whole) = growing_run()
    with running(folder):
        page = open_page(RUN)
        assert trace(figure_of(page, "error_chart"), "old")["y"] == [60, 70, 70]
        assert page.slider(key="cycle").value == 0
        log.write_bytes(last_cycle)
        status_tick(page)
        assert statuses_of(page) == ["running"]
        assert trace(figure_of(page, "error_chart"), "old")["y"] == [60, 70, 70, 80, 80]
        assert page.slider(key="cycle").value == 1
        assert timers.status == [live_results.FIRST_CYCLE_POLL_S, live_results.POLL_S]
        log.write_bytes(whole)
        status_tick(page)
    assert timers.status == [live_results.FIRST_CYCLE_POLL_S, live_results.POLL_S, None]
    assert statuses_of(page) == ["done"]
    assert page.slider(key="cycle").value == 2
    assert buttons_of(page) == {"play", "run"}


def test_the_end_of_a_stage_refreshes_all_parts_but_the_controls() -> None:
    folder, log, (last_cycle, whole) = growing_run()
    with running(folder):
        page = open_page(RUN)
        status_tick(page)
        assert drawn(page) == {"run_status"}
        log.write_bytes(last_cycle)
        status_tick(page)
        assert drawn(page) == PART_KEYS - {"num_cycles", "rem_start", "rem_end", "split", "preset"}
        widths = [lane["marker"]["line"]["width"] for lane in figure_of(page, "hypnogram")["data"]]
        assert widths == [[0, 0], [0, 3]]  # NREM, then REM
        log.write_bytes(whole)
        status_tick(page)
        assert drawn(page) == {*PART_KEYS, "run"}


def test_a_queued_run_is_followed_when_it_starts(timers: Timers) -> None:
    folder = write([])
    entries.add(folder.id, "tester")
    page = open_page(RUN)
    assert statuses_of(page) == ["queued"]
    with RunLog(folder.path) as log:
        for event in night([60], [600], RunConfig(), whole=False):
            log.append(event)
    with running(folder):
        status_tick(page)
        assert statuses_of(page) == ["running"]
        assert timers.status == [live_results.FIRST_CYCLE_POLL_S] * 2
    entries.remove(RUN)
    status_tick(page)
    assert statuses_of(page) == ["interrupted"]
    assert timers.status == [live_results.FIRST_CYCLE_POLL_S, live_results.FIRST_CYCLE_POLL_S, None]


# --- one snapshot per drawing ---


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the reads of each run's log by the page."""
    reads: Counter[str] = Counter()
    update = jobs.Follower.update

    def counting_update(follower: jobs.Follower) -> jobs.Snapshot:
        reads[follower.run_id] += 1
        return update(follower)

    monkeypatch.setattr(jobs.Follower, "update", counting_update)
    return reads


def open_pair(reads: Counter[str]) -> AppTest:
    """Open the page of a running and a done run; clear the counter."""
    write(night([60, 70, 80], [600, 300, 200]), run_id=OTHER)
    page = open_page(RUN, **{"with": OTHER})
    assert reads == {RUN: 1, OTHER: 1}
    reads.clear()
    return page


def test_a_drawing_of_the_page_reads_each_log_once(reads: Counter[str]) -> None:
    with running(growing_run()[0]):
        page = open_pair(reads)
        page.slider(key="num_cycles").set_value(3).run()
    assert reads == {RUN: 1, OTHER: 1}


def test_a_drawing_of_the_status_line_reads_each_log_once(reads: Counter[str]) -> None:
    with running(growing_run()[0]):
        page = open_pair(reads)
        status_tick(page)
        assert drawn(page) == {"run_status"}
    assert reads == {RUN: 1, OTHER: 1}


def test_a_refresh_of_all_parts_reads_each_log_once(reads: Counter[str]) -> None:
    folder, log, (last_cycle, _) = growing_run()
    with running(folder):
        page = open_pair(reads)
        log.write_bytes(last_cycle)
        status_tick(page)
        assert {"run_status", "hypnogram", "scorecard"} <= drawn(page)
    assert reads == {RUN: 1, OTHER: 1}


def test_a_drawing_of_the_results_reads_each_log_once(reads: Counter[str]) -> None:
    folder, log, (last_cycle, _) = growing_run()
    with running(folder):
        page = open_pair(reads)
        for expected_cycle in (0, 1):  # the second drawing shows what was written since
            results_tick(page)
            assert "scorecard" in drawn(page)
            assert "run_status" not in drawn(page)
            assert page.slider(key="cycle").value == expected_cycle
            assert reads == {RUN: 1, OTHER: 1}
            reads.clear()
            log.write_bytes(last_cycle)


def test_all_parts_of_a_drawing_show_the_same_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    folder, log, (last_cycle, _) = growing_run()
    take_snapshot = snapshot.take_snapshot

    def take_and_grow(shown: ShownRuns) -> PageSnapshot:
        now = take_snapshot(shown)
        log.write_bytes(last_cycle)
        return now

    monkeypatch.setattr(snapshot, "take_snapshot", take_and_grow)
    with running(folder):
        page = open_page(RUN)
    assert "cycle 1 of 2" in text_of(page)
    assert trace(figure_of(page, "error_chart"), "old")["y"] == [60, 70, 70]
    assert page.slider(key="cycle").value == 0
