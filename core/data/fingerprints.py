"""Fingerprints of images, a record of which images a model was trained on."""

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.data.sources import SOURCES
from core.data.splits import Images
from core.support.files import atomic_file

Fingerprints = NDArray[np.uint64]


def fingerprints(images: Images) -> Fingerprints:
    """Return the first 8 bytes of the SHA-256 of each image.

    ``images`` is uint8 [n, 28, 28]; the result is uint64 [n].
    """
    digests = b"".join(hashlib.sha256(image.tobytes()).digest()[:8] for image in images)
    return np.frombuffer(digests, dtype="<u8")


def digest(prints: Fingerprints) -> str:
    """Return the SHA-256 of a set of fingerprints in hexadecimal; their order does not matter."""
    return hashlib.sha256(np.sort(prints).astype("<u8").tobytes()).hexdigest()


def save_fingerprints(images: Images, name: str, folder: Path) -> dict[str, int | str]:
    """Write the sorted fingerprints of training images to a file.

    The file's name contains the digest, so weights trained on the same images share one file.

    Parameters
    ----------
    images : Images
        Training images, uint8 [n, 28, 28].
    name : str
        Part of the file's name that describes the images.
    folder : Path
        Existing folder for the file.

    Returns
    -------
    dict
        Entry for the record of the weights: the ``count`` of images, the ``digest`` of their
        fingerprints and the name of the ``file``.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    sorted_prints = np.sort(fingerprints(images))
    whole_digest = digest(sorted_prints)
    path = folder / f"training-images-{name}-{whole_digest[:8]}.npy"
    with atomic_file(path) as file:
        np.save(file, sorted_prints, allow_pickle=False)
    return {"count": len(sorted_prints), "digest": whole_digest, "file": path.name}


def outside_bundled_test(images: Images) -> NDArray[np.bool_]:
    """Return which of ``images``, uint8 [n, 28, 28], are not bundled test images, as bool [n]."""
    return ~np.isin(fingerprints(images), fingerprints(SOURCES["bundled"].load().test))
