"""A copy of a VAE to measure with: the same function, laid out for large batches."""

import copy

import torch
from torch import Tensor, nn

from core.model.vae import VAE

_KERNEL = 3


def inference_copy(vae: VAE, dtype: torch.dtype = torch.float32) -> VAE:
    """A copy of ``vae`` to measure with, which takes images of ``dtype`` and works in it.

    What it reconstructs is float32 all the same.
    """
    to = {"dtype": dtype, "memory_format": torch.channels_last}
    model = copy.deepcopy(vae).to(**to)  # type: ignore[call-overload]
    model.decoder.conv3 = _Pixels(vae.decoder.conv3, dtype)
    return model


class _Pixels(nn.Module):
    """The decoder's last layer, a transposed convolution to a single channel.

    Convolutions are made for many channels on both sides; what each place has for its nine
    neighbours is one small matrix product, in a third to two thirds of the time.
    """

    def __init__(self, layer: nn.ConvTranspose2d, dtype: torch.dtype) -> None:
        super().__init__()
        assert layer.bias is not None
        self.shares = layer.weight.detach().flatten(1).T.to(dtype).contiguous()
        self.bias = layer.bias.detach()

    def forward(self, hidden: Tensor) -> Tensor:
        """Maps [n, channels, side, side] -> logits [n, 1, side, side], float32."""
        images, _, height, width = hidden.shape
        shares = (self.shares @ hidden.flatten(2)).float().view(images, -1, height, width)
        logits = self.bias.expand(images, height + _KERNEL - 1, width + _KERNEL - 1).clone()
        # Half the time of `F.fold`, which adds number by number.
        for row in range(_KERNEL):
            for column in range(_KERNEL):
                share = shares[:, row * _KERNEL + column]
                logits[:, row : row + height, column : column + width] += share
        return logits[:, None, 1:-1, 1:-1]
