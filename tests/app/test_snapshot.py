"""Two nights at one moment: which one is told of, what is compared, how long it still takes."""

import pytest

from app.conditions import CONDITIONS
from app.snapshot import OWN, PageSnapshot
from core.jobs import Snapshot, Status
from core.queue import engine_state as engine_state
from core.queue.estimates import reference_seconds
from core.runs.state import RunState
from core.schedule.config import RunConfig
from tests.helpers.page_runs import state

CONFIG = RunConfig(num_cycles=2, total_eps=4)
NO_REM = RunConfig(num_cycles=2, total_eps=4, start_fraction_rem=0, end_fraction_rem=0)
HALF = state([60, 70], [600, 300], whole=False)  # two of its four epochs are over
DONE = state([60, 70, 80], [600, 300, 200])


def moment(
    mine: Snapshot, beside: Snapshot | None, config: RunConfig | None = CONFIG
) -> PageSnapshot:
    return PageSnapshot(mine, beside, CONDITIONS["no-rem"], (config, NO_REM if beside else None))


@pytest.mark.parametrize(
    ("mine", "beside", "active", "leading"),
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
def test_ones_own_night_is_told_of_unless_only_the_other_goes_on(
    mine: Status, beside: Status | None, active: bool, leading: int
) -> None:
    now = moment(Snapshot(mine, HALF), Snapshot(beside, HALF) if beside else None)
    assert (now.active, now.leading) == (active, leading)


def test_the_night_beside_is_compared_once_it_has_something_to_show() -> None:
    mine = Snapshot("running", HALF)
    assert [arm.name for arm in moment(mine, None).arms] == [OWN]
    assert [arm.name for arm in moment(mine, Snapshot("queued", RunState())).arms] == [OWN]
    own, other = moment(mine, Snapshot("running", HALF)).arms
    assert (own.name, other.name) == (OWN, "no REM")
    assert (own.adverb, other.adverb) == ("This night", "Without REM")


@pytest.mark.parametrize(
    ("mine", "beside", "done"),
    [
        ("done", None, True),
        ("done", "done", True),
        ("done", "running", False),
        ("done", "stopped", False),
        ("failed", "done", False),
    ],
)
def test_the_nights_are_done_when_both_were_slept_to_their_end(
    mine: Status, beside: Status | None, done: bool
) -> None:
    assert moment(Snapshot(mine, DONE), Snapshot(beside, DONE) if beside else None).done is done


def test_progress_is_the_share_of_both() -> None:
    assert moment(Snapshot("running", HALF), None).progress == 0.5
    assert moment(Snapshot("done", DONE), Snapshot("running", HALF)).progress == 0.75
    assert moment(Snapshot("done", DONE), Snapshot("queued", RunState())).progress == 0.5


def test_the_time_left_is_that_of_the_night_that_takes_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "core.jobs.engine_info.current_state", lambda: engine_state.EngineState(pace=2.0)
    )
    half = Snapshot("running", HALF)
    assert moment(half, None).seconds_left() == pytest.approx(
        reference_seconds(CONFIG)
    )  # half of twice it
    waiting = Snapshot("queued", RunState())
    assert moment(half, waiting).seconds_left() == pytest.approx(2 * reference_seconds(NO_REM))
    assert moment(Snapshot("done", DONE), waiting).seconds_left() == pytest.approx(
        2 * reference_seconds(NO_REM)
    )
    assert moment(Snapshot("done", DONE), None).seconds_left() is None
    assert moment(half, None, config=None).seconds_left() is None
