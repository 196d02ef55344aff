"""`core.runs.codec`: events to records and back, with a check of each field."""

import json
import math
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.runs.arrays import StoredArray
from core.runs.codec import encode
from core.runs.events import CycleDone, DreamsMade, EpochDone, Event, NightFailed, StageEvaluated
from core.runs.log import LOG, LogReader
from core.support.errors import LogError
from tests.conftest import comparable, events_of_type
from tools.sample_runs import EVENTS, RECORDED_RUNS, assert_sentence, load_arrays, write_events


def test_the_sample_events_include_every_kind() -> None:
    assert {type(event) for event in EVENTS} == set(get_args(Event))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_kind_of_event_is_read_as_it_was_written(event: Event, tmp_path: Path) -> None:
    write_events(tmp_path, [event])
    (event_read,) = LogReader(tmp_path).read()
    assert comparable(load_arrays(event_read)) == comparable(event)


@given(
    cycle=st.integers(),
    text=st.text(),
    losses=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1),
)
def test_any_numbers_and_texts_are_read_exactly_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, cycle: int, text: str, losses: list[float]
) -> None:
    folder = tmp_path_factory.mktemp("run")
    values = tuple(losses)
    events = [EpochDone(cycle, text, 1, values, values, values), NightFailed(text), CycleDone(1)]
    write_events(folder, events)
    assert comparable(LogReader(folder).read()) == comparable(events)


def sealed(text: str) -> bytes:
    """Return the JSON object ``text`` as the first line of a log, with a valid checksum."""
    return f'{text[:-1]}, "crc": "{zlib.crc32(text.encode()):08x}"}}\n'.encode()


def changed(change: Callable[[dict[str, Any]], object], event: Event) -> str:
    """Return the record of ``event`` as JSON after ``change``."""
    record = json.loads(json.dumps(encode(event)[0]))
    change(record)
    return json.dumps(record)


def example(kind: str) -> Event:
    """Return the first sample event of a kind."""
    return next(event for event in EVENTS if type(event).__name__ == kind)


CYCLE, EPOCH, SCORES = example("CycleDone"), example("EpochDone"), example("StageEvaluated")
NIGHT = example("NightStarted")
INVALID: dict[str, str] = {
    "an unknown kind": '{"kind": "NightMare", "cycle": 1}',
    "a kind that is a list": '{"kind": ["CycleDone"], "cycle": 1}',
    "a missing kind": '{"cycle": 1}',
    "an empty object": "{}",
    "deep nesting": '{"kind": ' + "[" * 100_000 + "}",
    "a kind that is not an event": '{"kind": "Scores"}',
    "an unknown field": changed(lambda r: r.update(extra=1), CYCLE),
    "a missing field": changed(lambda r: r.pop("cycle"), CYCLE),
    "a text for a number": changed(lambda r: r.update(cycle="1"), CYCLE),
    "a fraction for a whole number": changed(lambda r: r.update(cycle=1.5), CYCLE),
    "true for a number": changed(lambda r: r.update(cycle=True), CYCLE),
    "null for a number": changed(lambda r: r.update(cycle=None), CYCLE),
    "NaN": changed(lambda r: r.update(total=[math.nan, 1.0]), EPOCH),
    "infinity": changed(lambda r: r.update(kl=[1.0, -math.inf]), EPOCH),
    "a number larger than any float": '{"kind": "NightDone", "seconds": 1e999}',
    "an integer larger than any float": '{"kind": "NightDone", "seconds": 1' + 400 * "0" + "}",
    "an integer longer than Python's limit": '{"kind": "NightDone", "seconds": '
    + 5_000 * "9"
    + "}",
    "a number for a list": changed(lambda r: r.update(total=1.0), EPOCH),
    "a list in a list": changed(lambda r: r.update(total=[[1.0], 2.0]), EPOCH),
    "a number for scores": changed(lambda r: r.update(dataset_1=5), SCORES),
    "a text for scores": changed(lambda r: r.update(dataset_1="5"), SCORES),
    "a list for scores": changed(lambda r: r.update(dataset_2=[]), SCORES),
    "null for scores": changed(lambda r: r.update(dataset_2=None), SCORES),
    "NaN in the config": changed(lambda r: r["config"].update(lr=math.nan), NIGHT),
    "a list for the config": changed(lambda r: r.update(config=[]), NIGHT),
    "a cycle too short": changed(lambda r: r.update(cycles=[[0.5, 1]]), NIGHT),
}


@pytest.mark.parametrize("case", INVALID)
def test_a_line_with_a_valid_checksum_that_is_not_an_event_is_a_log_error(
    case: str, tmp_path: Path
) -> None:
    # The checksum is valid, so the line is not damaged: another program wrote it.
    log = tmp_path / LOG
    log.write_bytes(sealed(INVALID[case]))
    with pytest.raises(LogError) as caught:
        LogReader(tmp_path).read()
    assert str(caught.value).startswith(f"{log}, line 1: ")
    assert str(caught.value).endswith(".")
    assert "checksum" not in str(caught.value)


def test_an_event_of_an_unknown_kind_is_reported_as_possibly_of_a_newer_version(
    tmp_path: Path,
) -> None:
    (tmp_path / LOG).write_bytes(sealed('{"kind": "NightMare", "cycle": 1}'))
    with pytest.raises(LogError, match="unknown kind 'NightMare'; a newer version may have"):
        LogReader(tmp_path).read()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@given(event=st.sampled_from(EVENTS), data=st.data())
def test_a_field_with_any_value_gives_an_event_or_a_log_error(
    tmp_path_factory: pytest.TempPathFactory, event: Event, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp()
    name = data.draw(st.sampled_from(sorted(encode(event)[0])))
    line = sealed(changed(lambda record: record.update({name: data.draw(_JSON)}), event))
    (folder / LOG).write_bytes(line)
    try:
        (event_read,) = LogReader(folder).read()
    except LogError as error:
        assert_sentence(error, f"{folder / LOG}, line 1: ")
    else:
        assert type(event_read).__name__ == json.loads(line)["kind"]


# --- arrays ---


def images(folder: Path) -> StoredArray:
    stored = events_of_type(LogReader(folder).read(), DreamsMade)[0].images
    assert isinstance(stored, StoredArray)
    return stored


def test_a_missing_array_file_is_a_log_error_that_names_it(tmp_path: Path) -> None:
    write_events(tmp_path, [example("DreamsMade")])
    stored = images(tmp_path)
    stored.file.unlink()
    with pytest.raises(LogError, match="the array 'images' cannot be read") as caught:
        stored.load()
    assert str(caught.value).startswith(str(stored.file))


def test_arrays_of_another_event_are_a_log_error(tmp_path: Path) -> None:
    write_events(tmp_path, [example("DreamsMade"), SCORES])
    stored = images(tmp_path)
    (tmp_path / "arrays" / "000001.npz").replace(stored.file)
    with pytest.raises(LogError, match="the array 'images' cannot be read"):
        stored.load()


def test_an_event_with_arrays_that_names_no_array_file_is_a_log_error(tmp_path: Path) -> None:
    (tmp_path / LOG).write_bytes(sealed(changed(lambda record: None, example("DreamsMade"))))
    with pytest.raises(LogError):
        images(tmp_path).load()


def test_damaged_arrays_are_a_log_error_or_unchanged(tmp_path: Path) -> None:
    write_events(tmp_path, [example("DreamsMade")])
    stored = images(tmp_path)
    content, expected = stored.file.read_bytes(), comparable(stored.load())
    rng = np.random.default_rng(0)
    for position in range(0, len(content), 7):
        flipped = bytearray(content)
        flipped[position] ^= 1 << int(rng.integers(8))
        stored.file.write_bytes(flipped)
        try:
            loaded_array = stored.load()
        except LogError:
            continue
        assert comparable(loaded_array) == expected
    for end in range(0, len(content), 50):
        stored.file.write_bytes(content[:end])
        with pytest.raises(LogError):
            stored.load()


def test_a_flipped_bit_in_the_header_of_an_array_is_a_log_error_or_harmless(tmp_path: Path) -> None:
    # NumPy reads only as many bytes as the header states.
    run = shutil.copytree(RECORDED_RUNS[0], tmp_path / "run")
    stored = events_of_type(LogReader(run).read(), StageEvaluated)[0].dataset_1.error_per_image
    assert isinstance(stored, StoredArray)
    content, expected = stored.file.read_bytes(), comparable(stored.load())
    for position in range(100, 260):
        for bit in range(8):
            flipped = bytearray(content)
            flipped[position] ^= 1 << bit
            stored.file.write_bytes(flipped)
            try:
                loaded_array = stored.load()
            except LogError:
                continue
            assert comparable(loaded_array) == expected
