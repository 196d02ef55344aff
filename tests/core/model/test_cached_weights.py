"""The files in ``cached_weights/``: training images, scores and records."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data import load_pair
from core.data.fingerprints import digest, fingerprints
from core.evaluation.weight_scores import score_weights
from core.model.digit_reader import DIGIT_READER_PATH as READER
from core.model.digit_reader import load_digit_reader
from core.model.weights import file_sha256, load_vae, record_path, shipped_path
from core.support.environment import CACHED_WEIGHTS
from core.support.errors import WeightsError
from core.training.recipe import Recipe

VAES = [(split, latent_dim) for split in ("inverted", "digits") for latent_dim in (2, 5, 10, 20)]
FILES = [*(shipped_path(split, latent_dim) for split, latent_dim in VAES), READER]

each_vae = pytest.mark.parametrize(("split", "latent_dim"), VAES)
each_file = pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])


def record_of(path: Path) -> dict[str, Any]:
    """Read the record of a weights file."""
    return json.loads(record_path(path).read_text(encoding="utf-8"))


def training_fingerprints(path: Path) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Read the fingerprints of the training images and check them against the record."""
    record = record_of(path)["training_images"]
    prints = np.load(CACHED_WEIGHTS / record["file"])
    assert len(prints) == record["count"]
    assert digest(prints) == record["digest"]
    return prints


@each_file
def test_no_bundled_test_image_was_trained_on(path: Path) -> None:
    test_prints = fingerprints(load_pair("inverted", "bundled").dataset_1.test)
    assert len(np.unique(test_prints)) == 1000
    assert not np.isin(test_prints, training_fingerprints(path)).any()


@each_file
def test_all_mnist_training_images_but_the_bundled_test_images_were_trained_on(
    path: Path, full_mnist: Path
) -> None:
    split = record_of(path).get("split", "inverted")
    pair = load_pair(split, "mnist")
    prints = training_fingerprints(path)
    assert not np.isin(fingerprints(load_pair("inverted", "mnist").dataset_1.test), prints).any()
    mnist_training = fingerprints(pair.dataset_1.train)
    bundled_test = fingerprints(load_pair(split, "bundled").dataset_1.test)
    assert set(prints.tolist()) == set(mnist_training.tolist()) - set(bundled_test.tolist())
    if split == "inverted":
        assert len(prints) == 59_000


@each_file
def test_a_record_holds_file_hash_threads_source_and_library_versions(path: Path) -> None:
    record = record_of(path)
    assert record["sha256"] == file_sha256(path)
    assert record["threads"] >= 1
    assert {"python", "torch", "numpy"} <= set(record["versions"])
    assert record["source"] == "mnist"


@each_file
def test_weights_file_and_record_are_small(path: Path) -> None:
    assert path.stat().st_size < 1_000_000
    assert record_path(path).stat().st_size < 20_000


@each_vae
def test_the_recipe_is_that_of_the_reference_simulation(split: str, latent_dim: int) -> None:
    record = record_of(shipped_path(split, latent_dim))
    assert Recipe(**record["recipe"]) == Recipe(
        latent_dim=latent_dim, seed=record["recipe"]["seed"]
    )
    assert record["epochs"] == len(record["loss_per_epoch"]) <= 25
    assert record["split"] == split


@each_vae
def test_scores_on_the_bundled_images_equal_the_record(split: str, latent_dim: int) -> None:
    path = shipped_path(split, latent_dim)
    scores = score_weights(load_vae(path, latent_dim), load_pair(split, "bundled"))
    recorded = record_of(path)["scores"]["bundled"]
    for key in ("dataset_1", "dataset_2"):
        assert scores[key]["test_images"] == recorded[key]["test_images"]
        for measure in ("error", "recall_error"):
            assert scores[key][measure] == pytest.approx(recorded[key][measure], rel=1e-4)
        assert scores[key]["recall_accuracy"] == pytest.approx(
            recorded[key]["recall_accuracy"], abs=0.003
        )


def test_the_error_on_mnist_test_images_is_at_most_that_of_the_reference_simulation() -> None:
    recorded = record_of(shipped_path("inverted", 5))["scores"]["mnist"]["dataset_1"]
    assert recorded["test_images"] == 10_000
    assert recorded["error"] <= 58.2


def test_the_error_on_mnist_test_images_equals_the_record(full_mnist: Path) -> None:
    path = shipped_path("inverted", 5)
    scores = score_weights(load_vae(path, 5), load_pair("inverted", "mnist"))["dataset_1"]
    assert scores["error"] == pytest.approx(
        record_of(path)["scores"]["mnist"]["dataset_1"]["error"], rel=1e-4
    )


def test_the_recorded_accuracy_of_the_digit_reader_is_at_least_98_percent_in_both_styles() -> None:
    record = record_of(READER)
    assert record["test_images"] == 10_000
    for accuracy in record["test_accuracy"].values():
        assert accuracy >= 0.98


def test_the_digit_reader_has_98_percent_accuracy_on_the_bundled_test_images() -> None:
    from core.training.reader_training import clean_accuracy

    pair = load_pair("inverted", "bundled")
    for dataset in (pair.dataset_1, pair.dataset_2):
        assert clean_accuracy(load_digit_reader(), dataset) >= 0.98


def test_the_error_for_another_latent_dim_names_file_tensor_and_both_shapes() -> None:
    path = shipped_path("inverted", 10)
    with pytest.raises(
        WeightsError, match=r"vae-inverted-10.*'encoder.dense2.weight'.*\[5, 16\].*\[10, 16\]"
    ):
        load_vae(path, 5)
