"""`core.runs.measures`: the registry of measures and the two kinds of memories."""

import csv
import io
from dataclasses import fields
from pathlib import Path
from zipfile import ZipFile

import pytest

from core.runs.events import Scores, StageEvaluated
from core.runs.export import write_zip
from core.runs.measures import ERROR, MEASURES, RECALL_ACCURACY, RECALL_ERROR, Measure, Memory
from core.runs.statistics import forgetting, retained
from core.schedule.config import RunConfig
from tools.sample_runs import create_run, night_events, scores

every_measure = pytest.mark.parametrize("measure", MEASURES.values(), ids=lambda m: m.key)


def test_the_registry_holds_each_measure_under_its_key() -> None:
    # These names are in results, exports and scores of weights, so they must not change.
    assert list(MEASURES) == ["error", "recall_error", "recall_accuracy"]
    assert list(MEASURES.values()) == [ERROR, RECALL_ERROR, RECALL_ACCURACY]
    assert all(measure.key == key for key, measure in MEASURES.items())


def test_the_measures_are_the_per_seed_fields_of_scores() -> None:
    per_seed = [field.name for field in fields(Scores) if field.type == tuple[float, ...]]
    assert list(MEASURES) == per_seed


@every_measure
def test_a_measure_returns_its_values_per_seed(measure: Measure) -> None:
    measured = scores(0, seeds=3)
    assert measure.values(measured) == getattr(measured, measure.key)
    assert len(measure.values(measured)) == 3


@every_measure
def test_a_measure_has_texts_and_bounds(measure: Measure) -> None:
    assert measure.label == measure.label.lower()
    assert measure.unit
    assert measure.definition.endswith(".")
    assert ("Higher" if measure.higher_is_better else "Lower") in measure.definition
    assert measure.maximum == (1 if measure.as_percent else 784)


def test_values_are_formatted_with_one_decimal_and_shares_in_percent() -> None:
    assert ERROR.format(61.27) == "61.3"
    assert RECALL_ERROR.format(784.0) == "784.0"
    assert RECALL_ACCURACY.format(0.8749) == "87.5 %"
    assert ERROR.format_width(1.27) == "1.3"
    assert RECALL_ACCURACY.format_width(0.0249) == "2.5"


@every_measure
def test_a_measure_that_gets_worse_is_forgotten(measure: Measure) -> None:
    worse, better = (0.25, 0.75) if measure.higher_is_better else (0.75, 0.25)
    declining, improving = [better, worse], [worse, better]
    higher_is_better = measure.higher_is_better
    assert retained(declining, higher_is_better=higher_is_better) == pytest.approx(1 / 3)
    assert retained(improving, higher_is_better=higher_is_better) == pytest.approx(3)
    assert forgetting(declining, higher_is_better=higher_is_better) == 0.5
    assert forgetting(improving, higher_is_better=higher_is_better) == 0


def test_the_exported_results_have_one_column_per_measure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path))
    target = io.BytesIO()
    write_zip(create_run(events=night_events(RunConfig(num_cycles=1, total_eps=2, num=2))), target)
    with ZipFile(target) as archive:
        (header, *_) = csv.reader(io.StringIO(archive.read("results.csv").decode()))
    assert header == ["seed", "cycle", "stage", "dataset", "images", *MEASURES]


def test_old_memories_are_dataset_1_and_new_memories_are_dataset_2() -> None:
    evaluated = StageEvaluated(1, "NREM", scores(0), scores(1))
    assert [(memory.value, memory.number, memory.field) for memory in Memory] == [
        ("old", 1, "dataset_1"),
        ("new", 2, "dataset_2"),
    ]
    assert Memory.OLD.scores(evaluated) is evaluated.dataset_1
    assert Memory.NEW.scores(evaluated) is evaluated.dataset_2
