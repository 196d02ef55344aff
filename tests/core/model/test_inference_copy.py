"""`core.model.inference_copy`: the copy of a VAE for evaluation."""

import numpy as np
import torch

from core.model.inference_copy import inference_copy
from core.model.vae import VAE, initialise


def _model() -> VAE:
    """Create a VAE whose output layer has a bias, as after training."""
    vae = VAE(5)
    initialise(vae, np.random.default_rng(0))
    with torch.no_grad():
        vae.decoder.conv3.bias.fill_(0.3)
    return vae


def test_the_copy_reconstructs_images_as_the_model_does() -> None:
    vae = _model()
    images = torch.rand(7, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        torch.testing.assert_close(inference_copy(vae).reconstruct(images), vae.reconstruct(images))


def test_copying_does_not_modify_the_model() -> None:
    vae = _model()
    expected = {name: value.clone() for name, value in vae.state_dict().items()}
    strides = [parameter.stride() for parameter in vae.parameters()]
    inference_copy(vae)
    assert vae.state_dict().keys() == expected.keys()
    assert all(torch.equal(value, expected[name]) for name, value in vae.state_dict().items())
    assert [parameter.stride() for parameter in vae.parameters()] == strides


def test_a_bfloat16_copy_reconstructs_nearly_the_same_images_in_float32() -> None:
    vae = _model()
    images = torch.rand(7, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        reconstructed = inference_copy(vae, torch.bfloat16).reconstruct(images.bfloat16())
        expected = vae.reconstruct(images)
    assert reconstructed.dtype == torch.float32
    assert 0 < float((reconstructed - expected).abs().mean()) < 0.01
