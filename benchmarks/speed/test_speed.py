"""Tests of the speed benchmarks: both sides of a comparison do the same work."""

import dataclasses

import numpy as np

from benchmarks.speed.limit import step_flops
from benchmarks.speed.paces import published, time_plain_loop, time_program
from core.data import DatasetPair
from core.model.vae import VAE


def test_plain_loop_and_program_reach_the_same_errors(
    small_pair: DatasetPair, one_thread: int
) -> None:
    config = dataclasses.replace(published(seeds=2, cycles=2), total_eps=8, num=20)
    plain, program = time_plain_loop(config, small_pair, 1), time_program(config, small_pair, 1)
    assert plain.errors.shape == program.errors.shape == (2, 4, 2)
    np.testing.assert_allclose(program.errors, plain.errors, rtol=0.02)
    assert min(plain.training_s, plain.measuring_s) > 0
    assert min(program.training_s, program.measuring_s) > 0


def test_step_flops_match_the_weights_and_positions_of_the_layers() -> None:
    vae = VAE(5)
    positions = {"encoder.conv1": 196, "encoder.conv2": 49}
    positions |= {"decoder.conv1": 49, "decoder.conv2": 196, "decoder.conv3": 784}
    multiplications = {
        name: parameter.numel() * positions.get(name.removesuffix(".weight"), 1)
        for name, parameter in vae.named_parameters()
        if name.endswith(".weight")
    }
    not_computed = multiplications["encoder.conv1.weight"]  # the gradient of the images
    assert step_flops(5) == 2 * (3 * sum(multiplications.values()) - not_computed)
