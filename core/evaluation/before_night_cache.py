"""The measure before a night, kept: it is the same for every night from the same weights."""

import hashlib
import json
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch

from core.evaluation.measure import Measured, measure
from core.evaluation.probe import Probe
from core.model.digit_reader import DigitReader
from core.model.vae import VAE
from core.support import environment
from core.support.devices import has_bfloat16
from core.support.files import make_folders, read_arrays, write_arrays
from core.support.stopping import Check, never

_MEASURING = 4  # of `evaluation.measure`: raise it with every change that may change a bit
_KINDS = {"error": np.float32, "recall_error": np.float32, "recalled": np.bool_}


def measure_before_night(
    vae: VAE, probe: Probe, reader: DigitReader, check: Check = never, threads: int = 1
) -> Measured:
    """What `measure` gives, bit for bit, found in the user cache where it was measured before.

    A cache that is damaged or cannot be written costs the measuring and nothing else.
    """
    path = cache_path(vae, probe, reader)
    try:
        return _read(path, len(probe.images))
    except Exception:  # of the dozen kinds that a missing or damaged file raises
        found = measure(vae, probe, reader, check, threads=threads)
    with suppress(OSError):
        make_folders(path.parent)
        write_arrays(path, **vars(found))
    return found


def cache_path(vae: VAE, probe: Probe, reader: DigitReader) -> Path:
    """Where the measure is kept, by a name made from all that decides it.

    The weights, test images, masks and classes are in it themselves and not by their names, for
    any file of weights can be given, and data may be replaced.
    """
    device = probe.images.device
    gpu = torch.cuda.get_device_name(device) if device.type == "cuda" else None
    setting = [
        _MEASURING,
        device.type,
        has_bfloat16(device),
        gpu or torch.backends.cpu.get_cpu_capability(),  # a home may be shared by machines
        torch.get_num_threads(),
        torch.__version__,
    ]
    name = hashlib.sha256(json.dumps(setting).encode())
    for part in (vae.state_dict(), reader.state_dict(), vars(probe)):
        for key, tensor in part.items():
            name.update(f"{key} {list(tensor.shape)}".encode())
            name.update(tensor.cpu().contiguous().numpy())
    return environment.cache_dir() / "before" / f"{name.hexdigest()}.npz"


def _read(path: Path, images: int) -> Measured:
    arrays = dict(zip(_KINDS, read_arrays(path, *_KINDS), strict=True))
    for key, kind in _KINDS.items():
        if arrays[key].dtype != np.dtype(kind) or arrays[key].shape != (images,):
            raise ValueError(f"'{key}' is not what was measured")
    return Measured(**arrays)
