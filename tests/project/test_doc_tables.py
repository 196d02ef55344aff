"""Tables in the documents, compared with the registries and files that they describe."""

import json
import re

import pytest

from core.model.vae import VAE
from core.runs.measures import MEASURES
from core.schedule.presets import PRESETS
from core.support import environment
from tests.project.documents import read, table_rows

_VARIABLE = re.compile(r"\bSLEEP_[A-Z_]*[A-Z]\b")
SETTINGS = table_rows(read("docs/hosting.md"), "## Settings")


def test_the_settings_table_lists_exactly_the_variables_that_the_code_reads() -> None:
    code = [*environment.PROJECT.glob("core/**/*.py"), *environment.PROJECT.glob("app/**/*.py")]
    variables = {name for path in code for name in _VARIABLE.findall(path.read_text("utf-8"))}
    names = [name.strip("`") for name, *_ in SETTINGS]
    assert len(names) == len(set(names))
    assert {name for name in names if name.startswith("SLEEP_")} == variables


def test_the_settings_table_shows_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = [(name.strip("`"), int(value)) for name, value, _ in SETTINGS if value.isdecimal()]
    assert len(numbers) >= 10
    for name, default in numbers:
        monkeypatch.delenv(name, raising=False)
        function = getattr(environment, name.removeprefix("SLEEP_").lower())
        assert function() == default, name


def test_the_table_of_measures_defines_every_measure() -> None:
    rows = table_rows(read("docs/science.md"), "## Measures")
    definitions = {label.lower(): definition for label, definition in rows}
    for measure in MEASURES.values():
        assert definitions.get(measure.label), f"no definition of {measure.label}"


def test_the_table_of_presets_lists_exactly_the_presets() -> None:
    rows = table_rows(read("docs/command-line.md"), "## Presets")
    assert [name.strip("`") for name, _ in rows] == list(PRESETS)


def test_the_table_of_weights_shows_the_recorded_scores() -> None:
    rows = table_rows(read("docs/weights.md"), "## Scores before the night")
    expected = []
    for path in environment.CACHED_WEIGHTS.glob("vae-*.json"):
        record = json.loads(path.read_text("utf-8"))
        old, new = (record["scores"]["mnist"][f"dataset_{number}"] for number in (1, 2))
        expected.append(
            [
                record["split"],
                str(record["recipe"]["latent_dim"]),
                f"{old['error']:.1f}",
                f"{100 * old['recall_accuracy']:.1f} %",
                f"{new['error']:.1f}",
            ]
        )
    assert sorted(rows) == sorted(expected)


def test_the_table_of_tensors_lists_the_names_and_shapes_of_the_model() -> None:
    latent_dim = 7
    rows = table_rows(read("docs/weights.md"), "## Weights from a file")
    expected = {
        name.strip("`"): json.loads(shape.replace("latent", str(latent_dim)))
        for name, shape, _ in rows
        if not name.startswith("`….")
    }
    weights = {
        name: list(tensor.shape)
        for name, tensor in VAE(latent_dim).state_dict().items()
        if name.endswith(".weight")
    }
    assert expected == weights
