"""Choice of a night's initial weights, and pre-training where there are none."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from core.data import DatasetPair, load_pair
from core.data.fingerprints import digest, fingerprints
from core.evaluation.weight_scores import score_weights
from core.model.vae import VAE
from core.model.weights import (
    file_sha256,
    load_vae,
    record_path,
    save_weights,
    shipped_path,
    user_cache_path,
)
from core.runs.events import NightStarted, PretrainingAdvanced, StageEvaluated, WeightsUsed
from core.schedule.config import RunConfig
from core.support import environment
from core.support.errors import WeightsError
from core.training.initial_weights import initial_weights
from core.training.night import train
from core.training.pretrained_weights import pretrain_to_file, pretraining_images
from core.training.pretraining import pretrain
from core.training.recipe import Recipe
from tests.conftest import ConfigFactory, drain, events_of_type
from tools.datasets import subsample

pytestmark = pytest.mark.usefixtures("one_thread", "new_cache", "no_shipped_weights")


@pytest.fixture
def new_cache(bundled: DatasetPair, session_folders: Path, empty_cache: Path) -> Path:
    """A user cache with the parsed images, which take time to parse, and without weights."""
    shutil.copytree(
        session_folders / "cache", empty_cache, ignore=shutil.ignore_patterns("weights")
    )
    return empty_cache


@pytest.fixture
def no_shipped_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in place of the weights that ship with the program."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    monkeypatch.setattr(environment, "CACHED_WEIGHTS", folder)
    return folder


@pytest.fixture(scope="module")
def few(bundled: DatasetPair) -> DatasetPair:
    """So few images that 25 epochs of pre-training take less than a second."""
    return subsample(bundled, train=20, test=20)


@pytest.fixture(scope="module")
def pretrained(few: DatasetPair, one_thread: int) -> VAE:
    """The model pre-trained on the few images at latent_dim 2, seed 0."""
    vae, _ = drain(pretrain(few.dataset_1.train, Recipe(latent_dim=2)))
    return vae


def write_random_weights(path: Path, latent_dim: int = 2) -> VAE:
    """Write random weights to ``path`` and return their model."""
    vae = VAE(latent_dim)
    save_weights(vae, path, {})
    return vae


def load(config: RunConfig, pair: DatasetPair) -> tuple[VAE, WeightsUsed, int]:
    """Return the model, its origin and the number of progress events of pre-training."""
    advanced = 0
    loading = initial_weights(config, pair)
    while True:
        try:
            assert isinstance(next(loading), PretrainingAdvanced)
        except StopIteration as stop:
            return (*stop.value, advanced)
        advanced += 1


def same(one: VAE, other: VAE) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def config(**changes: object) -> RunConfig:
    return RunConfig(**{"latent_dim": 2, "num": 4, "total_eps": 2, "num_cycles": 1, **changes})


IN_CACHE = ("inverted", 2, "bundled", 0)


def test_a_given_weights_file_takes_precedence_over_all_others(
    few: DatasetPair, tmp_path: Path
) -> None:
    write_random_weights(shipped_path("inverted", 2))
    write_random_weights(user_cache_path(*IN_CACHE))
    path = tmp_path / "given.safetensors"
    given = write_random_weights(path)
    vae, used, advanced = load(config(weights=str(path)), few)
    assert same(vae, given)
    assert used == WeightsUsed("given", "given.safetensors", file_sha256(path))
    assert advanced == 0


def test_shipped_weights_take_precedence_over_weights_in_the_user_cache(few: DatasetPair) -> None:
    shipped = write_random_weights(shipped_path("inverted", 2))
    write_random_weights(user_cache_path(*IN_CACHE))
    vae, used, advanced = load(config(), few)
    assert same(vae, shipped)
    assert (used.origin, used.file, advanced) == ("cached", "vae-inverted-2.safetensors", 0)


def test_weights_in_the_user_cache_are_used_without_pretraining(few: DatasetPair) -> None:
    in_cache = write_random_weights(user_cache_path(*IN_CACHE))
    vae, used, advanced = load(config(), few)
    assert same(vae, in_cache)
    assert (used.origin, advanced) == ("pre-trained", 0)


def test_missing_weights_are_pretrained_once_and_stored_in_the_user_cache(
    few: DatasetPair, pretrained: VAE, new_cache: Path
) -> None:
    vae, used, advanced = load(config(), few)
    assert advanced > 0
    assert same(vae, pretrained)
    path = user_cache_path(*IN_CACHE)
    assert new_cache in path.parents
    assert used == WeightsUsed("pre-trained", path.name, file_sha256(path))
    second, used_again, advanced_again = load(config(), few)
    assert same(second, pretrained)
    assert used_again == used
    assert advanced_again == 0


def test_requested_new_weights_are_trained_although_there_are_others(
    few: DatasetPair, pretrained: VAE
) -> None:
    shipped = write_random_weights(shipped_path("inverted", 2))
    in_cache = write_random_weights(user_cache_path(*IN_CACHE))
    vae, used, advanced = load(config(use_initial_weights=False), few)
    assert advanced > 0
    assert same(vae, pretrained)
    assert not same(vae, shipped)
    assert not same(vae, in_cache)
    assert used.origin == "pre-trained"
    assert same(load_vae(user_cache_path(*IN_CACHE), 2), pretrained)


def test_a_night_from_new_weights_starts_with_their_error(
    few: DatasetPair, pretrained: VAE
) -> None:
    write_random_weights(shipped_path("inverted", 2))
    events = list(train(config(use_initial_weights=False), few))
    assert isinstance(events[0], PretrainingAdvanced)
    (started,) = events_of_type(events, NightStarted)
    assert started.weights.origin == "pre-trained"
    first = events_of_type(events, StageEvaluated)[0]
    # Nights may measure in bfloat16, weights are scored in float32.
    expected = score_weights(pretrained, few)["dataset_1"]["error"]
    assert first.dataset_1.error[0] == pytest.approx(expected, rel=0.005)


def test_the_pretraining_seed_decides_new_weights_and_their_file_name(
    few: DatasetPair, pretrained: VAE
) -> None:
    vae, used, _ = load(config(use_initial_weights=False, pretrain_seed=5), few)
    assert not same(vae, pretrained)
    assert used.file == user_cache_path("inverted", 2, "bundled", 5).name
    assert not user_cache_path(*IN_CACHE).exists()


def test_weights_of_another_split_are_not_used(few: DatasetPair) -> None:
    write_random_weights(shipped_path("digits", 2))
    write_random_weights(user_cache_path("digits", 2, "bundled", 0))
    assert load(config(), few)[2] > 0


def test_a_damaged_shipped_file_raises_an_error_that_names_it(few: DatasetPair) -> None:
    shipped_path("inverted", 2).write_bytes(b"damaged")
    with pytest.raises(WeightsError, match=r"vae-inverted-2\.safetensors: expected a safetensors"):
        load(config(), few)


def test_a_missing_given_file_raises_an_error_that_names_it(
    few: DatasetPair, tmp_path: Path
) -> None:
    with pytest.raises(WeightsError, match=r"absent\.safetensors: there is no such file"):
        load(config(weights=str(tmp_path / "absent.safetensors")), few)


def test_the_next_night_continues_an_interrupted_pretraining(
    few: DatasetPair, pretrained: VAE
) -> None:
    first_attempt = initial_weights(config(), few)
    for progress in first_attempt:
        if progress.epoch == 6:
            first_attempt.close()
    assert not user_cache_path(*IN_CACHE).exists()
    second_attempt = initial_weights(config(), few)
    assert next(second_attempt).epoch == 6
    vae, _ = drain(second_attempt)
    assert same(vae, pretrained)
    assert not list(
        user_cache_path(*IN_CACHE).parent.glob("*.partial*")
    )  # no checkpoint is left behind


def test_the_record_holds_recipe_training_images_and_scores(
    few: DatasetPair, tmp_path: Path
) -> None:
    path = tmp_path / "vae.safetensors"
    recipe = Recipe(latent_dim=2, max_epochs=2, seed=3)
    drain(pretrain_to_file(few, recipe, path))
    record = json.loads(record_path(path).read_text(encoding="utf-8"))
    assert record["recipe"] == dataclasses.asdict(recipe)
    assert (record["split"], record["source"]) == ("inverted", "bundled")
    assert record["epochs"] == len(record["loss_per_epoch"]) == 2
    trained_on = record["training_images"]
    prints = fingerprints(few.dataset_1.train)
    assert (trained_on["count"], trained_on["digest"]) == (20, digest(prints))
    assert set(np.load(path.with_name(trained_on["file"]))) == set(prints)
    assert record["threads"] == 1
    assert "torch" in record["versions"]
    assert record["sha256"] == file_sha256(path)
    assert record["scores"]["bundled"] == score_weights(load_vae(path, 2), few)
    assert record["scores"]["bundled"]["dataset_1"]["test_images"] == 20


def test_images_of_the_bundled_test_set_are_removed_before_pretraining(
    bundled: DatasetPair,
) -> None:
    first = bundled.dataset_1
    mixed = dataclasses.replace(
        bundled,
        dataset_1=dataclasses.replace(first, train=np.concatenate([first.train, first.test])),
    )
    assert np.array_equal(pretraining_images(mixed), first.train)


def test_pretraining_on_full_mnist_uses_59000_images_and_no_test_image_of_either_source(
    full_mnist: Path, bundled: DatasetPair
) -> None:
    pair = load_pair("inverted", "mnist")
    trained_on = fingerprints(pretraining_images(pair))
    assert len(trained_on) == 59_000
    assert not np.isin(fingerprints(bundled.dataset_1.test), trained_on).any()
    assert not np.isin(fingerprints(pair.dataset_1.test), trained_on).any()


def test_a_night_without_weights_yields_pretraining_progress_before_it_starts(
    short: ConfigFactory, few: DatasetPair
) -> None:
    events = list(train(short(weights=None, latent_dim=2, total_eps=2), few))
    kinds = [type(event) for event in events]
    assert kinds[0] is PretrainingAdvanced
    assert kinds.index(NightStarted) == kinds.count(PretrainingAdvanced)
