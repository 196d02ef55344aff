"""`core.jobs.turn`: a turn in words."""

import pytest

from core.engine.state import Place
from core.jobs.turn import in_line


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (Place(1, None), "next in line"),
        (Place(1, 1.0), "next in line"),
        (Place(1, 12.0), "next in line, about 10 s to wait"),
        (Place(2, 7.0), "2nd in line, about 10 s to wait"),
        (Place(3, 41.0), "3rd in line, about 40 s to wait"),
        (Place(11, 94.0), "11th in line, about 90 s to wait"),
        (Place(12, 100.0), "12th in line, about 2 min to wait"),
        (Place(21, 3_600.0), "21st in line, about 60 min to wait"),
        (Place(22, 5_400.0), "22nd in line, about 1.5 h to wait"),
        (Place(113, None), "113th in line"),
    ],
)
def test_a_turn_is_told_as_a_place_and_a_wait(place: Place, words: str) -> None:
    assert in_line(place) == words
