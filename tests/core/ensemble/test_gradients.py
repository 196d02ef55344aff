"""The gradients by hand, held against autograd's."""

import copy
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from core.ensemble.gradients import Gradients
from core.ensemble.parameter_layout import ParameterLayout
from core.model.vae import VAE, initialise

pytestmark = pytest.mark.usefixtures("one_thread")


def vaes_of(latent_dim: int, count: int) -> list[VAE]:
    """Untrained models, with biases that are not all 0."""
    generator = torch.Generator().manual_seed(1)
    models = [VAE(latent_dim) for _ in range(count)]
    for seed, model in enumerate(models):
        initialise(model, np.random.default_rng(seed))
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += 0.05 * torch.randn(parameter.shape, generator=generator)
    return models


def batch_of(seeds: int, size: int, latent_dim: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(2)
    images = torch.rand((seeds, size, 28, 28), generator=generator)
    return images, torch.randn((seeds, size, latent_dim), generator=generator)


class Packed:
    """Models in rows, with room for gradients."""

    def __init__(self, vaes: Sequence[VAE], batch: int, of: int | None = None) -> None:
        self.packing = ParameterLayout(vaes[0].latent_dim)
        self.shapes = dict(vaes[0].named_parameters())
        self.weights, self.grads = (torch.zeros(len(vaes), self.packing.length) for _ in range(2))
        with torch.no_grad():
            for row, vae in zip(self.weights, vaes, strict=True):
                self.packing.pack(dict(vae.named_parameters()), row)
        both = (self.packing.matrices(each) for each in (self.weights, self.grads))
        self.gradients = Gradients(*both, batch, of or batch)

    @torch.no_grad()
    def of(self, images: Tensor, noise: Tensor) -> list[dict[str, Tensor]]:
        self.gradients.images.copy_(images)
        self.gradients.noise.copy_(noise)
        self.gradients()
        return [self.packing.unpack(row, self.shapes) for row in self.grads]


def by_autograd(vae: VAE, images: Tensor, noise: Tensor) -> dict[str, Tensor]:
    model = copy.deepcopy(vae)
    model.losses(images.unsqueeze(1), noise).total.backward()
    return {name: each.grad for name, each in model.named_parameters() if each.grad is not None}


def assert_close(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert found.keys() == expected.keys()
    for name, wanted in expected.items():
        scale = float(wanted.abs().max())
        assert scale > 0, name
        assert float((wanted - found[name]).abs().max()) < 1e-4 * scale, name


@pytest.mark.parametrize("size", [1, 2, 7])
@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize("latent_dim", [2, 5, 20])
def test_every_seeds_gradients_are_those_of_autograd(
    latent_dim: int, seeds: int, size: int
) -> None:
    vaes = vaes_of(latent_dim, seeds)
    images, noise = batch_of(seeds, size, latent_dim)
    found = Packed(vaes, size).of(images, noise)
    for place, vae in enumerate(vaes):
        assert_close(found[place], by_autograd(vae, images[place], noise[place]))


def test_what_the_models_make_of_a_batch_is_told() -> None:
    vaes = vaes_of(5, 2)
    images, noise = batch_of(2, 3, 5)
    packed = Packed(vaes, 3)
    packed.of(images, noise)
    made = packed.gradients
    for place, vae in enumerate(vaes):
        with torch.no_grad():
            mean, log_var = vae.encoder(images[place].unsqueeze(1))
            logits = vae.decoder(mean + torch.exp(0.5 * log_var) * noise[place])
        torch.testing.assert_close(made.mean[place], mean)
        torch.testing.assert_close(made.log_var[place], log_var)
        torch.testing.assert_close(made.logits[place], logits.squeeze(1), rtol=1e-4, atol=1e-5)


def test_gradients_of_a_batchs_parts_add_up_to_the_batchs() -> None:
    (vae,) = vaes = vaes_of(5, 1)
    images, noise = batch_of(1, 5, 5)
    parts = [
        Packed(vaes, 2, of=5).of(images[:, at : at + 2], noise[:, at : at + 2])[0] for at in (0, 2)
    ]
    rest = Packed(vaes, 1, of=5).of(images[:, 4:], noise[:, 4:])[0]
    added = {name: sum(part[name] for part in parts) + each for name, each in rest.items()}
    assert_close(added, by_autograd(vae, images[0], noise[0]))


def test_a_second_batch_replaces_the_gradients_of_the_first() -> None:
    packed = Packed(vaes_of(5, 1), 1)
    images, noise = batch_of(1, 2, 5)
    first = packed.of(images[:, :1], noise[:, :1])[0]
    packed.of(images[:, 1:], noise[:, 1:])
    again = packed.of(images[:, :1], noise[:, :1])[0]
    assert all(torch.equal(before, again[name]) for name, before in first.items())


def test_the_models_stay_as_they_are() -> None:
    packed = Packed(vaes_of(5, 2), 3)
    before = packed.weights.clone()
    packed.of(*batch_of(2, 3, 5))
    assert torch.equal(packed.weights, before)
