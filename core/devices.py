"""From a device's name in a config to a torch device that this machine has."""

import torch

from core.errors import ConfigError


def resolve(name: str) -> torch.device:
    """The device called ``name``; "auto" is CUDA where there is one, else the CPU.

    Raises `ConfigError` for a device that this machine lacks.
    """
    has = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if name == "auto":
        return torch.device("cuda" if has["cuda"] else "cpu")
    if not has[name]:
        usable = ", ".join(device for device, present in has.items() if present)
        raise ConfigError(f"device is {name!r}, which this machine lacks; choose auto or {usable}.")
    return torch.device(name)
