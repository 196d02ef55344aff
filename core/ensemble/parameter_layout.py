"""How many models' parameters lie in one tensor, each as the matrix that `layers` multiplies with.

A row holds one seed's model. Within it every matrix begins at a multiple of 64 bytes, as a
product's last bit can depend on where in memory its numbers lie: so a seed's night is the same,
bit for bit, in whichever row it is slept.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

_LINE = 16  # float32 numbers in 64 bytes
_SMALL = 7 * 7  # places of the smallest maps, between the convolutions and the dense layers


@dataclass(frozen=True)
class _Matrix:
    """One matrix, made of the VAE's parameters ``names``, stacked along their first dimension.

    The stack, seen in ``shape`` and with its dimensions in ``order``, is the matrix with that many
    ``rows``.
    """

    names: tuple[str, ...]
    shape: tuple[int, ...]
    order: tuple[int, ...]
    rows: int

    @property
    def size(self) -> int:
        return math.prod(self.shape)


class ParameterLayout:
    """The places of all parameters of a VAE with ``latent_dim``."""

    def __init__(self, latent_dim: int) -> None:
        self._matrices = _matrices(latent_dim)
        self._starts = {}
        self.length = 0  # of a row
        for name, matrix in self._matrices.items():
            self._starts[name] = self.length
            self.length += -(-matrix.size // _LINE) * _LINE

    def matrices(self, rows: Tensor) -> dict[str, Tensor]:
        """All matrices in ``rows`` [seeds, length], each [seeds, rows, columns], as views."""
        return {
            name: self._cut(rows, name).view(len(rows), matrix.rows, -1)
            for name, matrix in self._matrices.items()
        }

    def pack(self, parameters: Mapping[str, Tensor], row: Tensor) -> None:
        """Write a VAE's ``parameters`` (or what is shaped like them) into ``row`` [length]."""
        for name, matrix in self._matrices.items():
            stack = torch.cat([parameters[each] for each in matrix.names])
            self._cut(row, name).copy_(stack.reshape(matrix.shape).permute(matrix.order).flatten())

    def unpack(self, row: Tensor, like: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The inverse of `pack`: tensors of their own, named and shaped as in ``like``."""
        found = {}
        for name, matrix in self._matrices.items():
            permuted = [matrix.shape[place] for place in matrix.order]
            back = [matrix.order.index(place) for place in range(len(matrix.order))]
            stack = self._cut(row, name).view(permuted).permute(back).flatten()
            parts = stack.chunk(len(matrix.names))
            for each, part in zip(matrix.names, parts, strict=True):
                found[each] = part.reshape(like[each].shape).clone()
        return found

    def _cut(self, rows: Tensor, name: str) -> Tensor:
        start = self._starts[name]
        return rows[..., start : start + self._matrices[name].size]


def _matrices(latent: int) -> dict[str, _Matrix]:
    """Weights as [inputs, outputs], what a place sees in the order (row, column, channel)."""
    found = {}

    def put(
        layer: str, shape: tuple[int, ...], order: tuple[int, ...], rows: int, *names: str
    ) -> None:
        parts = names or (layer,)
        found[f"{layer}.weight"] = _Matrix(
            tuple(f"{part}.weight" for part in parts), shape, order, rows
        )
        biases = tuple(f"{part}.bias" for part in parts)
        if layer == "decoder.dense":  # which gives maps, channels last
            found[f"{layer}.bias"] = _Matrix(biases, (64, _SMALL), (1, 0), 1)
        else:
            # A transposed convolution's weight names its outputs second.
            outputs = shape[1] if layer.startswith("decoder.conv") else shape[0]
            found[f"{layer}.bias"] = _Matrix(biases, (outputs,), (0,), 1)

    put("encoder.conv1", (32, 1, 3, 3), (2, 3, 1, 0), 9)
    put("encoder.conv2", (64, 32, 3, 3), (2, 3, 1, 0), 9 * 32)
    put("encoder.dense1", (16, 64, _SMALL), (2, 1, 0), 64 * _SMALL)
    put("encoder.dense2", (latent, 16), (1, 0), 16)
    heads = ("encoder.mean", "encoder.log_var")
    put("encoder.heads", (2 * latent, latent), (1, 0), latent, *heads)
    put("decoder.dense", (64, _SMALL, latent), (2, 1, 0), latent)
    put("decoder.conv1", (64, 64, 3, 3), (0, 2, 3, 1), 64)
    put("decoder.conv2", (64, 32, 3, 3), (0, 2, 3, 1), 64)
    put("decoder.conv3", (32, 1, 3, 3), (2, 3, 1, 0), 9)  # [9, inputs]: the long side last
    return found
