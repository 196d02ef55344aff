"""What the machine could do at best: operations counted from the layers, over its rate of them."""

import time

import torch

from core.support.threads import parallel_map, torch_threads

_TRIALS, _PRODUCTS = 20, 50
_FLAT = 64 * 7 * 7

# Places, inputs and outputs of each convolution, all with kernels of 3 x 3.
_ENCODER = [(14 * 14, 1, 32), (7 * 7, 32, 64)]
_DECODER = [(7 * 7, 64, 64), (14 * 14, 64, 32), (28 * 28, 32, 1)]
_READER = [(14 * 14, 1, 16), (7 * 7, 16, 32)]
_READER_DENSE = [(32 * 7 * 7, 64), (64, 20)]


def step_flops(latent_dim: int) -> int:
    """Floating-point operations of a training step at batch size 1: two a multiplication.

    Each layer multiplies forwards, back to its weights, and back to its inputs but for the first.
    """
    dense = [(_FLAT, 16), (16, latent_dim), (latent_dim, 2 * latent_dim), (latent_dim, _FLAT)]
    not_needed = _products(_ENCODER[:1], [])
    return 2 * (3 * _products(_ENCODER + _DECODER, dense) - not_needed)


def measure_flops(latent_dim: int) -> int:
    """Those of measuring one test image: redrawn from all of it, from a part of it, and read."""
    dense = [(_FLAT, 16), (16, latent_dim), (latent_dim, latent_dim), (latent_dim, _FLAT)]
    return 2 * (2 * _products(_ENCODER + _DECODER, dense) + _products(_READER, _READER_DENSE))


def multiply_rate(threads: int) -> float:
    """Such operations a second, float32, in matrix products as large as the step's largest.

    Each thread multiplies for itself, which is faster than sharing one product out.
    """
    with torch_threads():
        return sum(parallel_map(lambda _: _rate(), range(threads), threads))


def _rate() -> float:
    left, right, product = torch.rand(288, 64), torch.rand(64, 196), torch.empty(288, 196)
    best = float("inf")
    for _ in range(_TRIALS):
        began = time.perf_counter()
        for _ in range(_PRODUCTS):
            torch.mm(left, right, out=product)
        best = min(best, time.perf_counter() - began)
    return _PRODUCTS * 2 * 288 * 64 * 196 / best


def _products(convolutions: list[tuple[int, int, int]], dense: list[tuple[int, int]]) -> int:
    over_places = sum(9 * places * inputs * outputs for places, inputs, outputs in convolutions)
    return over_places + sum(inputs * outputs for inputs, outputs in dense)
