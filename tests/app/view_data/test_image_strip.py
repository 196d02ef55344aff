"""Images of a run as PNG files for the page."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from app.view_data import image_strip
from core.runs.folder import RunFolder
from core.runs.log import RunReader
from tests.helpers.page_runs import night, write


def picture(uri: str) -> np.ndarray:
    """Return the pixels of a data URI: grey value and opacity."""
    head, text = uri.split(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))))


@pytest.mark.parametrize("count", [1, 2, 10])
def test_images_lie_side_by_side_with_transparent_gaps(count: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (count, 28, 28), dtype=np.uint8)
    pixels = picture(image_strip.encode_row(images))
    assert pixels.shape == (28, 28 * count + image_strip.GAP * (count - 1), 2)
    for index, image in enumerate(images):
        left = index * (28 + image_strip.GAP)
        np.testing.assert_array_equal(pixels[:, left : left + 28, 0], image)
        assert (pixels[:, left : left + 28, 1] == 255).all()
        assert (pixels[:, left + 28 : left + 28 + image_strip.GAP, 1] == 0).all()


def test_equal_images_have_the_same_data_uri() -> None:
    images = np.arange(2 * 28 * 28, dtype=np.uint8).reshape(2, 28, 28)
    assert image_strip.encode_row(images) == image_strip.encode_row(images.copy())


def test_stored_images_are_loaded_from_disk(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path))
    events = night([60], [600], whole=False, pictures=True)
    folder: RunFolder = write(events)
    stored = RunReader(folder.path).read()[1].original_1  # type: ignore[union-attr]
    assert not isinstance(stored, np.ndarray)
    original = events[1].original_1  # type: ignore[union-attr]
    np.testing.assert_array_equal(image_strip.load_images(stored), original)
    assert image_strip.load_images(original) is original
