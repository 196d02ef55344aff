"""The variational autoencoder of the reference simulation, in PyTorch.

Source: Spens & Burgess 2024, doi 10.1038/s41562-023-01799-z, and its public sleep simulation.
"""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

SLOPE = 0.3  # the leak of every LeakyReLU


class Losses(NamedTuple):
    """What a batch is trained on: scalar tensors in nats per image, averaged over the batch."""

    total: Tensor
    reconstruction: Tensor
    kl: Tensor


class Encoder(nn.Module):
    """Images [batch, 1, 28, 28] -> latent mean and log-variance, each [batch, latent_dim]."""

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 3, stride=2, padding=1)
        self.dense1 = nn.Linear(64 * 7 * 7, 16)
        self.dense2 = nn.Linear(16, latent_dim)
        self.mean = nn.Linear(latent_dim, latent_dim)
        self.log_var = nn.Linear(latent_dim, latent_dim)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        hidden = F.leaky_relu(self.conv1(images), SLOPE)
        hidden = F.leaky_relu(self.conv2(hidden), SLOPE)
        hidden = F.relu(self.dense1(hidden.flatten(1)))
        hidden = self.dense2(hidden)
        return self.mean(hidden), self.log_var(hidden)


class Decoder(nn.Module):
    """Latents [batch, latent_dim] -> pixel logits [batch, 1, 28, 28]."""

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.dense = nn.Linear(latent_dim, 64 * 7 * 7)
        self.conv1 = nn.ConvTranspose2d(64, 64, 3, stride=2, padding=1, output_padding=1)
        self.conv2 = nn.ConvTranspose2d(64, 32, 3, stride=2, padding=1, output_padding=1)
        self.conv3 = nn.ConvTranspose2d(32, 1, 3, padding=1)

    def forward(self, latents: Tensor) -> Tensor:
        hidden = F.relu(self.dense(latents)).unflatten(1, (64, 7, 7))
        hidden = F.leaky_relu(self.conv1(hidden), SLOPE)
        hidden = F.leaky_relu(self.conv2(hidden), SLOPE)
        return self.conv3(hidden)


class VAE(nn.Module):
    """Encoder and decoder; 143,650 parameters at ``latent_dim`` 5.

    The random numbers of training are an argument (``noise``), so that a seed alone decides them
    and evaluation can never advance them.
    """

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.encoder = Encoder(latent_dim)
        self.decoder = Decoder(latent_dim)

    def losses(self, images: Tensor, noise: Tensor) -> Losses:
        """Binary cross-entropy summed over pixels, plus KL summed over latents, batch means.

        ``images`` [batch, 1, 28, 28] in [0, 1]; ``noise`` [batch, latent_dim], standard normal.
        """
        mean, log_var = self.encoder(images)
        logits = self.decoder(mean + torch.exp(0.5 * log_var) * noise)
        each = image_losses(images.squeeze(1), logits.squeeze(1), mean, log_var)
        reconstruction, kl = (part.mean() for part in each)
        return Losses(reconstruction + kl, reconstruction, kl)

    def reconstruct(self, images: Tensor) -> Tensor:
        """Images decoded from the latent mean of ``images``; both [batch, 1, 28, 28] in [0, 1]."""
        mean, _ = self.encoder(images)
        # In float32, should the decoder have worked with less: the pixels are what is measured.
        return torch.sigmoid(self.decoder(mean).float())

    def dream(self, latents: Tensor) -> Tensor:
        """Images [batch, 1, 28, 28] decoded from ``latents`` [batch, latent_dim]."""
        return torch.sigmoid(self.decoder(latents))


def image_losses(
    images: Tensor, logits: Tensor, mean: Tensor, log_var: Tensor
) -> tuple[Tensor, Tensor]:
    """Reconstruction and KL loss of each image in nats, both [...].

    ``images`` and ``logits`` [..., 28, 28]; ``mean`` and ``log_var`` [..., latent_dim].
    """
    each = F.binary_cross_entropy_with_logits(logits, images, reduction="none")
    kl = -0.5 * (1 + log_var - mean.square() - log_var.exp()).sum(-1)
    return each.sum((-2, -1)), kl


def initialise(model: nn.Module, rng: np.random.Generator) -> None:
    """Glorot-uniform weights and zero biases (Keras' defaults), drawn from ``rng``."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter.zero_()
                continue
            field = math.prod(parameter.shape[2:])
            limit = math.sqrt(6.0 / ((parameter.shape[0] + parameter.shape[1]) * field))
            drawn = rng.uniform(-limit, limit, tuple(parameter.shape)).astype(np.float32)
            parameter.copy_(torch.from_numpy(drawn))
