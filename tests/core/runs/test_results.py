"""`core.runs.results`: the results of a finished night as JSON."""

import json

import pytest

from core.runs.events import NightDone, StageEvaluated
from core.runs.measures import ERROR, MEASURES, Memory
from core.runs.results import summary, values_by_cycle
from core.runs.state import RunState, fold
from tests.conftest import NightRunner, events_of_type


def test_the_results_hold_every_measure_per_seed_and_cycle(
    night: NightRunner,
) -> None:
    events = night(seeds=(0, 3), total_eps=6, num_cycles=3, start_fraction_rem=0.0)
    state = fold(RunState(), events)
    result = json.loads(json.dumps(summary(state), allow_nan=False))

    assert result["config"]["seeds"] == [0, 3]
    assert (result["dataset_1"]["name"], result["dataset_2"]["name"]) == ("MNIST", "inverted MNIST")
    measured = events_of_type(events, StageEvaluated)
    last_of_cycle = {event.cycle: event for event in measured}
    for key in ("dataset_1", "dataset_2"):
        for name in MEASURES:
            values = result[key][name]
            assert [len(seed) for seed in values] == [4, 4]
            for cycle, event in last_of_cycle.items():
                expected = getattr(getattr(event, key), name)
                assert tuple(seed[cycle] for seed in values) == expected
            for statistic in ("retained", "forgetting"):
                assert len(result[key][statistic][name]) == 2
    assert result["seconds"] == events_of_type(events, NightDone)[0].seconds
    assert result["test_images"] == [20, 20, 20, 20]
    assert result["weights"]["origin"] == "given"
    assert result["device"] == "cpu"
    assert result["threads"] == 1
    assert "torch" in result["versions"]


def test_retained_and_forgetting_are_computed_from_the_errors_of_each_seed(
    night: NightRunner,
) -> None:
    result = summary(fold(RunState(), night(lr=0.01)))
    for key in ("dataset_1", "dataset_2"):
        (errors,) = result[key]["error"]
        assert result[key]["retained"]["error"] == [errors[0] / errors[-1]]
        assert result[key]["forgetting"]["error"] == [errors[-1] - min(errors)]


def test_the_values_by_cycle_grow_with_the_finished_cycles(night: NightRunner) -> None:
    events = night()
    lengths = [
        len(values_by_cycle(fold(RunState(), events[:end]), Memory.OLD, ERROR)[0])
        for end in range(
            3, len(events) + 1
        )  # the first three include the measurement before the night
    ]
    assert lengths[0] == 1
    assert lengths[-1] == 3
    assert lengths == sorted(lengths)


def test_an_unfinished_night_has_no_results(night: NightRunner) -> None:
    with pytest.raises(ValueError, match="not done"):
        summary(fold(RunState(), night()[:-1]))
    with pytest.raises(ValueError, match="not done"):
        summary(RunState())
