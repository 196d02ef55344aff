"""Measures and losses over a night: the epoch, mean and interval of each point."""

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


def test_each_point_of_a_measure_is_at_the_end_of_a_stage() -> None:
    series = measure_series(state([60, 70, 80], [600, 300, 200], CONFIG), Memory.OLD, ERROR)
    assert series.epochs == (0, 5, 8, 10)
    assert series.where == WHERE
    assert series.means == (60, 70, 80, 80)
    assert series.half_widths is None
    assert series.seeds == ((60, 70, 80, 80),)
    assert series.images == (3, 3, 3, 3)


@pytest.mark.parametrize(
    ("memory", "measure", "means"),
    [
        (Memory.NEW, ERROR, (600, 300, 200, 200)),
        (Memory.OLD, RECALL_ERROR, (70, 80, 90, 90)),
        (Memory.NEW, RECALL_ERROR, (610, 310, 210, 210)),
        (Memory.OLD, RECALL_ACCURACY, tuple(1 - error / 784 for error in (60, 70, 80, 80))),
    ],
)
def test_a_series_has_the_values_of_its_measure_and_memory_set(
    memory: Memory, measure: Measure, means: tuple[float, ...]
) -> None:
    series = measure_series(state([60, 70, 80], [600, 300, 200], CONFIG), memory, measure)
    assert series.means == pytest.approx(means)


def test_several_seeds_have_a_mean_with_a_95_percent_interval() -> None:
    seeds = [(60.0, 62.0, 67.0), (70.0, 90.0, 71.0), (80.0, 80.0, 80.0)]
    series = measure_series(state(seeds, seeds), Memory.OLD, ERROR)
    assert series.seeds == ((60, 70, 70, 80, 80), (62, 90, 90, 80, 80), (67, 71, 71, 80, 80))
    assert series.means == pytest.approx((63, 77, 77, 80, 80))
    assert series.half_widths is not None
    for values, half_width in zip(
        [seeds[index] for index in (0, 1, 1, 2, 2)], series.half_widths, strict=True
    ):
        error = stats.sem(values)
        expected = stats.t.interval(0.95, 2, scale=error)[1] if error else 0
        assert half_width == pytest.approx(expected)


def test_a_run_without_measurements_has_no_points() -> None:
    for empty in (RunState(), fold(RunState(), [night_started(CONFIG)])):
        assert measure_series(empty, Memory.OLD, ERROR) == EMPTY
        assert loss_series(empty, "total") == EMPTY


def test_the_first_point_is_before_the_night() -> None:
    series = measure_series(
        state([(60.0, 64.0)], [(600.0, 610.0)], CONFIG, whole=False), Memory.NEW, ERROR
    )
    assert (series.epochs, series.where, series.means) == ((0,), WHERE[:1], (605,))
    assert series.half_widths is not None


def test_a_finished_stage_of_an_unfinished_cycle_has_a_point() -> None:
    events = night([60, 70], [600, 300], CONFIG, whole=False)
    events.append(StageEvaluated(2, "NREM", scores(200.0), scores(100.0)))
    series = measure_series(fold(RunState(), events), Memory.OLD, ERROR)
    assert (series.epochs, series.means) == ((0, 5, 8), (60, 70, 200))


def test_a_resumed_run_has_each_point_once() -> None:
    events = night([60, 70], [600, 300], CONFIG, whole=False)
    events.append(EpochDone(2, "NREM", 1, (5.0,), (5.0,), (0.0,)))
    events.append(StageEvaluated(2, "NREM", scores(200.0), scores(100.0)))
    events.append(NightResumed(1, {}))
    resumed = fold(RunState(), events)
    assert measure_series(resumed, Memory.OLD, ERROR).means == (60, 70)
    assert loss_series(resumed, "total").epochs == (1, 2, 3, 4, 5)
    events.append(StageStarted(2, "NREM", 3, 150))
    events.append(EpochDone(2, "NREM", 1, (7.0,), (7.0,), (0.0,)))
    events.append(StageEvaluated(2, "NREM", scores(90.0), scores(80.0)))
    again = fold(RunState(), events)
    assert measure_series(again, Memory.OLD, ERROR).epochs == (0, 5, 8)
    assert measure_series(again, Memory.OLD, ERROR).means == (60, 70, 90)
    assert loss_series(again, "total").epochs == (1, 2, 3, 4, 5, 6)
    assert loss_series(again, "total").means[-1] == 7


def test_a_stage_with_an_unknown_name_has_points() -> None:
    events = night([60, 70], [600, 300], CONFIG, whole=False)
    events.append(StageStarted(2, "N2", 3, 150))
    events.append(EpochDone(2, "N2", 1, (7.0,), (7.0,), (0.0,)))
    events.append(StageEvaluated(2, "N2", scores(90.0), scores(80.0)))
    series = measure_series(fold(RunState(), events), Memory.OLD, ERROR)
    assert series.where[-1] == "cycle 2, after N2"
    assert series.means[-1] == 90
    assert len(loss_series(fold(RunState(), events), "kl").means) == 6


def test_losses_have_one_point_per_epoch() -> None:
    series = loss_series(state([60, 70, 80], [600, 300, 200], CONFIG), "reconstruction")
    assert series.epochs == tuple(range(1, 11))
    assert series.means == (90,) * 10
    assert series.where[0] == "cycle 1, NREM epoch 1"
    assert series.where[4:6] == ("cycle 1, NREM epoch 5", "cycle 2, NREM epoch 1")
    assert series.where[-1] == "cycle 2, REM epoch 2"


@pytest.mark.parametrize(("loss", "mean"), [("total", 4), ("reconstruction", 2.5), ("kl", 1.5)])
def test_each_loss_is_a_mean_over_seeds(loss: str, mean: float) -> None:
    events = night([(60.0, 60.0)], [(600.0, 600.0)], whole=False)
    events.append(EpochDone(1, "NREM", 1, (3.0, 5.0), (2.0, 3.0), (1.0, 2.0)))
    assert loss_series(fold(RunState(), events), loss).means == (mean,)  # type: ignore[arg-type]
