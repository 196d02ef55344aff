"""`core.data.masks`: every measurement and every condition hides the same pixels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.masks import MASKS


@pytest.mark.parametrize("name", MASKS)
def test_a_mask_hides_pixels_of_28_by_28_images(name: str) -> None:
    hidden = MASKS[name].hidden(3, 0.25)
    assert hidden.shape == (3, 28, 28)
    assert hidden.dtype == bool
    assert MASKS[name].name == name
    assert MASKS[name].label


@settings(max_examples=50)
@given(st.floats(0, 1), st.integers(1, 20))
def test_random_hides_the_requested_fraction_of_every_image(fraction: float, count: int) -> None:
    hidden = MASKS["random"].hidden(count, fraction)
    assert set(hidden.sum(axis=(1, 2))) == {round(fraction * 784)}


def test_random_hides_a_quarter_none_or_all_of_the_pixels() -> None:
    for fraction, pixels in ((0.25, 196), (0.0, 0), (1.0, 784)):
        assert MASKS["random"].hidden(1, fraction).sum() == pixels


def test_random_hides_different_pixels_in_each_image_and_no_pixel_always_or_never() -> None:
    hidden = MASKS["random"].hidden(200, 0.25)
    assert len({image.tobytes() for image in hidden}) == 200
    hidden_per_pixel = hidden.mean(axis=0)
    assert 0.1 < hidden_per_pixel.min() < hidden_per_pixel.max() < 0.4


@pytest.mark.parametrize("name", MASKS)
def test_a_mask_is_deterministic(name: str) -> None:
    first, second = (MASKS[name].hidden(10, 0.4) for _ in range(2))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("name", MASKS)
def test_the_mask_of_an_image_does_not_depend_on_the_number_of_images(name: str) -> None:
    few, many = MASKS[name].hidden(5, 0.25), MASKS[name].hidden(50, 0.25)
    assert np.array_equal(few, many[:5])


def test_a_larger_fraction_hides_additional_pixels() -> None:
    less, more = (MASKS["random"].hidden(10, fraction) for fraction in (0.25, 0.5))
    assert not (less & ~more).any()


@pytest.mark.parametrize(
    ("name", "rows", "columns"),
    [
        ("top", slice(0, 14), slice(0, 28)),
        ("left", slice(0, 28), slice(0, 14)),
        ("centre", slice(7, 21), slice(7, 21)),
    ],
)
def test_a_region_mask_hides_its_region_at_every_fraction(
    name: str, rows: slice, columns: slice
) -> None:
    expected = np.zeros((28, 28), dtype=bool)
    expected[rows, columns] = True
    for fraction in (0.0, 0.25, 1.0):
        assert (MASKS[name].hidden(2, fraction) == expected).all()
    assert not MASKS[name].takes_fraction


def test_only_the_random_mask_takes_a_fraction() -> None:
    assert [name for name, mask in MASKS.items() if mask.takes_fraction] == ["random"]
