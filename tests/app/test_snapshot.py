"""A snapshot of two runs: the reported one, the compared ones, progress and time left."""

import pytest

from app.conditions import CONDITIONS
from app.snapshot import MAIN_NAME, PageSnapshot
from core.jobs import Snapshot, Status
from core.queue.engine_state import EngineState
from core.queue.estimates import reference_seconds
from core.runs.state import RunState
from core.schedule.config import RunConfig
from tests.helpers.page_runs import state

CONFIG = RunConfig(num_cycles=2, total_eps=4)
NO_REM = RunConfig(num_cycles=2, total_eps=4, start_fraction_rem=0, end_fraction_rem=0)
HALF = state([60, 70], [600, 300], whole=False)  # two of four epochs are finished
DONE = state([60, 70, 80], [600, 300, 200])


def _snapshot(
    main: Snapshot, compared: Snapshot | None, config: RunConfig | None = CONFIG
) -> PageSnapshot:
    configs = (config, NO_REM if compared else None)
    return PageSnapshot(main, compared, CONDITIONS["no-rem"], configs)


@pytest.mark.parametrize(
    ("main", "compared", "active", "reported_index"),
    [
        ("running", None, True, 0),
        ("done", None, False, 0),
        ("running", "queued", True, 0),
        ("queued", "running", True, 0),
        ("running", "done", True, 0),
        ("done", "running", True, 1),
        ("failed", "queued", True, 1),
        ("done", "failed", False, 0),
        ("stopped", "stopped", False, 0),
        ("interrupted", "interrupted", False, 0),
    ],
)
def test_the_main_run_is_reported_unless_only_the_compared_one_is_active(
    main: Status, compared: Status | None, active: bool, reported_index: int
) -> None:
    now = _snapshot(Snapshot(main, HALF), Snapshot(compared, HALF) if compared else None)
    assert (now.active, now.reported_index) == (active, reported_index)


def test_the_compared_run_is_included_after_its_first_measurement() -> None:
    half = Snapshot("running", HALF)
    queued = Snapshot("queued", RunState())
    assert [run.name for run in _snapshot(half, None).compared_runs] == [MAIN_NAME]
    assert [run.name for run in _snapshot(half, queued).compared_runs] == [MAIN_NAME]
    main, compared = _snapshot(half, Snapshot("running", HALF)).compared_runs
    assert (main.name, compared.name) == (MAIN_NAME, "no REM")
    assert (main.phrase, compared.phrase) == ("This run", "Without REM")


@pytest.mark.parametrize(
    ("main", "compared", "done"),
    [
        ("done", None, True),
        ("done", "done", True),
        ("done", "running", False),
        ("done", "stopped", False),
        ("failed", "done", False),
    ],
)
def test_a_snapshot_is_done_when_all_its_runs_are_done(
    main: Status, compared: Status | None, done: bool
) -> None:
    now = _snapshot(Snapshot(main, DONE), Snapshot(compared, DONE) if compared else None)
    assert now.done is done


def test_progress_is_the_mean_of_both_runs() -> None:
    assert _snapshot(Snapshot("running", HALF), None).progress == 0.5
    assert _snapshot(Snapshot("done", DONE), Snapshot("running", HALF)).progress == 0.75
    assert _snapshot(Snapshot("done", DONE), Snapshot("queued", RunState())).progress == 0.5


def test_the_time_left_is_the_longer_one_of_both_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine_state = EngineState(slowdown=2.0)
    monkeypatch.setattr("core.jobs.engine_info.current_state", lambda: engine_state)
    half = Snapshot("running", HALF)
    assert _snapshot(half, None).seconds_left() == pytest.approx(
        reference_seconds(CONFIG)
    )  # half of the night at twice the time
    waiting = Snapshot("queued", RunState())
    assert _snapshot(half, waiting).seconds_left() == pytest.approx(2 * reference_seconds(NO_REM))
    assert _snapshot(Snapshot("done", DONE), waiting).seconds_left() == pytest.approx(
        2 * reference_seconds(NO_REM)
    )
    assert _snapshot(Snapshot("done", DONE), None).seconds_left() is None
    assert _snapshot(half, None, config=None).seconds_left() is None
