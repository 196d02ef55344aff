"""The copy of a model that is measured with."""

import numpy as np
import torch

from core.model.inference_copy import inference_copy
from core.model.vae import VAE, initialise


def _model() -> VAE:
    vae = VAE(5)
    initialise(vae, np.random.default_rng(0))
    with torch.no_grad():
        vae.decoder.conv3.bias.fill_(0.3)  # as training would leave it
    return vae


def test_it_redraws_images_as_the_model_does() -> None:
    vae = _model()
    images = torch.rand(7, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        torch.testing.assert_close(inference_copy(vae).reconstruct(images), vae.reconstruct(images))


def test_the_model_itself_stays_as_it_is() -> None:
    vae = _model()
    before = {name: value.clone() for name, value in vae.state_dict().items()}
    strides = [parameter.stride() for parameter in vae.parameters()]
    inference_copy(vae)
    assert vae.state_dict().keys() == before.keys()
    assert all(torch.equal(value, before[name]) for name, value in vae.state_dict().items())
    assert [parameter.stride() for parameter in vae.parameters()] == strides


def test_in_half_the_precision_it_redraws_nearly_the_same_in_float32() -> None:
    vae = _model()
    images = torch.rand(7, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        redrawn = inference_copy(vae, torch.bfloat16).reconstruct(images.bfloat16())
        expected = vae.reconstruct(images)
    assert redrawn.dtype == torch.float32
    assert 0 < float((redrawn - expected).abs().mean()) < 0.01
