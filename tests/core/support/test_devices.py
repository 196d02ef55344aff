"""From a device's name to a torch device."""

import pytest
import torch

from core.support.devices import resolve
from core.support.errors import ConfigError


@pytest.fixture(params=[(True, True), (True, False), (False, True), (False, False)], ids=str)
def has(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[bool, bool]:
    """Whether this machine is to have CUDA, and MPS."""
    cuda, mps = request.param
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    return cuda, mps


def test_auto_is_cuda_then_mps_then_the_cpu(has: tuple[bool, bool]) -> None:
    cuda, mps = has
    assert resolve("auto").type == ("cuda" if cuda else "mps" if mps else "cpu")


def test_a_device_by_name_is_that_one_or_a_sentence(has: tuple[bool, bool]) -> None:
    assert resolve("cpu").type == "cpu"
    for name, there in zip(("cuda", "mps"), has, strict=True):
        if there:
            assert resolve(name).type == name
        else:
            with pytest.raises(ConfigError, match=f"device is '{name}', which this machine lacks"):
                resolve(name)
