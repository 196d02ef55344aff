"""What ships in ``cached_weights/``: what it was trained on, how it scores, how it was made."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data import load_pair
from core.data.fingerprints import digest, fingerprints
from core.evaluation.weight_scores import score_weights
from core.model.digit_reader import PATH as READER
from core.model.digit_reader import load_digit_reader
from core.model.weights import file_sha256, load_vae, record_path, shipped_path
from core.support.environment import CACHED_WEIGHTS
from core.support.errors import WeightsError
from core.training.recipe import Recipe

SHIPPED = [(split, latent_dim) for split in ("inverted", "digits") for latent_dim in (2, 5, 10, 20)]
ALL = [*(shipped_path(*each) for each in SHIPPED), READER]

shipped = pytest.mark.parametrize(("split", "latent_dim"), SHIPPED)
every_file = pytest.mark.parametrize("path", ALL, ids=[path.stem for path in ALL])


def record_of(path: Path) -> dict[str, Any]:
    return json.loads(record_path(path).read_text(encoding="utf-8"))


def trained_on(path: Path) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """The fingerprints of the images that a file was trained on, checked against its record."""
    record = record_of(path)["training_images"]
    prints = np.load(CACHED_WEIGHTS / record["file"])
    assert len(prints) == record["count"]
    assert digest(prints) == record["digest"]
    return prints


@every_file
def test_no_bundled_test_image_was_trained_on(path: Path) -> None:
    tested = fingerprints(load_pair("inverted", "bundled").dataset_1.test)
    assert len(np.unique(tested)) == 1000
    assert not np.isin(tested, trained_on(path)).any()


@every_file
def test_no_test_image_of_full_mnist_was_trained_on_but_59000_of_its_training_images_were(
    path: Path, full_mnist: Path
) -> None:
    split = record_of(path).get("split", "inverted")
    pair = load_pair(split, "mnist")
    prints = trained_on(path)
    assert not np.isin(fingerprints(load_pair("inverted", "mnist").dataset_1.test), prints).any()
    known = fingerprints(pair.dataset_1.train)
    bundled_test = fingerprints(load_pair(split, "bundled").dataset_1.test)
    assert set(prints.tolist()) == set(known.tolist()) - set(bundled_test.tolist())
    if split == "inverted":
        assert len(prints) == 59_000


@every_file
def test_record_names_file_hash_seed_threads_and_library_versions(path: Path) -> None:
    record = record_of(path)
    assert record["sha256"] == file_sha256(path)
    assert record["threads"] >= 1
    assert {"python", "torch", "numpy"} <= set(record["versions"])
    assert record["source"] == "mnist"


@every_file
def test_file_and_record_are_small(path: Path) -> None:
    assert path.stat().st_size < 1_000_000
    assert record_path(path).stat().st_size < 20_000


@shipped
def test_recipe_is_the_references(split: str, latent_dim: int) -> None:
    record = record_of(shipped_path(split, latent_dim))
    assert Recipe(**record["recipe"]) == Recipe(
        latent_dim=latent_dim, seed=record["recipe"]["seed"]
    )
    assert record["epochs"] == len(record["loss_per_epoch"]) <= 25
    assert record["split"] == split


@shipped
def test_scores_on_the_bundled_images_are_those_recorded(split: str, latent_dim: int) -> None:
    path = shipped_path(split, latent_dim)
    found = score_weights(load_vae(path, latent_dim), load_pair(split, "bundled"))
    recorded = record_of(path)["scores"]["bundled"]
    for key in ("dataset_1", "dataset_2"):
        assert found[key]["test_images"] == recorded[key]["test_images"]
        for measure in ("error", "recall_error"):
            assert found[key][measure] == pytest.approx(recorded[key][measure], rel=1e-4)
        assert found[key]["recall_accuracy"] == pytest.approx(
            recorded[key]["recall_accuracy"], abs=0.003
        )


def test_quality_bar_error_on_mnists_test_images_is_at_most_the_references() -> None:
    recorded = record_of(shipped_path("inverted", 5))["scores"]["mnist"]["dataset_1"]
    assert recorded["test_images"] == 10_000
    assert recorded["error"] <= 58.2


def test_recorded_quality_is_what_full_mnist_says(full_mnist: Path) -> None:
    path = shipped_path("inverted", 5)
    found = score_weights(load_vae(path, 5), load_pair("inverted", "mnist"))["dataset_1"]
    assert found["error"] == pytest.approx(
        record_of(path)["scores"]["mnist"]["dataset_1"]["error"], rel=1e-4
    )


def test_digit_reader_names_at_least_98_percent_of_clean_test_images_in_both_styles() -> None:
    record = record_of(READER)
    assert record["test_images"] == 10_000
    for accuracy in record["test_accuracy"].values():
        assert accuracy >= 0.98


def test_digit_reader_reads_the_bundled_test_images_as_well() -> None:
    from core.training.reader_training import clean_accuracy

    pair = load_pair("inverted", "bundled")
    for dataset in (pair.dataset_1, pair.dataset_2):
        assert clean_accuracy(load_digit_reader(), dataset) >= 0.98


def test_weights_of_another_latent_dim_are_refused_with_file_tensor_and_both_shapes() -> None:
    path = shipped_path("inverted", 10)
    with pytest.raises(
        WeightsError, match=r"vae-inverted-10.*'encoder.dense2.weight'.*\[5, 16\].*\[10, 16\]"
    ):
        load_vae(path, 5)
