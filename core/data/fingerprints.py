"""Fingerprints of images, to prove which were trained on and which never were."""

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.data.sources import SOURCES
from core.data.splits import Images
from core.support.files import atomic_file

Fingerprints = NDArray[np.uint64]


def fingerprints(images: Images) -> Fingerprints:
    """The first 8 bytes of each image's SHA-256, uint64 [n]; images are uint8 [n, 28, 28]."""
    digests = b"".join(hashlib.sha256(image.tobytes()).digest()[:8] for image in images)
    return np.frombuffer(digests, dtype="<u8")


def digest(prints: Fingerprints) -> str:
    """One SHA-256 over a set of fingerprints, whatever their order."""
    return hashlib.sha256(np.sort(prints).astype("<u8").tobytes()).hexdigest()


def keep_fingerprints(images: Images, name: str, folder: Path) -> dict[str, int | str]:
    """Write the sorted fingerprints of ``images`` into ``folder``; return the record of the file.

    Weights trained on the same images share the file, which proves what they never saw.
    """
    prints = np.sort(fingerprints(images))
    whole = digest(prints)
    path = folder / f"training-images-{name}-{whole[:8]}.npy"
    with atomic_file(path) as file:
        np.save(file, prints, allow_pickle=False)
    return {"count": len(prints), "digest": whole, "file": path.name}


def outside_bundled_test(images: Images) -> NDArray[np.bool_]:
    """Which of ``images`` are not among the bundled test images, bool [n]."""
    return ~np.isin(fingerprints(images), fingerprints(SOURCES["bundled"].load().test))
