"""All seeds of a night as one ensemble."""

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
def before() -> VAE:
    vae = VAE(5)
    initialise(vae, np.random.default_rng(0))
    return vae


def pictures_of(seeds: tuple[int, ...], count: int) -> Tensor:
    """Other pictures for each seed, the same for it whatever the others are."""
    each = [np.random.default_rng(seed).random((count, 1, 28, 28), np.float32) for seed in seeds]
    return torch.from_numpy(np.stack(each))


def trained(
    before: VAE, seeds: tuple[int, ...], count: int = 6, batch_size: int = 1, **options: Any
) -> tuple[Ensemble, list[tuple[float, float, float]]]:
    """An ensemble after two epochs, and the second's losses."""
    ensemble = Ensemble(before, seeds, LR)
    losses = []
    for epoch in range(2):
        losses = ensemble.train(pictures_of(seeds, count), (1, 0, epoch), batch_size, **options)
    return ensemble, losses


def state(ensemble: Ensemble, place: int) -> dict[str, Tensor]:
    """Everything of one seed."""
    found = {name: each.detach() for name, each in ensemble.vae(place).named_parameters()}
    for moment, parts in ensemble.moments(place).items():
        found |= {f"{moment}.{name}": each for name, each in parts.items()}
    return found


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


@pytest.mark.parametrize(("count", "batch_size"), [(6, 1), (7, 3), (70, 70), (80, 33)])
def test_a_seed_learns_what_autograd_and_torchs_adam_learn(
    count: int, batch_size: int, before: VAE
) -> None:
    ensemble, losses = trained(before, (3, 8), count, batch_size)
    for place, seed in enumerate((3, 8)):
        vae = copy.deepcopy(before).double()
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
            images = pictures_of((seed,), count)[0][order].double()
            for part, its_noise in zip(
                images.split(batch_size), noise.split(batch_size), strict=True
            ):
                parts = vae.losses(part, its_noise)
                adam.zero_grad()
                parts.total.backward()
                adam.step()
                summed += len(part) * np.array([each.item() for each in parts])
        np.testing.assert_allclose(losses[place], summed / count, rtol=1e-4, atol=1e-6)
        for name, wanted in vae.named_parameters():
            found = ensemble.vae(place).get_parameter(name)
            # Where a gradient is nearly 0 Adam may take the one sign or the other.
            assert float((found - wanted.detach()).abs().mean()) < LR / 20, name


@pytest.mark.parametrize("batch_size", [1, 4])
def test_a_seed_alone_is_bit_for_bit_the_seed_among_others(batch_size: int, before: VAE) -> None:
    seeds = (5, 0, 2, 9, 4)
    among, losses = trained(before, seeds, batch_size=batch_size)
    for place, seed in enumerate(seeds):
        alone, own = trained(before, (seed,), batch_size=batch_size)
        assert own[0] == losses[place]
        assert same(state(alone, 0), state(among, place))


@pytest.mark.parametrize("threads", [2, 3, 8])
def test_threads_change_no_bit(threads: int, before: VAE) -> None:
    seeds = (5, 0, 2)
    one, losses = trained(before, seeds)
    more, theirs = trained(before, seeds, threads=threads)
    assert theirs == losses
    assert all(same(state(one, place), state(more, place)) for place in range(3))


def test_threads_may_change_from_epoch_to_epoch(before: VAE) -> None:
    seeds = (5, 0, 2, 7)
    steady, changing = (Ensemble(before, seeds, LR) for _ in range(2))
    for epoch, threads in enumerate((1, 3, 2)):
        pictures = pictures_of(seeds, 4)
        expected = steady.train(pictures, (1, 0, epoch), 1)
        assert changing.train(pictures, (1, 0, epoch), 1, threads) == expected
    assert all(same(state(steady, place), state(changing, place)) for place in range(4))


def test_a_restored_ensemble_goes_on_bit_for_bit(before: VAE) -> None:
    seeds = (1, 7)
    first, _ = trained(before, seeds)
    second = Ensemble(before, seeds, LR)
    for place in range(2):
        model = dict(first.vae(place).named_parameters())
        second.restore(place, model, first.moments(place), first.steps)
    assert (first.steps, second.steps) == (12, 12)
    pictures = pictures_of(seeds, 6)
    assert first.train(pictures, (1, 1, 0), 1) == second.train(pictures, (1, 1, 0), 1)
    assert all(same(state(first, place), state(second, place)) for place in range(2))


def test_a_copied_model_does_not_learn_on(before: VAE) -> None:
    ensemble, _ = trained(before, (0,))
    vae, moments = ensemble.vae(0), ensemble.moments(0)
    kept = copy.deepcopy(vae.state_dict()), copy.deepcopy(moments)
    ensemble.train(pictures_of((0,), 6), (1, 1, 0), 1)
    assert same(dict(vae.state_dict()), dict(kept[0]))
    assert all(same(moments[moment], kept[1][moment]) for moment in MOMENTS)
    assert not same(dict(ensemble.vae(0).state_dict()), dict(kept[0]))


def test_the_model_from_before_stays_as_it_is(before: VAE) -> None:
    kept = copy.deepcopy(before.state_dict())
    trained(before, (0, 1))
    assert same(dict(before.state_dict()), dict(kept))


@pytest.mark.parametrize("threads", [1, 2])
def test_the_check_is_called_before_every_step_and_can_stop_them(threads: int, before: VAE) -> None:
    calls = []

    def check() -> None:
        if len(calls) == 4 * threads + 1:  # every thread checks for itself
            raise Stopped
        calls.append(1)

    ensemble = Ensemble(before, (0, 1), LR, check)
    pictures = pictures_of((0, 1), 4)
    ensemble.train(pictures, POSITION, 1, threads)
    assert len(calls) == 4 * threads
    with pytest.raises(Stopped):
        ensemble.train(pictures, (1, 1, 0), 1, threads)


needs_gpu = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="no NVIDIA GPU here: the captured step is not tested"
)


@needs_gpu
def test_a_captured_step_on_a_gpu_learns_what_the_cpu_learns(before: VAE) -> None:
    seeds = (5, 0, 2)
    on_cpu, losses = trained(before, seeds, 7, 3)
    on_gpu = Ensemble(copy.deepcopy(before).to("cuda"), seeds, LR)
    found = []
    for epoch in range(2):
        found = on_gpu.train(pictures_of(seeds, 7).to("cuda"), (1, 0, epoch), 3)
    np.testing.assert_allclose(found, losses, rtol=1e-3)
    for place in range(3):
        for name, wanted in on_cpu.vae(place).named_parameters():
            got = on_gpu.vae(place).get_parameter(name).cpu()
            assert float((got - wanted).abs().mean()) < LR / 20, name
