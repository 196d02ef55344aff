"""What our speed is measured against does the same work."""

import dataclasses

import numpy as np

from benchmarks.speed.limit import step_flops
from benchmarks.speed.paces import ours, plain, published
from core.data import DatasetPair
from core.model.vae import VAE


def test_the_plain_loop_reaches_the_curves_of_the_program(
    small_pair: DatasetPair, one_thread: int
) -> None:
    config = dataclasses.replace(published(seeds=2, cycles=2), total_eps=8, num=20)
    theirs, own = plain(config, small_pair, 1), ours(config, small_pair, 1)
    assert theirs.errors.shape == own.errors.shape == (2, 4, 2)
    np.testing.assert_allclose(own.errors, theirs.errors, rtol=0.02)
    assert min(theirs.training_s, theirs.measuring_s, own.training_s, own.measuring_s) > 0


def test_a_steps_operations_are_those_of_its_layers() -> None:
    vae = VAE(5)
    places = {"encoder.conv1": 196, "encoder.conv2": 49}
    places |= {"decoder.conv1": 49, "decoder.conv2": 196, "decoder.conv3": 784}
    products = {
        name: parameter.numel() * places.get(name.removesuffix(".weight"), 1)
        for name, parameter in vae.named_parameters()
        if name.endswith(".weight")
    }
    not_needed = products["encoder.conv1.weight"]  # the gradient of the images
    assert step_flops(5) == 2 * (3 * sum(products.values()) - not_needed)
