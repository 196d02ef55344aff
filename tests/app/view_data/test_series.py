"""The course of a measure: each point at its epoch, with its interval over seeds."""

import pytest
from scipy import stats

from app.view_data.series import Series, loss_series, measure_series
from core.runs.events import EpochDone, NightResumed, StageEvaluated, StageStarted
from core.runs.measures import ERROR, RECALL_ACCURACY, RECALL_ERROR, Measure, Memory
from core.runs.state import RunState, fold
from core.schedule.config import RunConfig
from tests.helpers.page_runs import night, night_started, scores, state

CONFIG = RunConfig(total_eps=10, num_cycles=2, start_fraction_rem=0, end_fraction_rem=0.4)
WHERE = ("before the night", "cycle 1, after NREM", "cycle 2, after NREM", "cycle 2, after REM")
EMPTY = Series((), (), (), None, (), ())


def test_every_stage_is_measured_at_its_end() -> None:
    found = measure_series(state([60, 70, 80], [600, 300, 200], CONFIG), Memory.OLD, ERROR)
    assert found.epochs == (0, 5, 8, 10)
    assert found.where == WHERE
    assert found.means == (60, 70, 80, 80)
    assert found.half_widths is None
    assert found.seeds == ((60, 70, 80, 80),)
    assert found.images == (3, 3, 3, 3)


@pytest.mark.parametrize(
    ("memory", "measure", "means"),
    [
        (Memory.NEW, ERROR, (600, 300, 200, 200)),
        (Memory.OLD, RECALL_ERROR, (70, 80, 90, 90)),
        (Memory.NEW, RECALL_ERROR, (610, 310, 210, 210)),
        (Memory.OLD, RECALL_ACCURACY, tuple(1 - error / 784 for error in (60, 70, 80, 80))),
    ],
)
def test_each_measure_is_of_its_own_memories(
    memory: Memory, measure: Measure, means: tuple[float, ...]
) -> None:
    found = measure_series(state([60, 70, 80], [600, 300, 200], CONFIG), memory, measure)
    assert found.means == pytest.approx(means)


def test_several_seeds_are_a_mean_with_its_95_percent_interval() -> None:
    seeds = [(60.0, 62.0, 67.0), (70.0, 90.0, 71.0), (80.0, 80.0, 80.0)]
    found = measure_series(state(seeds, seeds), Memory.OLD, ERROR)
    assert found.seeds == ((60, 70, 70, 80, 80), (62, 90, 90, 80, 80), (67, 71, 71, 80, 80))
    assert found.means == pytest.approx((63, 77, 77, 80, 80))
    assert found.half_widths is not None
    for values, half_width in zip(
        [seeds[index] for index in (0, 1, 1, 2, 2)], found.half_widths, strict=True
    ):
        error = stats.sem(values)
        expected = stats.t.interval(0.95, 2, scale=error)[1] if error else 0
        assert half_width == pytest.approx(expected)


def test_before_the_first_measure_there_is_no_point() -> None:
    for nothing in (RunState(), fold(RunState(), [night_started(CONFIG)])):
        assert measure_series(nothing, Memory.OLD, ERROR) == EMPTY
        assert loss_series(nothing, "total") == EMPTY


def test_before_the_first_stage_there_is_the_point_before_the_night() -> None:
    found = measure_series(
        state([(60.0, 64.0)], [(600.0, 610.0)], CONFIG, whole=False), Memory.NEW, ERROR
    )
    assert (found.epochs, found.where, found.means) == ((0,), WHERE[:1], (605,))
    assert found.half_widths is not None


def test_a_stage_that_is_over_counts_though_its_cycle_is_not() -> None:
    events = night([60, 70], [600, 300], CONFIG, whole=False)
    events.append(StageEvaluated(2, "NREM", scores(200.0), scores(100.0)))
    found = measure_series(fold(RunState(), events), Memory.OLD, ERROR)
    assert (found.epochs, found.means) == ((0, 5, 8), (60, 70, 200))


def test_a_resumed_night_shows_what_is_kept_and_what_is_slept_again() -> None:
    events = night([60, 70], [600, 300], CONFIG, whole=False)
    events.append(EpochDone(2, "NREM", 1, (5.0,), (5.0,), (0.0,)))
    events.append(StageEvaluated(2, "NREM", scores(200.0), scores(100.0)))
    events.append(NightResumed(1, {}))
    kept = fold(RunState(), events)
    assert measure_series(kept, Memory.OLD, ERROR).means == (60, 70)
    assert loss_series(kept, "total").epochs == (1, 2, 3, 4, 5)
    events.append(StageStarted(2, "NREM", 3, 150))
    events.append(EpochDone(2, "NREM", 1, (7.0,), (7.0,), (0.0,)))
    events.append(StageEvaluated(2, "NREM", scores(90.0), scores(80.0)))
    again = fold(RunState(), events)
    assert measure_series(again, Memory.OLD, ERROR).epochs == (0, 5, 8)
    assert measure_series(again, Memory.OLD, ERROR).means == (60, 70, 90)
    assert loss_series(again, "total").epochs == (1, 2, 3, 4, 5, 6)
    assert loss_series(again, "total").means[-1] == 7


def test_a_stage_of_another_name_is_shown_and_breaks_nothing() -> None:
    events = night([60, 70], [600, 300], CONFIG, whole=False)
    events.append(StageStarted(2, "N2", 3, 150))
    events.append(EpochDone(2, "N2", 1, (7.0,), (7.0,), (0.0,)))
    events.append(StageEvaluated(2, "N2", scores(90.0), scores(80.0)))
    found = measure_series(fold(RunState(), events), Memory.OLD, ERROR)
    assert found.where[-1] == "cycle 2, after N2"
    assert found.means[-1] == 90
    assert len(loss_series(fold(RunState(), events), "kl").means) == 6


def test_losses_are_one_point_an_epoch() -> None:
    found = loss_series(state([60, 70, 80], [600, 300, 200], CONFIG), "reconstruction")
    assert found.epochs == tuple(range(1, 11))
    assert found.means == (90,) * 10
    assert found.where[0] == "cycle 1, NREM epoch 1"
    assert found.where[4:6] == ("cycle 1, NREM epoch 5", "cycle 2, NREM epoch 1")
    assert found.where[-1] == "cycle 2, REM epoch 2"


@pytest.mark.parametrize(("loss", "mean"), [("total", 4), ("reconstruction", 2.5), ("kl", 1.5)])
def test_each_loss_is_a_mean_over_seeds(loss: str, mean: float) -> None:
    events = night([(60.0, 60.0)], [(600.0, 600.0)], whole=False)
    events.append(EpochDone(1, "NREM", 1, (3.0, 5.0), (2.0, 3.0), (1.0, 2.0)))
    assert loss_series(fold(RunState(), events), loss).means == (mean,)  # type: ignore[arg-type]
