"""Cache of the measurement before a night, which is the same for all nights from equal weights."""

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
from core.support.files import create_folders, read_arrays, write_arrays
from core.support.stopping import Check, never

MEASURE_VERSION = 4  # raise it with every change of `measure` that may change a bit of its result
_DTYPES = {"error": np.float32, "recall_error": np.float32, "recalled": np.bool_}


def measure_before_night(
    vae: VAE, probe: Probe, reader: DigitReader, check: Check = never, threads: int = 1
) -> Measured:
    """Return `measure(...)`, read from the user cache if an identical measurement is there.

    A damaged cache file is replaced. A cache that cannot be written is ignored.

    Parameters
    ----------
    vae : VAE
        Model to measure; it is not modified.
    probe : Probe
        n test images and their partial versions, on the model's device.
    reader : DigitReader
        Classifier of the recalled images, on the same device.
    check : Check, optional
        Called before every batch that is measured; it may raise.
    threads : int, default 1
        Batches measured in parallel; the result does not depend on it.

    Returns
    -------
    Measured
        One value per image, all of shape [n]; bit for bit the same from the cache.
    """
    path = cache_path(vae, probe, reader)
    try:
        return _read(path, len(probe.images))
    except Exception:  # a missing or damaged file raises a dozen kinds
        measured = measure(vae, probe, reader, check, threads=threads)
    with suppress(OSError):
        create_folders(path.parent)
        write_arrays(path, **vars(measured))
    return measured


def cache_path(vae: VAE, probe: Probe, reader: DigitReader) -> Path:
    """Return the cache file of a measurement.

    Its name is a hash of everything that decides the result. Weights, images, masks and classes
    enter by content rather than by name, because any weights file can be given and data can be
    replaced.

    Parameters
    ----------
    vae : VAE
        Model to measure.
    probe : Probe
        Test images and their partial versions.
    reader : DigitReader
        Classifier of the recalled images.

    Returns
    -------
    Path
        File in the user cache; it may not exist.
    """
    device = probe.images.device
    gpu = torch.cuda.get_device_name(device) if device.type == "cuda" else None
    settings = [
        MEASURE_VERSION,
        device.type,
        has_bfloat16(device),
        gpu or torch.backends.cpu.get_cpu_capability(),  # machines may share a home folder
        torch.get_num_threads(),
        torch.__version__,
    ]
    name = hashlib.sha256(json.dumps(settings).encode())
    for tensors in (vae.state_dict(), reader.state_dict(), vars(probe)):
        for key, tensor in tensors.items():
            name.update(f"{key} {list(tensor.shape)}".encode())
            name.update(tensor.cpu().contiguous().numpy())
    return environment.cache_dir() / "before" / f"{name.hexdigest()}.npz"


def _read(path: Path, images: int) -> Measured:
    arrays = dict(zip(_DTYPES, read_arrays(path, *_DTYPES), strict=True))
    for key, dtype in _DTYPES.items():
        if arrays[key].dtype != np.dtype(dtype) or arrays[key].shape != (images,):
            raise ValueError(f"'{key}' has another type or shape than a measurement")
    return Measured(**arrays)
