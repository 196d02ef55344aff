"""`core.support.random_streams`: the numbers of a stream depend on its name alone."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.support.random_streams import Purpose, random_stream

names = st.tuples(
    st.integers(0, 2**32 - 1),
    st.sampled_from(list(Purpose)),
    st.lists(st.integers(0, 1_000), max_size=3).map(tuple),
)


def first_numbers(name: tuple[int, Purpose, tuple[int, ...]], count: int = 4) -> list[float]:
    seed, purpose, position = name
    return random_stream(seed, purpose, *position).random(count).tolist()


@settings(max_examples=300)
@given(names)
def test_a_stream_depends_only_on_its_name(name: tuple[int, Purpose, tuple[int, ...]]) -> None:
    expected = first_numbers(name)
    random_stream(name[0] ^ 1, name[1]).random(1_000)  # numbers of another seed in between
    np.random.default_rng(0).random(10)
    assert first_numbers(name) == expected


@settings(max_examples=300)
@given(names, names)
def test_streams_of_different_names_differ(
    name_1: tuple[int, Purpose, tuple[int, ...]], name_2: tuple[int, Purpose, tuple[int, ...]]
) -> None:
    assert (first_numbers(name_1) == first_numbers(name_2)) == (name_1 == name_2)


def test_positions_that_differ_in_trailing_zeros_name_different_streams() -> None:
    positions: list[tuple[int, ...]] = [(), (0,), (0, 0), (0, 0, 0), (1,), (1, 0)]
    streams = {tuple(first_numbers((0, Purpose.NOISE, position))) for position in positions}
    assert len(streams) == len(positions)


def test_the_values_of_the_purposes_do_not_change_because_results_depend_on_them() -> None:
    assert {purpose.name: int(purpose) for purpose in Purpose} == {
        "INITIAL_WEIGHTS": 0,
        "SUBSET": 1,
        "SHUFFLE": 2,
        "NOISE": 3,
        "DREAMS": 4,
        "MASKS": 5,
        "OUTLIERS": 6,
    }


def test_the_numbers_of_streams_do_not_change_because_results_depend_on_them() -> None:
    assert random_stream(0, Purpose.SUBSET, 1).choice(4_000, 3, replace=False).tolist() == [
        1599,
        2356,
        521,
    ]
    assert random_stream(1, Purpose.NOISE, 2, 0, 3).integers(1_000, size=3).tolist() == [
        69,
        520,
        358,
    ]
