"""`core.store`: a run's events on disk, torn, damaged or whole."""

import dataclasses
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.config import RunConfig
from core.events import (
    CycleDone,
    DreamsMade,
    EpochDone,
    Event,
    NightDone,
    NightStarted,
    PretrainingAdvanced,
    Scores,
    StageEvaluated,
    StageStarted,
    WeightsUsed,
)
from core.store import LOG, LogError, RunLog, RunReader, StoredArray
from tests.conftest import plain


def scores(seed: int) -> Scores:
    rng = np.random.default_rng(seed)
    return Scores(
        3,
        (51.25, 60.0),
        (0.1 + 0.2, 1e-17),
        (0.5, 1.0),
        rng.random((2, 3), dtype=np.float32),
        rng.random((2, 3), dtype=np.float32),
    )


EVENTS: list[Event] = [
    PretrainingAdvanced(25, 3125, 1, 25, 189.5),
    NightStarted(
        RunConfig(seeds=(0, 1)).to_dict(),
        ((0.5, 1, 1), (0.6, 2, 0)),
        "MNIST",
        "inverted MNIST → “dark on light”",
        WeightsUsed("cached", "vae-inverted-5.safetensors", "00ff"),
        "cpu",
        2,
        {"python": "3.11", "torch": "2.13"},
    ),
    StageEvaluated(0, "before", scores(0), scores(1)),
    StageStarted(1, "NREM", 1, 50),
    EpochDone(1, "NREM", 1, (200.0, 1 / 3), (190.0, 0.25), (10.0, 1 / 12)),
    DreamsMade(
        1,
        (0.5, 0.0),
        (0.25, 0.0),
        (0.25, 1.0),
        (7, 0),
        (2, 0),
        np.arange(2 * 4 * 28 * 28, dtype=np.uint8).reshape(2, 4, 28, 28),
    ),
    CycleDone(1),
    NightDone(12.5),
]


def write(folder: Path, events: list[Event] = EVENTS) -> Path:
    with RunLog(folder) as log:
        for event in events:
            log.append(event)
    return folder / LOG


def loaded(value: Any) -> Any:
    """An event that was read back, with its arrays in it."""
    if isinstance(value, StoredArray):
        return value.load()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {f.name: loaded(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return type(value)(**parts)
    return value


def numbers(value: Any) -> Iterator[float]:
    """Every float in an event, however deep."""
    if isinstance(value, float):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from numbers(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from numbers(item)
    elif dataclasses.is_dataclass(value):
        yield from numbers(vars(value))


def test_there_is_an_example_of_every_kind_of_event() -> None:
    assert {type(event) for event in EVENTS} == set(get_args(Event))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_kind_of_event_comes_back_as_it_was(event: Event, tmp_path: Path) -> None:
    write(tmp_path, [event])
    (found,) = RunReader(tmp_path).read()
    assert plain(loaded(found)) == plain(event)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(), st.text(), st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1)
)
def test_any_numbers_and_texts_come_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, cycle: int, stage: str, losses: list[float]
) -> None:
    folder = tmp_path_factory.mktemp("run")
    event = EpochDone(cycle, stage, 1, tuple(losses), tuple(losses), tuple(losses))
    write(folder, [event, CycleDone(1)])
    assert [plain(found) for found in RunReader(folder).read()] == [
        plain(event),
        plain(CycleDone(1)),
    ]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_never_written(value: float, tmp_path: Path) -> None:
    with RunLog(tmp_path) as log:
        log.append(CycleDone(1))
        with pytest.raises(ValueError, match="not JSON compliant"):
            log.append(NightDone(value))
    assert RunReader(tmp_path).read() == [CycleDone(1)]


def test_a_reader_goes_on_where_it_stopped(tmp_path: Path) -> None:
    reader = RunReader(tmp_path)
    assert reader.read() == []
    with RunLog(tmp_path) as log:
        assert reader.read() == []
        for event in EVENTS:
            log.append(event)
            (found,) = reader.read()
            assert plain(loaded(found)) == plain(event)
            assert reader.read() == []


def test_a_folder_that_is_not_there_holds_no_events_yet(tmp_path: Path) -> None:
    assert RunReader(tmp_path / "nowhere").read() == []


def test_a_log_is_never_written_over(tmp_path: Path) -> None:
    log = write(tmp_path)
    before = log.read_bytes()
    with pytest.raises(FileExistsError):
        RunLog(tmp_path)
    assert log.read_bytes() == before


def test_arrays_are_on_disk_before_the_line_that_names_them(tmp_path: Path) -> None:
    with RunLog(tmp_path) as log:
        log.append(EVENTS[2])
        (found,) = RunReader(tmp_path).read()
        assert isinstance(found, StageEvaluated)
        assert isinstance(found.dataset_1.error_per_image, StoredArray)
        assert found.dataset_1.error_per_image.load().shape == (2, 3)


def test_a_torn_last_line_waits_for_its_rest_wherever_it_is_torn(tmp_path: Path) -> None:
    log = write(tmp_path)
    content = log.read_bytes()
    for end in range(0, len(content), 3):
        log.write_bytes(content[:end])
        reader = RunReader(tmp_path)
        first = reader.read()
        assert len(first) == content[:end].count(b"\n")
        log.write_bytes(content)
        assert len(first) + len(reader.read()) == len(EVENTS)


@pytest.mark.parametrize("line", range(1, len(EVENTS) + 1))
def test_a_corrupt_line_is_an_error_that_names_file_and_line(line: int, tmp_path: Path) -> None:
    log = write(tmp_path)
    lines = log.read_bytes().splitlines(keepends=True)
    lines[line - 1] = lines[line - 1][:-9] + b"\n"
    log.write_bytes(b"".join(lines))
    reader = RunReader(tmp_path)
    for _ in range(2):  # reading again names the same line
        with pytest.raises(LogError) as caught:
            reader.read()
        assert str(caught.value).startswith(f"{log}, line {line}: ")
        assert str(caught.value).endswith(".")


def test_a_line_corrupted_after_others_were_read_is_counted_from_the_start(tmp_path: Path) -> None:
    with RunLog(tmp_path) as log:
        reader = RunReader(tmp_path)
        for _ in range(3):
            log.append(CycleDone(1))
        reader.read()
        log.append(CycleDone(2))
        with (tmp_path / LOG).open("ab") as file:
            file.write(b"{}\n")
        with pytest.raises(LogError, match="line 5: this is not an event"):
            reader.read()


def changed(change: Callable[[dict[str, Any]], object], event: Event) -> Callable[[Path], str]:
    """A line like that of ``event``, with its record changed."""

    def line(folder: Path) -> str:
        record = json.loads(write(folder, [event]).read_text(encoding="utf-8"))
        change(record)
        return json.dumps(record)

    return line


CYCLE, EPOCH, SCORES = EVENTS[6], EVENTS[4], EVENTS[2]
DAMAGED: dict[str, Callable[[Path], str] | str] = {
    "an unknown kind": '{"kind": "NightMare", "cycle": 1}',
    "a kind that is no text": '{"kind": ["CycleDone"], "cycle": 1}',
    "no kind": '{"cycle": 1}',
    "no object": "[1, 2]",
    "a text": '"CycleDone"',
    "a number": "3",
    "an empty line": "",
    "binary": "\0\0\0\0",
    "too deep": "[" * 100_000,
    "a name that is no event": '{"kind": "Scores"}',
    "a field too many": changed(lambda r: r.update(extra=1), CYCLE),
    "a field too few": changed(lambda r: r.pop("cycle"), CYCLE),
    "a text for a number": changed(lambda r: r.update(cycle="1"), CYCLE),
    "a fraction for a whole number": changed(lambda r: r.update(cycle=1.5), CYCLE),
    "true for a number": changed(lambda r: r.update(cycle=True), CYCLE),
    "null for a number": changed(lambda r: r.update(cycle=None), CYCLE),
    "NaN": changed(lambda r: r.update(total=[math.nan, 1.0]), EPOCH),
    "infinity": changed(lambda r: r.update(kl=[1.0, -math.inf]), EPOCH),
    "a number beyond floats": '{"kind": "NightDone", "seconds": 1e999}',
    "an integer beyond floats": '{"kind": "NightDone", "seconds": 1' + 400 * "0" + "}",
    "an integer beyond Python's": '{"kind": "NightDone", "seconds": ' + 5_000 * "9" + "}",
    "a number for a list": changed(lambda r: r.update(total=1.0), EPOCH),
    "a list in a list": changed(lambda r: r.update(total=[[1.0], 2.0]), EPOCH),
    "a number for scores": changed(lambda r: r.update(dataset_1=5), SCORES),
    "a text for scores": changed(lambda r: r.update(dataset_1="5"), SCORES),
    "a list for scores": changed(lambda r: r.update(dataset_2=[]), SCORES),
    "null for scores": changed(lambda r: r.update(dataset_2=None), SCORES),
    "NaN in the config": changed(lambda r: r["config"].update(lr=math.nan), EVENTS[1]),
    "a list for the config": changed(lambda r: r.update(config=[]), EVENTS[1]),
    "a cycle too short": changed(lambda r: r.update(cycles=[[0.5, 1]]), EVENTS[1]),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_line_that_is_no_event_is_a_log_error(damage: str, tmp_path: Path) -> None:
    made = DAMAGED[damage]
    line = made if isinstance(made, str) else made(tmp_path / "made")
    log = tmp_path / LOG
    log.write_text(f'{{"kind": "CycleDone", "cycle": 1}}\n{line}\n', encoding="utf-8")
    with pytest.raises(LogError) as caught:
        RunReader(tmp_path).read()
    assert str(caught.value).startswith(f"{log}, line 2: ")


def test_flipped_bits_give_events_with_finite_numbers_or_a_log_error(tmp_path: Path) -> None:
    log = write(tmp_path)
    content = log.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for place in range(len(content)):
        flipped = bytearray(content)
        flipped[place] ^= 1 << int(rng.integers(8))
        log.write_bytes(flipped)
        try:
            found = RunReader(tmp_path).read()
        except LogError as error:
            refused += str(error).startswith(f"{log}, line ")
        else:
            assert all(map(math.isfinite, numbers(found)))
    assert refused > len(content) / 4


@settings(max_examples=300)
@given(data=st.data())
def test_any_bytes_put_into_a_log_give_events_or_a_log_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("run")
    log = write(folder, [EPOCH, CYCLE, EVENTS[7]])
    content = log.read_bytes()
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(len(content), start + 20)))
    put = data.draw(
        st.binary(max_size=20)
        | st.sampled_from([b"NaN", b"-Infinity", b"1e999", b"null", b"\n", b"{}", b"\xff"])
    )
    log.write_bytes(content[:start] + put + content[end:])
    try:
        found = RunReader(folder).read()
    except LogError:
        return
    assert all(map(math.isfinite, numbers(found)))


def dreams(folder: Path) -> StoredArray:
    (found,) = RunReader(folder).read()
    assert isinstance(found, DreamsMade)
    assert isinstance(found.images, StoredArray)
    return found.images


def test_a_missing_array_file_is_a_log_error_that_names_it(tmp_path: Path) -> None:
    write(tmp_path, [EVENTS[5]])
    images = dreams(tmp_path)
    images.file.unlink()
    with pytest.raises(LogError, match="the array 'images' cannot be read") as caught:
        images.load()
    assert str(images.file) in str(caught.value)


def test_an_event_whose_arrays_are_not_named_is_a_log_error(tmp_path: Path) -> None:
    line = changed(lambda record: record.pop("arrays"), EVENTS[5])(tmp_path / "made")
    (tmp_path / LOG).write_text(line + "\n", encoding="utf-8")
    with pytest.raises(LogError):
        dreams(tmp_path).load()


def test_damaged_arrays_are_a_log_error_or_still_right(tmp_path: Path) -> None:
    write(tmp_path, [EVENTS[5]])
    images = dreams(tmp_path)
    content, expected = images.file.read_bytes(), plain(images.load())
    rng = np.random.default_rng(0)
    for place in range(0, len(content), 2):
        flipped = bytearray(content)
        flipped[place] ^= 1 << int(rng.integers(8))
        images.file.write_bytes(flipped)
        try:
            found = images.load()
        except LogError:
            continue
        assert plain(found) == expected
    for end in range(0, len(content), 50):
        images.file.write_bytes(content[:end])
        with pytest.raises(LogError):
            images.load()
