"""Images of a run as PNG files for the page, one per row of images."""

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

GAP = 2  # pixels between images


def encode_row(images: NDArray[np.uint8]) -> str:
    """Return images [n, 28, 28] side by side as a PNG data URI, with transparent gaps."""
    count, height, width = images.shape
    canvas = np.zeros((height, count * (width + GAP) - GAP, 2), np.uint8)
    for index, image in enumerate(images):
        left = index * (width + GAP)
        canvas[:, left : left + width, 0] = image
        canvas[:, left : left + width, 1] = 255
    file = io.BytesIO()
    Image.fromarray(canvas, "LA").save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def load_images(array: Any) -> NDArray[np.uint8]:
    """Return the images of an event, read from disk if it is a `StoredArray`."""
    return array.load() if hasattr(array, "load") else array
