"""`core.training.pretraining`: training, its progress, and checkpoints of it."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from core.data import DatasetPair
from core.data.splits import Images
from core.model.vae import VAE
from core.support.errors import DivergedError
from core.training.pretraining import pretrain
from core.training.recipe import Recipe
from tests.conftest import drain
from tools.datasets import subsample

Result = tuple[VAE, tuple[float, ...]]
SHORT = Recipe(latent_dim=2, max_epochs=4, batch_size=32)

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def images(bundled: DatasetPair, one_thread: int) -> Images:
    return subsample(bundled, train=100).dataset_1.train


@pytest.fixture(scope="module")
def uninterrupted(images: Images) -> Result:
    return drain(pretrain(images, SHORT))


def assert_same(actual: Result, expected: Result) -> None:
    assert actual[1] == expected[1]
    weights = expected[0].state_dict()
    for name, tensor in actual[0].state_dict().items():
        assert torch.equal(tensor, weights[name]), name


def interrupt(images: Images, recipe: Recipe, checkpoint: Path, epochs: int) -> None:
    """Stop pre-training in the middle of the epoch after ``epochs``."""
    progress = pretrain(images, recipe, checkpoint)
    for advanced in progress:
        if advanced.epoch == epochs + 1:
            progress.close()


def test_the_default_recipe_is_the_references() -> None:
    recipe = Recipe()
    assert (recipe.batch_size, recipe.max_epochs, recipe.patience) == (32, 25, 3)
    assert (recipe.lr, recipe.adam_eps) == (0.001, 1e-7)


def test_there_is_one_loss_per_epoch_and_it_falls(uninterrupted: Result) -> None:
    _, losses = uninterrupted
    assert len(losses) == 4
    assert all(later < earlier for earlier, later in pairwise(losses))
    assert 100 < losses[-1] < losses[0] < 784 * np.log(2) * 1.1


def test_the_same_recipe_gives_the_same_weights_whatever_the_global_generator(
    images: Images, uninterrupted: Result
) -> None:
    torch.manual_seed(987)
    assert_same(drain(pretrain(images, SHORT)), uninterrupted)


def test_another_seed_gives_another_loss(images: Images, uninterrupted: Result) -> None:
    _, losses = drain(pretrain(images, Recipe(latent_dim=2, max_epochs=1, seed=1)))
    assert losses[0] != uninterrupted[1][0]


def test_progress_includes_the_last_step_of_every_epoch(images: Images) -> None:
    advanced = list(pretrain(images, SHORT))
    steps = [progress.step for progress in advanced]
    assert steps == sorted(set(steps))
    assert {progress.steps for progress in advanced} == {16}  # 4 epochs of 4 batches
    assert {4, 8, 12, 16} <= set(steps)
    assert [progress.epoch for progress in advanced if progress.step % 4 == 0] == [1, 2, 3, 4]
    assert {progress.epochs for progress in advanced} == {4}


@pytest.mark.parametrize("epochs", [1, 3])
def test_an_interrupted_pretraining_continues_to_the_same_result_bit_for_bit(
    epochs: int, images: Images, uninterrupted: Result, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "vae.partial"
    interrupt(images, SHORT, checkpoint, epochs)
    assert checkpoint.exists()
    resumed = pretrain(images, SHORT, checkpoint)
    assert next(resumed).epoch == epochs + 1
    assert_same(drain(resumed), uninterrupted)


def test_pretraining_that_was_interrupted_in_its_first_epoch_starts_over(
    images: Images, uninterrupted: Result, tmp_path: Path
) -> None:
    interrupt(images, SHORT, tmp_path / "vae.partial", 0)
    assert list(tmp_path.iterdir()) == []
    assert_same(drain(pretrain(images, SHORT, tmp_path / "vae.partial")), uninterrupted)


def test_the_checkpoint_of_a_finished_pretraining_is_not_trained_further(
    images: Images, uninterrupted: Result, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "vae.partial"
    drain(pretrain(images, SHORT, checkpoint))
    resumed = pretrain(images, SHORT, checkpoint)
    with pytest.raises(StopIteration) as stop:
        next(resumed)
    assert_same(stop.value.value, uninterrupted)


def test_a_checkpoint_of_another_recipe_is_ignored(
    images: Images, uninterrupted: Result, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "vae.partial"
    interrupt(images, Recipe(latent_dim=2, max_epochs=4, lr=0.01), checkpoint, 2)
    assert_same(drain(pretrain(images, SHORT, checkpoint)), uninterrupted)


@pytest.mark.parametrize("choose", [lambda images: images[:60], lambda images: images[::-1].copy()])
def test_a_checkpoint_of_other_images_is_ignored(
    choose: Callable[[Images], Images], images: Images, uninterrupted: Result, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "vae.partial"
    interrupt(choose(images), SHORT, checkpoint, 2)
    assert_same(drain(pretrain(images, SHORT, checkpoint)), uninterrupted)


def truncate_to_nothing(path: Path) -> None:
    path.write_bytes(b"")


def remove_the_end(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def replace_by_text(path: Path) -> None:
    path.write_text("not a checkpoint")


def remove_a_tensor(path: Path) -> None:
    rewrite(path, lambda tensors: tensors.pop("adam.exp_avg.encoder.conv1.weight"))


def change_a_shape(path: Path) -> None:
    rewrite(path, lambda tensors: tensors.update({"encoder.dense1.bias": torch.zeros(3)}))


def rewrite(path: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    with safe_open(path, framework="pt") as stored:
        metadata = stored.metadata()
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path, metadata)


@pytest.mark.parametrize(
    "damage",
    [truncate_to_nothing, remove_the_end, replace_by_text, remove_a_tensor, change_a_shape],
)
def test_a_damaged_checkpoint_is_ignored(
    damage: Callable[[Path], None], images: Images, uninterrupted: Result, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "vae.partial"
    interrupt(images, SHORT, checkpoint, 2)
    damage(checkpoint)
    assert_same(drain(pretrain(images, SHORT, checkpoint)), uninterrupted)


def test_training_stops_when_the_loss_has_not_improved_for_patience_epochs(
    images: Images,
) -> None:
    # With a learning rate this small, the loss only varies with the noise of each epoch.
    recipe = Recipe(latent_dim=2, max_epochs=40, patience=2, lr=1e-12)
    _, losses = drain(pretrain(images, recipe))
    assert len(losses) < 40
    assert len(losses) - 1 - int(np.argmin(losses)) == 2
    for end in range(1, len(losses)):
        assert end - 1 - int(np.argmin(losses[:end])) < 2


def test_a_learning_rate_far_too_large_raises_an_error_that_names_it(images: Images) -> None:
    with pytest.raises(DivergedError, match=r"not finite in epoch \d+; lr is 1e\+30.*smaller"):
        drain(pretrain(images, Recipe(latent_dim=2, lr=1e30, max_epochs=3)))
