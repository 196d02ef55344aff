"""`core.support.devices`: torch devices by name."""

import pytest
import torch

from core.support.devices import resolve_device
from core.support.errors import ConfigError


@pytest.fixture(params=[(True, True), (True, False), (False, True), (False, False)], ids=str)
def available(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[bool, bool]:
    """Simulate a machine with or without CUDA, and with or without MPS."""
    cuda, mps = request.param
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    return cuda, mps


def test_auto_selects_cuda_then_mps_then_the_cpu(available: tuple[bool, bool]) -> None:
    cuda, mps = available
    assert resolve_device("auto").type == ("cuda" if cuda else "mps" if mps else "cpu")


def test_a_named_device_is_returned_or_a_config_error_raised(available: tuple[bool, bool]) -> None:
    assert resolve_device("cpu").type == "cpu"
    for name, present in zip(("cuda", "mps"), available, strict=True):
        if present:
            assert resolve_device(name).type == name
        else:
            with pytest.raises(ConfigError, match=f"device is '{name}', which this machine lacks"):
                resolve_device(name)
