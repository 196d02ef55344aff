"""Storage of many models' parameters in one tensor, as the matrices that `layers` multiplies with.

A row holds one seed's model. Within it every matrix starts at a multiple of 64 bytes, because the
last bit of a matrix product can depend on the memory alignment of its operands: so a seed's results
are the same, bit for bit, in every row.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

_ALIGNMENT = 16  # float32 numbers in 64 bytes
_POSITIONS_7 = 7 * 7  # positions of the smallest maps, between convolutions and dense layers


@dataclass(frozen=True)
class _Matrix:
    """One matrix: VAE parameters, concatenated, reshaped and permuted.

    Attributes
    ----------
    names : tuple of str
        Parameters of the VAE that are concatenated along their first dimension.
    shape : tuple of int
        Shape that the concatenation is viewed in.
    order : tuple of int
        Permutation of its dimensions that gives the matrix.
    rows : int
        Rows of the matrix.
    """

    names: tuple[str, ...]
    shape: tuple[int, ...]
    order: tuple[int, ...]
    rows: int

    @property
    def size(self) -> int:
        return math.prod(self.shape)


class ParameterLayout:
    """Positions of all parameters of a VAE with ``latent_dim`` in a row of ``length`` numbers."""

    def __init__(self, latent_dim: int) -> None:
        self._matrices = _matrices(latent_dim)
        self._starts = {}
        self.length = 0
        for name, matrix in self._matrices.items():
            self._starts[name] = self.length
            self.length += -(-matrix.size // _ALIGNMENT) * _ALIGNMENT

    def matrices(self, rows: Tensor) -> dict[str, Tensor]:
        """Return views of all matrices in ``rows`` [seeds, length], each [seeds, n, m], by name."""
        return {
            name: self._slice(rows, name).view(len(rows), matrix.rows, -1)
            for name, matrix in self._matrices.items()
        }

    def pack(self, parameters: Mapping[str, Tensor], row: Tensor) -> None:
        """Write a VAE's ``parameters``, or tensors shaped as they are, to ``row`` [length]."""
        for name, matrix in self._matrices.items():
            stack = torch.cat([parameters[part] for part in matrix.names])
            numbers = stack.reshape(matrix.shape).permute(matrix.order).flatten()
            self._slice(row, name).copy_(numbers)

    def unpack(self, row: Tensor, template: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return copies of the parameters in ``row`` [length], named and shaped as ``template``."""
        parameters = {}
        for name, matrix in self._matrices.items():
            permuted = [matrix.shape[dimension] for dimension in matrix.order]
            inverse = [matrix.order.index(dimension) for dimension in range(len(matrix.order))]
            stack = self._slice(row, name).view(permuted).permute(inverse).flatten()
            chunks = stack.chunk(len(matrix.names))
            for part, chunk in zip(matrix.names, chunks, strict=True):
                parameters[part] = chunk.reshape(template[part].shape).clone()
        return parameters

    def _slice(self, rows: Tensor, name: str) -> Tensor:
        start = self._starts[name]
        return rows[..., start : start + self._matrices[name].size]


def _matrices(latent_dim: int) -> dict[str, _Matrix]:
    """Return the matrices by name: weights [inputs, outputs], patches (row, column, channel)."""
    matrices = {}

    def add(
        layer: str, shape: tuple[int, ...], order: tuple[int, ...], rows: int, *sources: str
    ) -> None:
        layers = sources or (layer,)
        weights = tuple(f"{source}.weight" for source in layers)
        matrices[f"{layer}.weight"] = _Matrix(weights, shape, order, rows)
        biases = tuple(f"{source}.bias" for source in layers)
        if layer == "decoder.dense":  # its outputs are maps, channels last
            matrices[f"{layer}.bias"] = _Matrix(biases, (64, _POSITIONS_7), (1, 0), 1)
        else:
            # The second dimension of a transposed convolution's weight is its outputs.
            outputs = shape[1] if layer.startswith("decoder.conv") else shape[0]
            matrices[f"{layer}.bias"] = _Matrix(biases, (outputs,), (0,), 1)

    add("encoder.conv1", (32, 1, 3, 3), (2, 3, 1, 0), 9)
    add("encoder.conv2", (64, 32, 3, 3), (2, 3, 1, 0), 9 * 32)
    add("encoder.dense1", (16, 64, _POSITIONS_7), (2, 1, 0), 64 * _POSITIONS_7)
    add("encoder.dense2", (latent_dim, 16), (1, 0), 16)
    heads = ("encoder.mean", "encoder.log_var")
    add("encoder.heads", (2 * latent_dim, latent_dim), (1, 0), latent_dim, *heads)
    add("decoder.dense", (64, _POSITIONS_7, latent_dim), (2, 1, 0), latent_dim)
    add("decoder.conv1", (64, 64, 3, 3), (0, 2, 3, 1), 64)
    add("decoder.conv2", (64, 32, 3, 3), (0, 2, 3, 1), 64)
    add("decoder.conv3", (32, 1, 3, 3), (2, 3, 1, 0), 9)  # [9, inputs]: the long side last
    return matrices
