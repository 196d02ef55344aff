"""`core.evaluation.before_night_cache`: nights from equal weights share one measurement."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from core.data import DatasetPair
from core.evaluation import before_night_cache as module
from core.evaluation.before_night_cache import cache_path, measure_before_night
from core.evaluation.measure import Measured, measure
from core.evaluation.probe import Probe, build_probe
from core.model.digit_reader import DigitReader, load_digit_reader
from core.model.vae import VAE
from core.model.weights import load_vae, save_weights
from core.runs.events import StageEvaluated
from core.support.files import read_arrays, write_arrays
from core.support.stopping import Stopped
from tests.conftest import NightRunner, comparable, events_of_type
from tools.datasets import subsample

pytestmark = pytest.mark.usefixtures("one_thread", "empty_cache")
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def reader() -> DigitReader:
    return load_digit_reader()


@pytest.fixture
def vae(tiny_weights: Path) -> VAE:
    return load_vae(tiny_weights, 5)


@pytest.fixture
def probe(small_pair: DatasetPair) -> Probe:
    return build_probe(small_pair.dataset_1, "random", 0.25, CPU)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of images of each measurement before a night that was not in the cache."""
    images: list[int] = []

    def counting_measure(vae: VAE, probe: Probe, *others: Any, **options: Any) -> Measured:
        images.append(len(probe.images))
        return measure(vae, probe, *others, **options)

    monkeypatch.setattr(module, "measure", counting_measure)
    return images


def first_measurement(events: list[Any]) -> Any:
    return comparable(events_of_type(events, StageEvaluated)[0])


def test_the_second_night_reads_the_first_nights_measurement_bit_for_bit(
    night: NightRunner, measured: list[int]
) -> None:
    first = first_measurement(night(seeds=(0, 1)))
    assert measured == [20, 20]
    assert first_measurement(night(seeds=(0, 1), start_fraction_rem=0.0, num=3)) == first
    assert measured == [20, 20]


def test_a_cached_measurement_equals_a_new_one_bit_for_bit(
    vae: VAE, probe: Probe, reader: DigitReader
) -> None:
    expected = comparable(measure(vae, probe, reader))
    assert comparable(measure_before_night(vae, probe, reader)) == expected  # measured
    assert comparable(measure_before_night(vae, probe, reader)) == expected  # read


@pytest.mark.parametrize("changes", [{"mask": "centre"}, {"mask_fraction": 0.5}], ids=str)
def test_another_mask_is_measured(
    changes: dict[str, Any], night: NightRunner, measured: list[int]
) -> None:
    first = first_measurement(night())
    assert first_measurement(night(**changes)) != first
    assert len(measured) == 4


def test_a_fraction_that_the_mask_ignores_is_not_measured_again(
    night: NightRunner, measured: list[int]
) -> None:
    first = first_measurement(night(mask="centre"))
    assert first_measurement(night(mask="centre", mask_fraction=0.5)) == first
    assert len(measured) == 2


def test_other_weights_in_a_file_of_the_same_name_are_measured(
    night: NightRunner, measured: list[int], tmp_path: Path
) -> None:
    path = tmp_path / "given.safetensors"
    measurements = []
    for seed in range(2):
        torch.manual_seed(seed)
        save_weights(VAE(5), path, {})
        measurements.append(first_measurement(night(weights=str(path))))
    assert measurements[0] != measurements[1]
    assert len(measured) == 4


def test_other_test_images_of_a_dataset_of_the_same_name_are_measured(
    night: NightRunner, measured: list[int], bundled: DatasetPair
) -> None:
    night()
    night(subsample(bundled, test=19))
    assert measured == [20, 20, 19, 19]


CHANGES: dict[str, Callable[[pytest.MonkeyPatch], object]] = {
    "threads": lambda patch: patch.setattr(torch, "get_num_threads", lambda: 7),
    "torch": lambda patch: patch.setattr(torch, "__version__", "9.9"),
    "processor": lambda patch: patch.setattr(
        torch.backends.cpu, "get_cpu_capability", lambda: "ABACUS"
    ),
    "version of measuring": lambda patch: patch.setattr(module, "MEASURE_VERSION", 10_000),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_file_name_depends_on_the_software_and_the_machine(
    change: str, vae: VAE, probe: Probe, reader: DigitReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = cache_path(vae, probe, reader)
    assert cache_path(vae, probe, reader) == name
    CHANGES[change](monkeypatch)
    assert cache_path(vae, probe, reader) != name


def test_the_file_name_depends_on_reader_and_classes(
    vae: VAE, probe: Probe, reader: DigitReader
) -> None:
    name = cache_path(vae, probe, reader)
    assert cache_path(vae, probe, DigitReader()) != name
    inverted = dataclasses.replace(probe, classes=probe.classes + 10)
    assert cache_path(vae, inverted, reader) != name


def test_a_damaged_file_is_replaced_by_a_new_measurement(
    night: NightRunner, measured: list[int], empty_cache: Path
) -> None:
    first = first_measurement(night())
    files = list((empty_cache / "before").iterdir())
    assert len(files) == 2
    files[0].write_bytes(files[0].read_bytes()[:-100])
    arrays = read_arrays(files[1], "error", "recall_error", "recalled")
    names = ("error", "recall_error", "recalled")
    write_arrays(files[1], **dict(zip(names, (part[1:] for part in arrays), strict=True)))
    assert first_measurement(night()) == first
    assert len(measured) == 4
    assert first_measurement(night()) == first
    assert len(measured) == 4


def test_a_cache_that_cannot_be_written_is_ignored(
    night: NightRunner, measured: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SLEEP_CACHE_DIR", str(tmp_path / "file"))
    assert first_measurement(night()) == first_measurement(night())
    assert len(measured) == 4


def test_a_measurement_that_is_stopped_writes_nothing(
    vae: VAE, probe: Probe, reader: DigitReader, empty_cache: Path
) -> None:
    def stop() -> None:
        raise Stopped

    with pytest.raises(Stopped):
        measure_before_night(vae, probe, reader, stop)
    assert not list(empty_cache.rglob("*.npz"))


def test_neither_measuring_nor_reading_changes_the_model(
    vae: VAE, probe: Probe, reader: DigitReader
) -> None:
    strides = [parameter.stride() for parameter in vae.parameters()]
    weights = {name: tensor.clone() for name, tensor in vae.state_dict().items()}
    for _ in range(2):
        measure_before_night(vae, probe, reader)
    assert [parameter.stride() for parameter in vae.parameters()] == strides
    assert all(torch.equal(tensor, weights[name]) for name, tensor in vae.state_dict().items())
