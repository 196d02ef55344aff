"""`core.evaluation`: measures, probes and dream content."""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from core.data import DatasetPair, load_pair
from core.data.masks import MASKS
from core.evaluation.dream_content import dream_content
from core.evaluation.measure import measure
from core.evaluation.probe import Probe, build_probe
from core.model.digit_reader import DigitReader, load_digit_reader
from core.model.vae import VAE
from core.model.weights import load_vae, shipped_path
from core.runs.statistics import EVALUATION_SUBSET
from tests.conftest import comparable

pytestmark = pytest.mark.usefixtures("one_thread")
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def reader() -> DigitReader:
    return load_digit_reader()


@pytest.fixture(scope="module")
def vae(tiny_weights: Path) -> VAE:
    return load_vae(tiny_weights, 5)


@pytest.fixture(scope="module")
def probe(small_pair: DatasetPair) -> Probe:
    return build_probe(small_pair.dataset_1, "random", 0.25, CPU)


@pytest.fixture
def float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measuring as on a CPU without bfloat16."""
    monkeypatch.setattr("core.evaluation.measure.has_bfloat16", lambda device: False)


@pytest.mark.usefixtures("float32")
def test_errors_are_sums_of_absolute_differences_over_784_pixels(
    vae: VAE, probe: Probe, reader: DigitReader
) -> None:
    measured = measure(vae, probe, reader)
    images = probe.images.float() / 255
    partial = torch.where(probe.hidden, 0.0, images)
    with torch.no_grad():
        for inputs, errors in ((images, measured.error), (partial, measured.recall_error)):
            outputs = vae.reconstruct(inputs).numpy()
            expected = np.abs(images.numpy() - outputs).sum(axis=(1, 2, 3))
            np.testing.assert_allclose(errors, expected, rtol=1e-4)
    assert measured.error.dtype == measured.recall_error.dtype == np.float32
    assert measured.error.shape == measured.recall_error.shape == measured.recalled.shape == (20,)
    assert (measured.error >= 0).all()
    assert (measured.error <= 784).all()


@pytest.mark.parametrize(("split", "latent_dim"), [("inverted", 5), ("digits", 5), ("inverted", 2)])
def test_bfloat16_changes_no_measure_by_more_than_half_a_percent(
    split: str, latent_dim: int, reader: DigitReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On every CPU: one without bfloat16 emulates it slowly.
    vae, pair = load_vae(shipped_path(split, latent_dim), latent_dim), load_pair(split)
    for dataset in (pair.dataset_1, pair.dataset_2):
        probe = build_probe(dataset, "random", 0.25, CPU).subset(EVALUATION_SUBSET)
        results = []
        for available in (False, True):
            monkeypatch.setattr(
                "core.evaluation.measure.has_bfloat16",
                lambda device, available=available: available,
            )
            results.append(measure(vae, probe, reader))
        exact, fast = results
        assert (exact.error != fast.error).any()  # bfloat16 was used
        for name in ("error", "recall_error"):
            expected = getattr(exact, name).mean(dtype=float)
            assert getattr(fast, name).mean(dtype=float) == pytest.approx(expected, rel=0.005)
        assert fast.recalled.mean() == pytest.approx(exact.recalled.mean(), abs=0.005)


class Perfect(VAE):
    """Returns exactly the image that it receives."""

    def reconstruct(self, images: Tensor) -> Tensor:
        return images


class Inverting(VAE):
    """Returns the right digit in the wrong style."""

    def reconstruct(self, images: Tensor) -> Tensor:
        return 1 - images


def test_a_model_that_returns_its_input_has_no_error_and_recalls_unmasked_images(
    bundled: DatasetPair, reader: DigitReader
) -> None:
    for dataset in (bundled.dataset_1, bundled.dataset_2):
        measured = measure(Perfect(5), build_probe(dataset, "random", 0.0, CPU), reader, exact=True)
        assert not measured.error.any()
        assert not measured.recall_error.any()
        assert measured.recalled.mean() >= 0.98


def test_the_right_digit_in_the_wrong_style_does_not_count_as_recalled(
    bundled: DatasetPair, reader: DigitReader
) -> None:
    for dataset in (bundled.dataset_1, bundled.dataset_2):
        probe = build_probe(dataset, "random", 0.0, CPU)
        measured = measure(Inverting(5), probe, reader, exact=True)
        assert measured.recalled.mean() < 0.01


@pytest.mark.parametrize("mask", MASKS)
def test_partial_images_have_the_masks_pixels_set_to_0(
    mask: str, small_pair: DatasetPair, reader: DigitReader
) -> None:
    probe = build_probe(small_pair.dataset_2, mask, 0.25, CPU)
    hidden = MASKS[mask].hidden(20, 0.25)
    assert np.array_equal(probe.hidden.squeeze(1).numpy(), hidden)
    measured = measure(Perfect(5), probe, reader, exact=True)
    hidden_sum = np.where(hidden, small_pair.dataset_2.test / 255, 0).sum(axis=(1, 2))
    np.testing.assert_allclose(measured.recall_error, hidden_sum, rtol=1e-4)


def test_both_datasets_hide_the_same_pixels_at_the_same_position(small_pair: DatasetPair) -> None:
    first, second = (
        build_probe(dataset, "random", 0.25, CPU)
        for dataset in (small_pair.dataset_1, small_pair.dataset_2)
    )
    assert torch.equal(first.hidden, second.hidden)


def test_the_subset_is_fixed_evenly_spaced_and_hides_the_same_pixels(bundled: DatasetPair) -> None:
    whole = build_probe(bundled.dataset_1, "random", 0.25, CPU)
    subset = whole.subset(EVALUATION_SUBSET)
    assert len(subset.images) == EVALUATION_SUBSET
    assert np.bincount(subset.classes.numpy()).tolist() == [50] * 10
    indices = np.linspace(0, 999, EVALUATION_SUBSET).round().astype(int)
    assert torch.equal(subset.images, whole.images[indices])
    assert torch.equal(subset.hidden, whole.hidden[indices])
    assert torch.equal(subset.classes, whole.classes[indices])
    assert whole.subset(1_000) is whole
    assert whole.subset(5_000) is whole


def test_measuring_changes_neither_the_model_nor_a_random_generator(
    vae: VAE, probe: Probe, reader: DigitReader
) -> None:
    weights = copy.deepcopy(vae.state_dict())
    strides = [parameter.stride() for parameter in vae.parameters()]
    generators = torch.get_rng_state(), np.random.get_state()[1].tobytes()
    first, second = (measure(vae, probe, reader) for _ in range(2))
    assert comparable(first) == comparable(second)
    assert all(torch.equal(tensor, weights[name]) for name, tensor in vae.state_dict().items())
    assert [parameter.stride() for parameter in vae.parameters()] == strides
    assert all(parameter.requires_grad for parameter in vae.parameters())
    assert all(parameter.grad is None for parameter in vae.parameters())
    assert torch.equal(torch.get_rng_state(), generators[0])
    assert np.random.get_state()[1].tobytes() == generators[1]


@pytest.mark.parametrize("threads", [2, 5])
def test_threads_change_no_bit_of_a_measurement(
    threads: int, vae: VAE, bundled: DatasetPair, reader: DigitReader
) -> None:
    probe = build_probe(bundled.dataset_1, "random", 0.25, CPU).subset(130)
    assert comparable(measure(vae, probe, reader, threads=threads)) == comparable(
        measure(vae, probe, reader)
    )


def test_the_measures_of_an_image_do_not_depend_on_the_other_images(
    vae: VAE, bundled: DatasetPair, reader: DigitReader
) -> None:
    whole = build_probe(bundled.dataset_1, "random", 0.25, CPU).subset(150)
    first_30 = Probe(whole.images[:30], whole.hidden[:30], whole.classes[:30])
    of_30, of_all = measure(vae, first_30, reader), measure(vae, whole, reader)
    np.testing.assert_allclose(of_all.error[:30], of_30.error, rtol=1e-4)
    np.testing.assert_allclose(of_all.recall_error[:30], of_30.recall_error, rtol=1e-4)


def as_dreams(images: np.ndarray) -> Tensor:
    """Return uint8 images [n, 28, 28] in the form of dreams, [n, 1, 28, 28] in [0, 1]."""
    return torch.from_numpy(images).unsqueeze(1).float() / 255


@pytest.mark.parametrize(("split", "classes"), [("inverted", 10), ("digits", 5)])
def test_real_images_are_classified_as_old_or_new(
    split: str, classes: int, reader: DigitReader
) -> None:
    pair = load_pair(split)
    first, second = pair.dataset_1, pair.dataset_2
    old = dream_content(as_dreams(first.test[::5]), reader, first, second)
    assert old.old > 0.95
    assert old.new < 0.02
    assert old.old_classes == classes
    new = dream_content(as_dreams(second.test[::5]), reader, first, second)
    assert new.new > 0.95
    assert new.old < 0.02
    assert new.new_classes == classes


def test_grey_images_are_classified_as_neither(reader: DigitReader, bundled: DatasetPair) -> None:
    grey = torch.full((8, 1, 28, 28), 0.5)
    content = dream_content(grey, reader, bundled.dataset_1, bundled.dataset_2)
    assert (content.old, content.new, content.neither) == (0, 0, 1)
    assert (content.old_classes, content.new_classes) == (0, 0)


def test_digits_in_a_style_of_neither_dataset_are_classified_as_neither(
    reader: DigitReader,
) -> None:
    pair = load_pair("digits")
    inverted = as_dreams(255 - pair.dataset_1.test[::10])
    assert dream_content(inverted, reader, pair.dataset_1, pair.dataset_2).neither > 0.95


def test_the_shares_of_dream_content_add_up_to_1(reader: DigitReader, bundled: DatasetPair) -> None:
    first, second = bundled.dataset_1, bundled.dataset_2
    mixed = torch.cat(
        [as_dreams(first.test[:3]), as_dreams(second.test[:2]), torch.full((2, 1, 28, 28), 0.5)]
    )
    content = dream_content(mixed, reader, first, second)
    assert content.old + content.new + content.neither == pytest.approx(1)
    assert (content.old, content.new) == (3 / 7, 2 / 7)
