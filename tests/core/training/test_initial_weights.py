"""Which weights a night starts from, and what it takes to make them."""

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
from tests.conftest import Settings, drain, of_kind
from tools.datasets import fewer

pytestmark = pytest.mark.usefixtures("one_thread", "new_cache", "empty_shelf")


@pytest.fixture
def new_cache(bundled: DatasetPair, own_places: Path, empty_cache: Path) -> Path:
    """A user cache that holds the parsed images, to spare the parse, and no weights."""
    shutil.copytree(own_places / "cache", empty_cache, ignore=shutil.ignore_patterns("weights"))
    return empty_cache


@pytest.fixture
def empty_shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for the weights that ship with the program, with none in it."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setattr(environment, "CACHED_WEIGHTS", folder)
    return folder


@pytest.fixture(scope="module")
def few(bundled: DatasetPair) -> DatasetPair:
    """So few images that 25 epochs of pre-training take a moment."""
    return fewer(bundled, train=20, test=20)


@pytest.fixture(scope="module")
def fresh(few: DatasetPair, one_thread: int) -> VAE:
    """What pre-training on the few images gives at latent_dim 2, seed 0."""
    vae, _ = drain(pretrain(few.dataset_1.train, Recipe(latent_dim=2)))
    return vae


def put(path: Path, latent_dim: int = 2) -> VAE:
    """Some recognisable weights at ``path``."""
    vae = VAE(latent_dim)
    save_weights(vae, path, {})
    return vae


def start(config: RunConfig, pair: DatasetPair) -> tuple[VAE, WeightsUsed, int]:
    """The model, where it came from, and how often pre-training told of its progress."""
    told = 0
    beginning = initial_weights(config, pair)
    while True:
        try:
            assert isinstance(next(beginning), PretrainingAdvanced)
        except StopIteration as stop:
            return (*stop.value, told)
        told += 1


def same(one: VAE, other: VAE) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def config(**changes: object) -> RunConfig:
    return RunConfig(**{"latent_dim": 2, "num": 4, "total_eps": 2, "num_cycles": 1, **changes})


OWN = ("inverted", 2, "bundled", 0)


def test_given_weights_come_before_all_others(few: DatasetPair, tmp_path: Path) -> None:
    put(shipped_path("inverted", 2))
    put(user_cache_path(*OWN))
    path = tmp_path / "mine.safetensors"
    mine = put(path)
    vae, used, told = start(config(weights=str(path)), few)
    assert same(vae, mine)
    assert used == WeightsUsed("given", "mine.safetensors", file_sha256(path))
    assert told == 0


def test_cached_weights_come_before_this_machines_own(few: DatasetPair) -> None:
    cached = put(shipped_path("inverted", 2))
    put(user_cache_path(*OWN))
    vae, used, told = start(config(), few)
    assert same(vae, cached)
    assert (used.origin, used.file, told) == ("cached", "vae-inverted-2.safetensors", 0)


def test_this_machines_own_weights_come_before_pretraining(few: DatasetPair) -> None:
    own = put(user_cache_path(*OWN))
    vae, used, told = start(config(), few)
    assert same(vae, own)
    assert (used.origin, told) == ("pre-trained", 0)


def test_without_any_weights_a_night_pretrains_and_keeps_them(
    few: DatasetPair, fresh: VAE, new_cache: Path
) -> None:
    vae, used, told = start(config(), few)
    assert told > 0
    assert same(vae, fresh)
    path = user_cache_path(*OWN)
    assert new_cache in path.parents
    assert used == WeightsUsed("pre-trained", path.name, file_sha256(path))
    again, used_again, told_again = start(config(), few)
    assert same(again, fresh)
    assert used_again == used
    assert told_again == 0


def test_fresh_weights_are_really_trained_and_used_although_others_are_there(
    few: DatasetPair, fresh: VAE
) -> None:
    cached, own = put(shipped_path("inverted", 2)), put(user_cache_path(*OWN))
    vae, used, told = start(config(use_initial_weights=False), few)
    assert told > 0
    assert same(vae, fresh)
    assert not same(vae, cached)
    assert not same(vae, own)
    assert used.origin == "pre-trained"
    assert same(load_vae(user_cache_path(*OWN), 2), fresh)


def test_a_night_from_fresh_weights_starts_with_their_error(few: DatasetPair, fresh: VAE) -> None:
    put(shipped_path("inverted", 2))
    events = list(train(config(use_initial_weights=False), few))
    assert isinstance(events[0], PretrainingAdvanced)
    (started,) = of_kind(events, NightStarted)
    assert started.weights.origin == "pre-trained"
    before = of_kind(events, StageEvaluated)[0]
    # Nights may measure in bfloat16, weights are scored in float32.
    expected = score_weights(fresh, few)["dataset_1"]["error"]
    assert before.dataset_1.error[0] == pytest.approx(expected, rel=0.005)


def test_the_pretraining_seed_decides_fresh_weights_and_their_file(
    few: DatasetPair, fresh: VAE
) -> None:
    vae, used, _ = start(config(use_initial_weights=False, pretrain_seed=5), few)
    assert not same(vae, fresh)
    assert used.file == user_cache_path("inverted", 2, "bundled", 5).name
    assert not user_cache_path(*OWN).exists()


def test_another_splits_weights_are_not_taken(few: DatasetPair) -> None:
    put(shipped_path("digits", 2))
    put(user_cache_path("digits", 2, "bundled", 0))
    assert start(config(), few)[2] > 0


def test_a_damaged_cached_file_is_named_and_not_passed_over(few: DatasetPair) -> None:
    shipped_path("inverted", 2).write_bytes(b"damaged")
    with pytest.raises(WeightsError, match=r"vae-inverted-2\.safetensors: expected a safetensors"):
        start(config(), few)


def test_a_missing_given_file_is_named(few: DatasetPair, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"absent\.safetensors: there is no such file"):
        start(config(weights=str(tmp_path / "absent.safetensors")), few)


def test_an_interrupted_pretraining_goes_on_when_the_night_is_asked_for_again(
    few: DatasetPair, fresh: VAE
) -> None:
    beginning = initial_weights(config(), few)
    for progress in beginning:
        if progress.epoch == 6:
            beginning.close()
    assert not user_cache_path(*OWN).exists()
    again = initial_weights(config(), few)
    assert next(again).epoch == 6
    vae, _ = drain(again)
    assert same(vae, fresh)
    assert not list(user_cache_path(*OWN).parent.glob("*.partial*"))  # no checkpoint is left behind


def test_the_record_says_how_the_weights_were_made_and_what_they_score(
    few: DatasetPair, tmp_path: Path
) -> None:
    path = tmp_path / "vae.safetensors"
    recipe = Recipe(latent_dim=2, max_epochs=2, seed=3)
    drain(pretrain_to_file(few, recipe, path))
    record = json.loads(record_path(path).read_text(encoding="utf-8"))
    assert record["recipe"] == dataclasses.asdict(recipe)
    assert (record["split"], record["source"]) == ("inverted", "bundled")
    assert record["epochs"] == len(record["loss_per_epoch"]) == 2
    kept = record["training_images"]
    prints = fingerprints(few.dataset_1.train)
    assert (kept["count"], kept["digest"]) == (20, digest(prints))
    assert set(np.load(path.with_name(kept["file"]))) == set(prints)
    assert record["threads"] == 1
    assert "torch" in record["versions"]
    assert record["sha256"] == file_sha256(path)
    assert record["scores"]["bundled"] == score_weights(load_vae(path, 2), few)
    assert record["scores"]["bundled"]["dataset_1"]["test_images"] == 20


def test_images_of_the_bundled_test_set_are_never_trained_on(bundled: DatasetPair) -> None:
    first = bundled.dataset_1
    mixed = dataclasses.replace(
        bundled,
        dataset_1=dataclasses.replace(first, train=np.concatenate([first.train, first.test])),
    )
    assert np.array_equal(pretraining_images(mixed), first.train)


def test_of_full_mnist_59000_images_are_trained_on_and_no_test_image_of_either_source(
    full_mnist: Path, bundled: DatasetPair
) -> None:
    pair = load_pair("inverted", "mnist")
    trained_on = fingerprints(pretraining_images(pair))
    assert len(trained_on) == 59_000
    assert not np.isin(fingerprints(bundled.dataset_1.test), trained_on).any()
    assert not np.isin(fingerprints(pair.dataset_1.test), trained_on).any()


def test_a_night_without_reference_weights_says_that_it_pretrains_first(
    short: Settings, few: DatasetPair
) -> None:
    events = list(train(short(weights=None, latent_dim=2, total_eps=2), few))
    kinds = [type(event) for event in events]
    assert kinds[0] is PretrainingAdvanced
    assert kinds.index(NightStarted) == kinds.count(PretrainingAdvanced)
