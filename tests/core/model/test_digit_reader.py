"""`core.model.digit_reader`: the classifier of digit and style, and its training."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from core.data import Dataset, DatasetPair, load_pair
from core.model import digit_reader as reader_module
from core.model.digit_reader import (
    CLASSES,
    CONFIDENCE_THRESHOLD,
    DIGIT_READER_PATH,
    DigitReader,
    classify,
    dataset_classes,
    load_digit_reader,
)
from core.model.weights import file_sha256, record_path
from core.support.errors import WeightsError
from core.training.reader_training import clean_accuracy, train_reader, train_reader_to_file
from tests.conftest import drain
from tools.datasets import subsample

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def included_reader() -> DigitReader:
    """Load the reader included with the program."""
    return load_digit_reader()


def test_the_included_reader_has_98_percent_accuracy_on_bundled_test_images_in_both_styles(
    included_reader: DigitReader, bundled: DatasetPair
) -> None:
    for dataset in (bundled.dataset_1, bundled.dataset_2):
        assert clean_accuracy(included_reader, dataset) >= 0.98, dataset.name


def test_the_included_reader_has_98_percent_accuracy_on_all_mnist_test_images(
    included_reader: DigitReader, full_mnist: Path
) -> None:
    pair = load_pair("inverted", "mnist")
    for dataset in (pair.dataset_1, pair.dataset_2):
        assert clean_accuracy(included_reader, dataset) >= 0.98, dataset.name


def test_the_record_of_the_included_reader_holds_the_hash_of_its_file() -> None:
    record = json.loads(record_path(DIGIT_READER_PATH).read_text(encoding="utf-8"))
    assert record["sha256"] == file_sha256(DIGIT_READER_PATH)
    assert min(record["test_accuracy"].values()) >= 0.98


def test_the_same_digit_in_the_other_style_is_another_class(
    included_reader: DigitReader, bundled: DatasetPair
) -> None:
    images = torch.from_numpy(bundled.dataset_1.test[::10]).unsqueeze(1) / 255
    light_on_dark, _ = classify(included_reader, images)
    dark_on_light, _ = classify(included_reader, 1 - images)
    assert (light_on_dark < 10).all()
    assert (dark_on_light >= 10).all()
    assert (dark_on_light == light_on_dark + 10).float().mean() > 0.95


def test_the_reader_has_low_confidence_for_uniform_grey_and_for_noise(
    included_reader: DigitReader,
) -> None:
    rng = np.random.default_rng(0)
    grey = rng.uniform(0, 1, (100, 1, 1, 1)) + np.zeros((100, 1, 28, 28))
    noise = rng.uniform(0, 1, (100, 1, 28, 28))
    for images in (grey, noise):
        _, confidence = classify(included_reader, torch.from_numpy(images.astype(np.float32)))
        assert (confidence < CONFIDENCE_THRESHOLD).float().mean() > 0.9


def test_the_included_reader_is_in_evaluation_mode_without_gradients(
    included_reader: DigitReader,
) -> None:
    assert not included_reader.training
    assert not any(parameter.requires_grad for parameter in included_reader.parameters())


def test_classes_are_digit_plus_10_for_dark_on_light(bundled: DatasetPair) -> None:
    labels = np.array([0, 4, 9], dtype=np.uint8)
    assert dataset_classes(bundled.dataset_1, labels).tolist() == [0, 4, 9]
    assert dataset_classes(bundled.dataset_2, labels).tolist() == [10, 14, 19]
    digits_5_to_9: Dataset = load_pair("digits").dataset_2
    assert dataset_classes(digits_5_to_9, labels[2:]).tolist() == [9]


def test_the_error_for_a_damaged_reader_file_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = tmp_path / "digit-reader.safetensors"
    damaged.write_bytes(DIGIT_READER_PATH.read_bytes()[:1000])
    monkeypatch.setattr(reader_module, "DIGIT_READER_PATH", damaged)
    with pytest.raises(WeightsError, match="expected a safetensors file") as caught:
        load_digit_reader()
    assert str(damaged) in str(caught.value)


@pytest.fixture(scope="module")
def few_images(bundled: DatasetPair, one_thread: int) -> DatasetPair:
    """1,000 training images and 200 test images per dataset."""
    return subsample(bundled, train=1_000, test=200)


def test_training_learns_both_styles_and_is_deterministic(
    few_images: DatasetPair, bundled: DatasetPair
) -> None:
    images, labels = few_images.dataset_1.train, few_images.dataset_1.train_labels
    progress = list(train_reader(images, labels, 0))
    assert all(later.step > earlier.step for earlier, later in pairwise(progress))
    assert progress[-1].step == progress[-1].steps
    assert progress[-1].loss < progress[0].loss / 2

    reader, repeated = (drain(train_reader(images, labels, 0)) for _ in range(2))
    for name, tensor in reader.state_dict().items():
        assert torch.equal(tensor, repeated.state_dict()[name])
    for dataset in (few_images.dataset_1, few_images.dataset_2):
        assert clean_accuracy(reader, dataset) > 0.6


def test_the_record_of_a_trained_reader_holds_its_accuracy_and_training_images(
    few_images: DatasetPair, tmp_path: Path
) -> None:
    path = tmp_path / "reader.safetensors"
    drain(train_reader_to_file(subsample(few_images, train=200), 3, path))
    record = json.loads(record_path(path).read_text(encoding="utf-8"))
    assert record["seed"] == 3
    assert record["training_images"]["count"] == 200
    assert len(record["training_images"]["digest"]) == 64
    assert set(record["test_accuracy"]) == {"light_on_dark", "inverted"}
    assert record["test_images"] == 200
    assert record["sha256"] == file_sha256(path)


def test_bundled_test_images_are_never_trained_on(bundled: DatasetPair, tmp_path: Path) -> None:
    small = subsample(bundled, train=150, test=20)
    with_test_images = replace(
        small.dataset_1,
        train=np.concatenate([small.dataset_1.train, bundled.dataset_1.test[:50]]),
        train_labels=np.concatenate(
            [small.dataset_1.train_labels, bundled.dataset_1.test_labels[:50]]
        ),
    )
    path = tmp_path / "reader.safetensors"
    drain(train_reader_to_file(replace(small, dataset_1=with_test_images), 0, path))
    record = json.loads(record_path(path).read_text(encoding="utf-8"))
    assert record["training_images"]["count"] == 150


def test_the_reader_has_one_output_per_class() -> None:
    assert DigitReader()(torch.zeros(2, 1, 28, 28)).shape == (2, CLASSES)
    assert CLASSES == 20
