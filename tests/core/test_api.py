"""`core.api`: the simulation as one Python call."""

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import train_with_scheduler_multiple_seeds
from core.schedule.config import RunConfig
from core.support.errors import ConfigError

SHORT: dict[str, Any] = {"total_eps": 4, "num_cycles": 2, "num": 4, "progress": False}


def test_positional_parameters_are_the_references_with_their_documented_defaults() -> None:
    parameters = inspect.signature(train_with_scheduler_multiple_seeds).parameters.values()
    positional = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert {p.name: p.default for p in positional} == {
        "seeds": None,
        "total_eps": 100,
        "num_cycles": 10,
        "start_fraction_rem": 0.5,
        "end_fraction_rem": 0.5,
        "use_initial_weights": True,
        "latent_dim": 5,
        "seed": 0,
        "inverted": True,
        "lr": 0.001,
        "num": 50,
        "continue_training": False,
    }
    assert all(p.kind is p.KEYWORD_ONLY for p in parameters if p not in positional)


def test_defaults_equal_those_of_run_config() -> None:
    config = RunConfig()
    parameters = inspect.signature(train_with_scheduler_multiple_seeds).parameters
    shared = set(parameters) & set(config.to_dict()) - {"seeds"}
    assert len(shared) > 15
    assert {name: parameters[name].default for name in shared} == {
        name: getattr(config, name) for name in shared
    }


def test_returns_errors_per_seed_and_cycle_and_writes_a_new_pdf_each_time(
    tiny_weights: Path, tmp_path: Path
) -> None:
    options = {**SHORT, "weights": tiny_weights, "outputs": tmp_path}
    first, second = train_with_scheduler_multiple_seeds([4, 7], **options)
    assert first.shape == second.shape == (2, 3)
    assert np.isfinite(first).all()
    assert (first[0, 0], second[0, 0]) == (first[1, 0], second[1, 0])  # before the night
    only_seed_4 = train_with_scheduler_multiple_seeds(range(4, 5), **options)
    np.testing.assert_array_equal(only_seed_4.dataset_1[0], first[0])
    files = list(tmp_path.iterdir())
    assert len(files) == 2
    assert all(file.read_bytes().startswith(b"%PDF") for file in files)


def test_seed_without_seeds_equals_a_list_of_that_seed(tiny_weights: Path, tmp_path: Path) -> None:
    options = {**SHORT, "weights": tiny_weights, "outputs": tmp_path}
    from_seed = train_with_scheduler_multiple_seeds(seed=7, **options)
    from_seeds = train_with_scheduler_multiple_seeds(seeds=[7], **options)
    np.testing.assert_array_equal(from_seed.dataset_2, from_seeds.dataset_2)


def test_pdf_is_written_to_the_outputs_folder_and_its_name_to_standard_error(
    tiny_weights: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path / "outputs"))
    train_with_scheduler_multiple_seeds(**{**SHORT, "progress": True}, weights=tiny_weights)
    (pdf,) = (tmp_path / "outputs").iterdir()
    assert capsys.readouterr().err.endswith(f"figures: {pdf}\n")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"num_cycles": 0}, "num_cycles is 0; "),
        ({"start_fraction_rem": float("nan")}, "start_fraction_rem is nan; "),
        ({"seeds": []}, "seeds holds 0 numbers; "),
        ({"inverted": "yes"}, "inverted is 'yes'; "),
        ({"lr": -1.0}, "lr is -1.0; "),
    ],
)
def test_an_invalid_value_raises_a_value_error_that_names_it_and_writes_nothing(
    options: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as raised:
        train_with_scheduler_multiple_seeds(**options, outputs=tmp_path)
    assert isinstance(raised.value, ValueError)
    assert str(raised.value).startswith(sentence)
    assert not any(tmp_path.iterdir())
