"""The VAE's gradients by hand, for the models of many seeds at once. Tests hold them to autograd's.

The layers are those of `core.model.vae`; see `layers` for how they work, and why.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from core.ensemble.layers import Dense, Growing, Own, Pixels, Seen, Shrinking

_Layer = Shrinking | Dense | Growing | Pixels


class Gradients:
    """Writes every seed's gradients of the total loss (see `VAE.losses`) of a batch.

    ``weights`` and ``grads`` are `Packing.matrices`. Before a call ``images`` [seeds, batch, 28,
    28] in [0, 1] and ``noise`` [seeds, batch, latent_dim] are to be written; ``logits`` (shaped as
    the images), ``mean`` and ``log_var`` (as the noise, side by side in ``heads``) are what the
    models then made of them. The gradients are those of the mean over ``of`` images, of which the
    batch may be a part.
    """

    def __init__(
        self, weights: Mapping[str, Tensor], grads: Mapping[str, Tensor], batch: int, of: int
    ) -> None:
        def own(layer: str) -> Own:
            weight, bias = f"{layer}.weight", f"{layer}.bias"
            return Own(weights[weight], weights[bias], grads[weight], grads[bias])

        dense = weights["decoder.dense.weight"]
        seeds, latent_dim, _ = dense.shape
        self._of = of
        self._half, self._one = dense.new_tensor(0.5), dense.new_tensor(1.0)  # numbers cost more

        pictures, hidden = Seen(dense, batch, 28, 1), Seen(dense, batch, 14, 32)
        first = Shrinking(own("encoder.conv1"), pictures, onto=hidden.inside)
        second = Shrinking(own("encoder.conv2"), hidden, first.error)
        flat = (seeds, batch, -1)
        dense_1 = Dense(
            own("encoder.dense1"), second.outputs.view(flat), second.error.view(flat), relu=True
        )
        dense_2 = Dense(own("encoder.dense2"), dense_1.outputs, dense_1.error)
        heads = Dense(own("encoder.heads"), dense_2.outputs, dense_2.error)
        self._encoder: tuple[_Layer, ...] = (first, second, dense_1, dense_2, heads)

        self.images = pictures.inside.squeeze(-1)
        self.noise = dense.new_zeros(seeds, batch, latent_dim)
        self.heads = heads.outputs
        self.mean, self.log_var = self.heads.split(latent_dim, 2)
        self._to_mean, self._to_log_var = heads.error.split(latent_dim, 2)
        self._deviation, self._spread, self._latents, self._to_latents = (
            torch.zeros_like(self.noise) for _ in range(4)
        )

        dense_3 = Dense(own("decoder.dense"), self._latents, self._to_latents, relu=True)
        small = (seeds, batch * 7 * 7, 64)
        third = Growing(
            own("decoder.conv1"), dense_3.outputs.view(small), dense_3.error.view(small), 7
        )
        fourth = Growing(own("decoder.conv2"), third.outputs, third.error, 14)
        self._pixels = Pixels(own("decoder.conv3"), fourth.outputs, fourth.error, 28)
        self._decoder: tuple[_Layer, ...] = (dense_3, third, fourth, self._pixels)
        self.logits = self._pixels.outputs

    def __call__(self) -> None:
        for layer in self._encoder:
            layer.forward()
        torch.mul(self.log_var, self._half, out=self._deviation).exp_()
        torch.mul(self._deviation, self.noise, out=self._spread)
        torch.add(self.mean, self._spread, out=self._latents)
        for layer in self._decoder:
            layer.forward()

        error = torch.sigmoid(self.logits, out=self._pixels.error).sub_(self.images)
        surplus = torch.square(self._deviation).sub_(self._one)  # of variance: KL draws it to 1
        mean = self.mean
        if self._of > 1:
            error.div_(self._of)
            surplus.div_(self._of)
            mean = mean / self._of
        for layer in reversed(self._decoder):
            layer.backward()
        torch.add(self._to_latents, mean, out=self._to_mean)
        surplus.addcmul_(self._to_latents, self._spread)
        torch.mul(surplus, self._half, out=self._to_log_var)
        for layer in reversed(self._encoder):
            layer.backward()
