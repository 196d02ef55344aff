"""The status text of runs."""

from pathlib import Path

import pytest

from app import status_text
from app.conditions import CONDITIONS
from app.snapshot import PageSnapshot
from core.jobs import Snapshot, Status, wait_text
from core.queue.engine_state import QueuePosition
from core.queue.problems import Problem, ProblemCode
from core.runs.events import NightStopped, PretrainingAdvanced
from core.runs.state import RunState, fold
from core.schedule.config import RunConfig
from tests.helpers.page_runs import night, state

EMPTY = RunState()
PRETRAINING = fold(EMPTY, [PretrainingAdvanced(59, 1_180, 2, 20, 180.0)])
MEASURING = fold(EMPTY, night([60], [600], whole=False)[:2])
IN_FIRST = state([60], [600], whole=False)
IN_SECOND = state([60, 70], [600, 300], whole=False)
DONE = state([60, 70, 80], [600, 300, 200])


@pytest.fixture(autouse=True)
def no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path))


@pytest.mark.parametrize(
    ("status", "state", "words"),
    [
        ("running", EMPTY, "preparing"),
        ("running", PRETRAINING, "pre-training on old memories: epoch 2 of 20"),
        ("running", MEASURING, "cycle 0 of 2, measuring"),
        ("running", IN_SECOND, "cycle 2 of 2, NREM"),
        ("done", DONE, "cycle 2 of 2, in 12 s"),
        ("stopped", EMPTY, "before the night started"),
        ("stopped", IN_SECOND, "cycle 2 of 2"),
        ("failed", PRETRAINING, "pre-training on old memories: epoch 2 of 20"),
        ("failed", IN_SECOND, "cycle 2 of 2"),
    ],
)
def test_the_position_of_a_run_is_its_cycle_and_stage(
    status: Status, state: RunState, words: str
) -> None:
    assert status_text.position_text(Snapshot(status, state)) == words


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (EMPTY, "3rd in line"),
        (IN_FIRST, "3rd in line"),
        (fold(IN_SECOND, [NightStopped()]), "after cycle 1 of 2, 3rd in line"),
    ],
)
def test_a_queued_run_shows_its_position_in_the_queue_and_its_finished_cycles(
    state: RunState, words: str
) -> None:
    assert (
        status_text.position_text(
            Snapshot("queued", state, in_queue=True, position=QueuePosition(3, None))
        )
        == words
    )


@pytest.mark.parametrize(
    ("state", "point"),
    [
        (EMPTY, "before the night started"),
        (IN_FIRST, "in cycle 1 of 2"),
        (IN_SECOND, "after cycle 1 of 2"),
    ],
)
def test_an_interrupted_run_shows_where_and_how_it_continues(state: RunState, point: str) -> None:
    queued = Snapshot("interrupted", state, in_queue=True)
    assert status_text.position_text(queued) == f"{point}; {wait_text.CONTINUES_AUTOMATICALLY}"
    not_queued = Snapshot("interrupted", state)
    assert status_text.position_text(not_queued) == f"{point}; {wait_text.CAN_BE_RESUMED}"
    not_served = Snapshot("interrupted", state, in_queue=True, is_served=False)
    assert (
        status_text.position_text(not_served) == f"{point}; {wait_text.CONTINUES_WHEN_ENGINE_RUNS}"
    )
    engine_failed = Problem(ProblemCode.ENGINE_FAILED, {"reason": "no scheduler."})
    problem = Snapshot("interrupted", state, in_queue=True, problem=engine_failed)
    assert status_text.position_text(problem) == f"{point}; {wait_text.CONTINUES_WHEN_ENGINE_WORKS}"


# --- two runs ---

SEEDS = (0, 1, 2)
CONFIGS = (
    RunConfig(SEEDS),
    RunConfig(SEEDS, start_fraction_rem=0, end_fraction_rem=0),
)


@pytest.mark.parametrize(
    ("main", "compared", "words"),
    [
        (Snapshot("running", IN_SECOND), None, "cycle 2 of 2, NREM, about 20 s left"),
        (
            Snapshot("running", IN_SECOND),
            Snapshot("queued", EMPTY, position=QueuePosition(1, None)),
            "cycle 2 of 2, NREM, about 30 s left",
        ),
        (Snapshot("done", DONE), Snapshot("done", DONE), "cycle 2 of 2, in 12 s"),
        (
            Snapshot("done", DONE),
            Snapshot("running", IN_FIRST),
            "cycle 1 of 2, NREM (no REM), about 30 s left",
        ),
        (
            Snapshot("done", DONE),
            Snapshot("queued", EMPTY, position=QueuePosition(2, None)),
            "2nd in line (no REM)",
        ),
        (
            Snapshot("stopped", IN_SECOND),
            Snapshot("running", PRETRAINING),
            "pre-training on old memories: epoch 2 of 20 (no REM)",
        ),
    ],
)
def test_the_status_line_shows_the_position_and_the_time_left(
    main: Snapshot, compared: Snapshot | None, words: str
) -> None:
    now = PageSnapshot(main, compared, CONDITIONS["no-rem"], CONFIGS)
    assert status_text.status_line(now) == words
