"""`core.training.night`: the dreamer, and recall from partial images."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.data import DatasetPair, load_pair
from core.evaluation.probe import build_probe
from core.model.weights import load_vae
from core.runs.events import CuesShown, DreamsMade, ImagesRecalled
from core.training.night import train
from tests.conftest import ConfigFactory, NightRunner, events_of_type, without_duration
from tests.helpers.nights import dreams
from tools.datasets import subsample

pytestmark = pytest.mark.usefixtures("one_thread")


# --- recall ---


def cue_indices(labels: np.ndarray[Any, Any]) -> list[int]:
    """Return the indices of the cues in a test set: the first of each digit, ten in all."""
    digits = np.unique(labels)
    per_digit = 10 // len(digits)
    return [index for d in digits for index in np.flatnonzero(labels == d)[:per_digit]]


@pytest.mark.parametrize(
    ("split", "digits"),
    [
        ("inverted", (list(range(10)), list(range(10)))),
        ("digits", ([0, 0, 1, 1, 2, 2, 3, 3, 4, 4], [5, 5, 6, 6, 7, 7, 8, 8, 9, 9])),
    ],
)
@pytest.mark.parametrize("mask", ["random", "top"])
def test_cues_hold_every_digit_equally_often_and_hide_the_same_pixels_as_the_measurement(
    split: str, digits: tuple[list[int], list[int]], mask: str, short: ConfigFactory
) -> None:
    pair = load_pair(split)
    shown = next(
        event
        for event in train(short(split=split, mask=mask), pair)
        if isinstance(event, CuesShown)
    )
    datasets = (
        (pair.dataset_1, shown.original_1, shown.partial_1),
        (pair.dataset_2, shown.original_2, shown.partial_2),
    )
    for (dataset, original, partial), expected in zip(datasets, digits, strict=True):
        indices = cue_indices(dataset.test_labels)
        assert dataset.test_labels[indices].tolist() == expected
        assert np.array_equal(original, dataset.test[indices])
        hidden = build_probe(dataset, mask, 0.25, torch.device("cpu")).hidden.squeeze(1).numpy()
        assert np.array_equal(partial, np.where(hidden[indices], 0, original))
        assert (original.dtype, partial.dtype) == (np.uint8, np.uint8)


def test_cues_are_the_same_in_every_condition(night: NightRunner) -> None:
    conditions = (
        night(),
        night(seeds=(5, 6), start_fraction_rem=0.0, num=3, continue_training=True),
    )
    first, second = (events_of_type(events, CuesShown) for events in conditions)
    assert without_duration(first) == without_duration(second)


def test_every_seeds_model_recalls_the_cues_before_the_night_and_after_each_cycle(
    night: NightRunner, tiny_weights: Path
) -> None:
    events = night(seeds=(0, 1), lr=0.01)
    (shown,) = events_of_type(events, CuesShown)
    recalls = events_of_type(events, ImagesRecalled)
    assert [event.cycle for event in recalls] == [0, 1, 2]
    initial_model = load_vae(tiny_weights, 5)
    for partial, recalled in (
        (shown.partial_1, [event.dataset_1 for event in recalls]),
        (shown.partial_2, [event.dataset_2 for event in recalls]),
    ):
        with torch.no_grad():
            images = torch.from_numpy(partial).unsqueeze(1) / 255
            expected = initial_model.reconstruct(images).squeeze(1).numpy() * 255
        for seed in recalled[0]:
            assert np.abs(seed - expected).max() <= 0.5 + 1e-3
        assert {images.shape for images in recalled} == {(2, 10, 28, 28)}
        assert {images.dtype for images in recalled} == {np.dtype(np.uint8)}
        assert not np.array_equal(recalled[1][0], recalled[1][1])
        assert not np.array_equal(recalled[1], recalled[2])


def test_a_digit_with_too_few_test_images_contributes_fewer_cues(
    night: NightRunner, bundled: DatasetPair
) -> None:
    (shown,) = events_of_type(night(subsample(bundled, test=7)), CuesShown)
    assert shown.original_1.shape == (7, 28, 28)


# --- the dreamer ---


def test_the_frozen_dreamer_decodes_with_the_initial_weights_in_every_cycle(
    night: NightRunner, short: ConfigFactory, tiny_weights: Path
) -> None:
    frozen = load_vae(tiny_weights, 5)
    events = events_of_type(night(seeds=(6,), lr=0.01), DreamsMade)
    assert [event.cycle for event in events] == [1, 2]
    for event in events:
        expected = dreams(frozen, short(seeds=(6,)), event.cycle).squeeze(1).numpy() * 255
        assert event.images.shape == (1, 4, 28, 28)
        assert event.images.dtype == np.uint8
        assert np.abs(event.images[0] - expected).max() <= 0.5 + 1e-3


def test_the_current_dreamer_decodes_with_the_weights_that_training_has_changed(
    night: NightRunner,
) -> None:
    changes = {"lr": 0.01, "start_fraction_rem": 1.0, "end_fraction_rem": 1.0}
    frozen = events_of_type(night(**changes), DreamsMade)
    current = events_of_type(night(continue_training=True, **changes), DreamsMade)
    assert np.array_equal(current[0].images, frozen[0].images)  # nothing is trained yet
    assert not np.array_equal(current[1].images, frozen[1].images)


def test_dreams_of_frozen_and_current_dreamers_differ_after_a_nrem_stage(
    night: NightRunner,
) -> None:
    frozen, current = (
        events_of_type(night(lr=0.01, continue_training=choice), DreamsMade)[0].images
        for choice in (False, True)
    )
    assert not np.array_equal(frozen, current)


def test_dreams_differ_between_cycles_and_between_seeds(night: NightRunner) -> None:
    first, second = (event.images for event in events_of_type(night(seeds=(0, 1)), DreamsMade))
    assert first.shape == (2, 4, 28, 28)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first[0], first[1])


def test_the_shares_of_dream_content_add_up_to_1(night: NightRunner) -> None:
    for event in events_of_type(night(seeds=(0, 1), num=10), DreamsMade):
        for shares in zip(event.old, event.new, event.neither, strict=True):
            assert sum(shares) == pytest.approx(1)
        assert all(0 <= count <= 10 for count in (*event.old_classes, *event.new_classes))
