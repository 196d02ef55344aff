"""`core.ensemble`: training of all seeds of a night at once."""

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from core.ensemble import MOMENTS, Ensemble
from core.model.vae import VAE, initialise
from core.support.random_streams import Purpose, random_stream
from core.support.stopping import Stopped

pytestmark = pytest.mark.usefixtures("one_thread")

LR = 0.001
POSITION = (1, 0, 0)


@pytest.fixture(scope="module")
def initial_model() -> VAE:
    vae = VAE(5)
    initialise(vae, np.random.default_rng(0))
    return vae


def random_images(seeds: tuple[int, ...], count: int) -> Tensor:
    """Return different images for each seed, [seeds, count, 1, 28, 28]."""
    shape = (count, 1, 28, 28)
    images = [np.random.default_rng(seed).random(shape, np.float32) for seed in seeds]
    return torch.from_numpy(np.stack(images))


def trained(
    initial_model: VAE, seeds: tuple[int, ...], count: int = 6, batch_size: int = 1, **options: Any
) -> tuple[Ensemble, list[tuple[float, float, float]]]:
    """Return an ensemble after two epochs, and the losses of the second."""
    ensemble = Ensemble(initial_model, seeds, LR)
    losses = []
    for epoch in range(2):
        losses = ensemble.train(random_images(seeds, count), (1, 0, epoch), batch_size, **options)
    return ensemble, losses


def state(ensemble: Ensemble, index: int) -> dict[str, Tensor]:
    """Return the weights and Adam moments of one seed, by name."""
    tensors = {name: p.detach() for name, p in ensemble.vae(index).named_parameters()}
    for moment, parts in ensemble.moments(index).items():
        tensors |= {f"{moment}.{name}": tensor for name, tensor in parts.items()}
    return tensors


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


@pytest.mark.parametrize(("count", "batch_size"), [(6, 1), (7, 3), (70, 70), (80, 33)])
def test_training_equals_that_of_autograd_and_torchs_adam(
    count: int, batch_size: int, initial_model: VAE
) -> None:
    ensemble, losses = trained(initial_model, (3, 8), count, batch_size)
    for index, seed in enumerate((3, 8)):
        vae = copy.deepcopy(initial_model).double()
        adam = torch.optim.Adam(vae.parameters(), lr=LR, eps=1e-7)
        summed = np.zeros(3)
        for epoch in range(2):
            summed[:] = 0
            order = random_stream(seed, Purpose.SHUFFLE, 1, 0, epoch).permutation(count)
            noise = torch.from_numpy(
                random_stream(seed, Purpose.NOISE, 1, 0, epoch).standard_normal(
                    (count, 5), np.float32
                )
            ).double()
            images = random_images((seed,), count)[0][order].double()
            for batch, batch_noise in zip(
                images.split(batch_size), noise.split(batch_size), strict=True
            ):
                batch_losses = vae.losses(batch, batch_noise)
                adam.zero_grad()
                batch_losses.total.backward()
                adam.step()
                summed += len(batch) * np.array([loss.item() for loss in batch_losses])
        np.testing.assert_allclose(losses[index], summed / count, rtol=1e-4, atol=1e-6)
        for name, expected in vae.named_parameters():
            actual = ensemble.vae(index).get_parameter(name)
            # Where a gradient is close to 0, rounding decides the sign of Adam's step.
            assert float((actual - expected.detach()).abs().mean()) < LR / 20, name


@pytest.mark.parametrize("batch_size", [1, 4])
def test_a_seeds_result_does_not_depend_on_the_other_seeds_bit_for_bit(
    batch_size: int, initial_model: VAE
) -> None:
    seeds = (5, 0, 2, 9, 4)
    among, losses = trained(initial_model, seeds, batch_size=batch_size)
    for index, seed in enumerate(seeds):
        alone, alone_losses = trained(initial_model, (seed,), batch_size=batch_size)
        assert alone_losses[0] == losses[index]
        assert same(state(alone, 0), state(among, index))


@pytest.mark.parametrize("threads", [2, 3, 8])
def test_the_number_of_threads_changes_no_bit(threads: int, initial_model: VAE) -> None:
    seeds = (5, 0, 2)
    one, losses = trained(initial_model, seeds)
    several, several_losses = trained(initial_model, seeds, threads=threads)
    assert several_losses == losses
    assert all(same(state(one, index), state(several, index)) for index in range(3))


def test_the_number_of_threads_may_change_between_epochs(initial_model: VAE) -> None:
    seeds = (5, 0, 2, 7)
    steady, changing = (Ensemble(initial_model, seeds, LR) for _ in range(2))
    for epoch, threads in enumerate((1, 3, 2)):
        images = random_images(seeds, 4)
        expected = steady.train(images, (1, 0, epoch), 1)
        assert changing.train(images, (1, 0, epoch), 1, threads) == expected
    assert all(same(state(steady, index), state(changing, index)) for index in range(4))


def test_a_restored_ensemble_continues_bit_for_bit(initial_model: VAE) -> None:
    seeds = (1, 7)
    first, _ = trained(initial_model, seeds)
    second = Ensemble(initial_model, seeds, LR)
    for index in range(2):
        model = dict(first.vae(index).named_parameters())
        second.restore(index, model, first.moments(index), first.steps)
    assert (first.steps, second.steps) == (12, 12)
    images = random_images(seeds, 6)
    assert first.train(images, (1, 1, 0), 1) == second.train(images, (1, 1, 0), 1)
    assert all(same(state(first, index), state(second, index)) for index in range(2))


def test_copies_of_model_and_moments_do_not_change_with_further_training(
    initial_model: VAE,
) -> None:
    ensemble, _ = trained(initial_model, (0,))
    vae, moments = ensemble.vae(0), ensemble.moments(0)
    saved = copy.deepcopy(vae.state_dict()), copy.deepcopy(moments)
    ensemble.train(random_images((0,), 6), (1, 1, 0), 1)
    assert same(dict(vae.state_dict()), dict(saved[0]))
    assert all(same(moments[moment], saved[1][moment]) for moment in MOMENTS)
    assert not same(dict(ensemble.vae(0).state_dict()), dict(saved[0]))


def test_training_does_not_change_the_initial_model(initial_model: VAE) -> None:
    saved = copy.deepcopy(initial_model.state_dict())
    trained(initial_model, (0, 1))
    assert same(dict(initial_model.state_dict()), dict(saved))


@pytest.mark.parametrize("threads", [1, 2])
def test_the_check_is_called_before_every_step_and_can_stop_training(
    threads: int, initial_model: VAE
) -> None:
    calls = []

    def check() -> None:
        if len(calls) == 4 * threads + 1:  # every thread calls the check
            raise Stopped
        calls.append(1)

    ensemble = Ensemble(initial_model, (0, 1), LR, check)
    images = random_images((0, 1), 4)
    ensemble.train(images, POSITION, 1, threads)
    assert len(calls) == 4 * threads
    with pytest.raises(Stopped):
        ensemble.train(images, (1, 1, 0), 1, threads)


needs_gpu = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="this machine has no NVIDIA GPU to capture a step on"
)


@needs_gpu
def test_captured_steps_on_a_gpu_equal_those_of_the_cpu(initial_model: VAE) -> None:
    seeds = (5, 0, 2)
    on_cpu, losses = trained(initial_model, seeds, 7, 3)
    on_gpu = Ensemble(copy.deepcopy(initial_model).to("cuda"), seeds, LR)
    gpu_losses = []
    for epoch in range(2):
        gpu_losses = on_gpu.train(random_images(seeds, 7).to("cuda"), (1, 0, epoch), 3)
    np.testing.assert_allclose(gpu_losses, losses, rtol=1e-3)
    for index in range(3):
        for name, expected in on_cpu.vae(index).named_parameters():
            actual = on_gpu.vae(index).get_parameter(name).cpu()
            assert float((actual - expected).abs().mean()) < LR / 20, name
