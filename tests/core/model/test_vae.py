"""`core.model.vae`: the reference's model, its loss and its first weights."""

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from core.data import DatasetPair
from core.model.vae import VAE, initialise
from core.support.random_streams import Purpose, random_stream

pytestmark = pytest.mark.usefixtures("one_thread")


def fresh(latent_dim: int = 5, seed: int = 0) -> VAE:
    vae = VAE(latent_dim)
    initialise(vae, random_stream(seed, Purpose.INITIAL_WEIGHTS))
    return vae


def pictures(bundled: DatasetPair, count: int) -> torch.Tensor:
    return torch.from_numpy(bundled.dataset_1.test[:count]).unsqueeze(1).float() / 255


def noise(count: int, latent_dim: int = 5) -> torch.Tensor:
    drawn = random_stream(0, Purpose.NOISE).standard_normal((count, latent_dim), dtype=np.float32)
    return torch.from_numpy(drawn)


def test_the_model_has_143650_parameters_at_latent_dim_5() -> None:
    assert sum(parameter.numel() for parameter in VAE(5).parameters()) == 143_650


@pytest.mark.parametrize("latent_dim", [1, 2, 5, 10, 20])
def test_images_become_latents_and_latents_images_again(
    latent_dim: int, bundled: DatasetPair
) -> None:
    vae = fresh(latent_dim)
    images = pictures(bundled, 3)
    mean, log_var = vae.encoder(images)
    assert mean.shape == log_var.shape == (3, latent_dim)
    assert vae.reconstruct(images).shape == images.shape
    dreams = vae.dream(noise(4, latent_dim))
    assert dreams.shape == (4, 1, 28, 28)
    assert dreams.min() >= 0
    assert dreams.max() <= 1


def float64(tensor: torch.Tensor) -> NDArray[np.float64]:
    return tensor.detach().numpy().astype(np.float64)


def test_the_loss_is_cross_entropy_over_pixels_plus_kl_over_latents_averaged_over_the_batch(
    bundled: DatasetPair,
) -> None:
    vae, images, drawn = fresh(), pictures(bundled, 6), noise(6)
    losses = vae.losses(images, drawn)

    mean, log_var = (float64(part) for part in vae.encoder(images))
    latents = mean + np.exp(log_var / 2) * float64(drawn)
    x = float64(images)
    y = float64(vae.dream(torch.from_numpy(latents.astype(np.float32))))
    cross_entropy = -(x * np.log(y) + (1 - x) * np.log(1 - y)).sum(axis=(1, 2, 3))
    kl = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=1)

    assert losses.reconstruction.item() == pytest.approx(cross_entropy.mean(), rel=1e-5)
    assert losses.kl.item() == pytest.approx(kl.mean(), rel=1e-4, abs=1e-6)
    assert losses.total.item() == pytest.approx((cross_entropy + kl).mean(), rel=1e-5)


def test_an_untrained_models_loss_is_about_log_2_a_pixel(bundled: DatasetPair) -> None:
    total = fresh().losses(pictures(bundled, 50), noise(50)).total.item()
    assert total == pytest.approx(28 * 28 * math.log(2), rel=0.02)


def test_the_loss_of_a_batch_is_the_mean_over_its_images(bundled: DatasetPair) -> None:
    vae, images, drawn = fresh(), pictures(bundled, 3), noise(3)
    alone = [vae.losses(images[i : i + 1], drawn[i : i + 1]) for i in range(3)]
    for together, parts in zip(vae.losses(images, drawn), zip(*alone, strict=True), strict=True):
        assert together.item() == pytest.approx(sum(part.item() for part in parts) / 3, rel=1e-5)


def test_the_loss_stays_finite_for_extreme_logits(bundled: DatasetPair) -> None:
    vae = fresh()
    with torch.no_grad():
        vae.decoder.conv3.bias.fill_(200.0)
    losses = vae.losses(pictures(bundled, 2), noise(2))
    assert all(torch.isfinite(part) for part in losses)


def test_reconstruction_decodes_the_latent_mean_without_noise(bundled: DatasetPair) -> None:
    vae, images = fresh(), pictures(bundled, 4)
    mean, _ = vae.encoder(images)
    assert torch.equal(vae.reconstruct(images), vae.dream(mean))


def test_the_model_draws_no_random_numbers_of_its_own(bundled: DatasetPair) -> None:
    vae, images, drawn = fresh(), pictures(bundled, 4), noise(4)
    before = torch.get_rng_state()
    first = vae.losses(images, drawn)
    vae.reconstruct(images)
    vae.dream(drawn)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(vae.losses(images, drawn).total, first.total)


def test_first_weights_are_glorot_uniform_and_biases_zero() -> None:
    vae = fresh()
    for name, parameter in vae.named_parameters():
        values = parameter.detach()
        if name.endswith("bias"):
            assert not values.any()
            continue
        field = math.prod(values.shape[2:])
        fan_in_and_out = field * (values.shape[0] + values.shape[1])
        limit = math.sqrt(6 / fan_in_and_out)
        assert values.abs().max() <= limit
        if values.numel() > 1_000:
            assert values.std().item() == pytest.approx(limit / math.sqrt(3), rel=0.1)
            assert values.mean().item() == pytest.approx(0, abs=0.05 * limit)


def test_first_weights_depend_on_the_seed_alone() -> None:
    torch.manual_seed(123)
    one, again, other = fresh(seed=4), fresh(seed=4), fresh(seed=5)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), again.parameters(), strict=True))
    assert not torch.equal(one.encoder.conv1.weight, other.encoder.conv1.weight)


def test_the_padding_mirrors_the_references() -> None:
    """The first convolution sees one row and column of padding before the image, none after."""
    vae = fresh()
    image = torch.rand(1, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    padded = torch.nn.functional.pad(image, (1, 0, 1, 0))
    by_hand = torch.nn.functional.conv2d(
        padded, vae.encoder.conv1.weight, vae.encoder.conv1.bias, stride=2
    )
    torch.testing.assert_close(vae.encoder.conv1(image), by_hand)
