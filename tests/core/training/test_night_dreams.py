"""`core.training.night`: who dreams, and what the partial images bring back."""

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
from tests.conftest import Night, Settings, of_kind, without_clock
from tests.helpers.nights import dreams
from tools.datasets import fewer

pytestmark = pytest.mark.usefixtures("one_thread")


# --- what is recalled ---


def cue_places(labels: np.ndarray[Any, Any]) -> list[int]:
    """Where the cues lie in a test set: the first of each digit, ten in all."""
    digits = np.unique(labels)
    return [place for d in digits for place in np.flatnonzero(labels == d)[: 10 // len(digits)]]


@pytest.mark.parametrize(
    ("split", "digits"),
    [
        ("inverted", (list(range(10)), list(range(10)))),
        ("digits", ([0, 0, 1, 1, 2, 2, 3, 3, 4, 4], [5, 5, 6, 6, 7, 7, 8, 8, 9, 9])),
    ],
)
@pytest.mark.parametrize("mask", ["random", "top"])
def test_the_cues_are_each_digit_equally_often_hidden_as_for_measuring(
    split: str, digits: tuple[list[int], list[int]], mask: str, short: Settings
) -> None:
    pair = load_pair(split)
    shown = next(
        event
        for event in train(short(split=split, mask=mask), pair)
        if isinstance(event, CuesShown)
    )
    both = (
        (pair.dataset_1, shown.original_1, shown.partial_1),
        (pair.dataset_2, shown.original_2, shown.partial_2),
    )
    for (dataset, original, partial), expected in zip(both, digits, strict=True):
        places = cue_places(dataset.test_labels)
        assert dataset.test_labels[places].tolist() == expected
        assert np.array_equal(original, dataset.test[places])
        hidden = build_probe(dataset, mask, 0.25, torch.device("cpu")).hidden.squeeze(1).numpy()
        assert np.array_equal(partial, np.where(hidden[places], 0, original))
        assert (original.dtype, partial.dtype) == (np.uint8, np.uint8)


def test_the_cues_are_the_same_in_every_arm(night: Night) -> None:
    arms = (night(), night(seeds=(5, 6), start_fraction_rem=0.0, num=3, continue_training=True))
    first, second = (of_kind(events, CuesShown) for events in arms)
    assert without_clock(first) == without_clock(second)


def test_each_seeds_model_recalls_the_cues_before_the_night_and_after_each_cycle(
    night: Night, tiny_weights: Path
) -> None:
    events = night(seeds=(0, 1), lr=0.01)
    (shown,) = of_kind(events, CuesShown)
    made = of_kind(events, ImagesRecalled)
    assert [event.cycle for event in made] == [0, 1, 2]
    before = load_vae(tiny_weights, 5)
    for partial, recalled in (
        (shown.partial_1, [event.dataset_1 for event in made]),
        (shown.partial_2, [event.dataset_2 for event in made]),
    ):
        with torch.no_grad():
            images = torch.from_numpy(partial).unsqueeze(1) / 255
            expected = before.reconstruct(images).squeeze(1).numpy() * 255
        for seed in recalled[0]:
            assert np.abs(seed - expected).max() <= 0.5 + 1e-3
        assert {images.shape for images in recalled} == {(2, 10, 28, 28)}
        assert {images.dtype for images in recalled} == {np.dtype(np.uint8)}
        assert not np.array_equal(recalled[1][0], recalled[1][1])
        assert not np.array_equal(recalled[1], recalled[2])


def test_a_digit_with_too_few_test_images_gives_the_cues_it_has(
    night: Night, bundled: DatasetPair
) -> None:
    (shown,) = of_kind(night(fewer(bundled, test=7)), CuesShown)
    assert shown.original_1.shape == (7, 28, 28)


# --- who dreams ---


def test_the_frozen_dreamer_dreams_with_the_weights_from_before_the_night(
    night: Night, short: Settings, tiny_weights: Path
) -> None:
    frozen = load_vae(tiny_weights, 5)
    made = of_kind(night(seeds=(6,), lr=0.01), DreamsMade)
    assert [event.cycle for event in made] == [1, 2]
    for event in made:
        expected = dreams(frozen, short(seeds=(6,)), event.cycle).squeeze(1).numpy() * 255
        assert event.images.shape == (1, 4, 28, 28)
        assert event.images.dtype == np.uint8
        assert np.abs(event.images[0] - expected).max() <= 0.5 + 1e-3


def test_the_current_dreamer_dreams_with_the_weights_of_now(night: Night) -> None:
    changes = {"lr": 0.01, "start_fraction_rem": 1.0, "end_fraction_rem": 1.0}
    frozen = of_kind(night(**changes), DreamsMade)
    current = of_kind(night(continue_training=True, **changes), DreamsMade)
    assert np.array_equal(current[0].images, frozen[0].images)  # nothing is trained yet
    assert not np.array_equal(current[1].images, frozen[1].images)


def test_frozen_and_current_dreamers_differ_after_a_nrem_stage(night: Night) -> None:
    frozen, current = (
        of_kind(night(lr=0.01, continue_training=choice), DreamsMade)[0].images
        for choice in (False, True)
    )
    assert not np.array_equal(frozen, current)


def test_every_cycle_has_other_dreams_and_every_seed_its_own(night: Night) -> None:
    first, second = (event.images for event in of_kind(night(seeds=(0, 1)), DreamsMade))
    assert first.shape == (2, 4, 28, 28)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first[0], first[1])


def test_the_shares_of_what_dreams_hold_add_up_to_1(night: Night) -> None:
    for event in of_kind(night(seeds=(0, 1), num=10), DreamsMade):
        for shares in zip(event.old, event.new, event.neither, strict=True):
            assert sum(shares) == pytest.approx(1)
        assert all(0 <= count <= 10 for count in (*event.old_classes, *event.new_classes))
