"""`core.runs.arrays` and the size limits of logs: files that are not trusted."""

import os
import tracemalloc
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.runs.arrays import MAX_ARRAY_BYTES, ArraySpec, StoredArray
from core.runs.codec import encode
from core.runs.events import (
    DreamsMade,
    EpochDone,
    Event,
    NightFailed,
    NightStopped,
    StageEvaluated,
    StageStarted,
)
from core.runs.limits import limits_of
from core.runs.log import LOG, LogReader, RunReader
from core.schedule.config import RunConfig
from core.support.checksums import add_checksum
from core.support.errors import LogError
from tests.conftest import events_of_type
from tools.sample_runs import assert_sentence, night_events, night_started, scores, write_events
from tools.sample_runs import dreams as dreams_of

CONFIG = RunConfig(num_cycles=2, total_eps=4, num=2)
NIGHT = night_events(CONFIG)
IMAGES = np.zeros((1, 2, 28, 28), np.uint8)


@pytest.fixture
def dreams(tmp_path: Path) -> StoredArray:
    """The dreams of a run's first cycle, as its reader returns them."""
    write_events(tmp_path / "run", NIGHT)
    images = events_of_type(RunReader(tmp_path / "run", CONFIG).read(), DreamsMade)[0].images
    assert isinstance(images, StoredArray)
    return images


@contextmanager
def memory_below(max_bytes: int) -> Iterator[None]:
    """Assert that the block allocates less than ``max_bytes`` at any time."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < max_bytes
    finally:
        tracemalloc.stop()


def load_error(stored: StoredArray) -> str:
    """Return the message of the error that `StoredArray.load` raises."""
    with pytest.raises(LogError) as caught:
        stored.load()
    assert_sentence(caught.value, f"{stored.file}: the array 'images' cannot be read (")
    return str(caught.value)


def test_a_stored_array_has_the_type_and_shape_that_the_config_allows(dreams: StoredArray) -> None:
    assert dreams.load().shape == (1, 2, 28, 28)
    assert dreams.specs == {
        "images": ArraySpec(
            np.dtype(np.uint8), (range(1, 2), range(2, 3), range(28, 29), range(28, 29))
        )
    }


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"images": IMAGES.astype(np.float32)}, "the file holds more than its event's arrays"),
        ({"images": IMAGES.astype(np.int8)}, "it is int8 of shape [1, 2, 28, 28]"),
        ({"images": IMAGES[:, :1]}, "it is uint8 of shape [1, 1, 28, 28]"),
        ({"images": IMAGES.reshape(2, 1, 28, 28)}, "it is uint8 of shape [2, 1, 28, 28]"),
        ({"images": IMAGES[0]}, "it is uint8 of shape [2, 28, 28]"),
        ({"images": np.asfortranarray(np.random.rand(1, 2, 28, 28) * 9).astype(np.uint8)}, "it is"),
        ({"images": IMAGES, "more": IMAGES}, "does not hold exactly the arrays of its event"),
        ({"pictures": IMAGES}, "does not hold exactly the arrays of its event"),
        ({}, "the file is not a whole archive"),
    ],
)
def test_an_array_of_another_name_type_or_shape_raises(
    arrays: dict[str, Any], reason: str, dreams: StoredArray
) -> None:
    np.savez_compressed(dreams.file, **arrays)
    assert reason in load_error(dreams)


def test_an_array_that_unpacks_to_more_than_its_event_is_not_read(dreams: StoredArray) -> None:
    with zipfile.ZipFile(dreams.file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", bytes(2_000_000))
    with memory_below(500_000):
        assert "the file holds more than its event's arrays" in load_error(dreams)


def test_an_array_larger_than_the_memory_limit_raises_even_if_its_config_allows_it(
    dreams: StoredArray,
) -> None:
    large = StoredArray(
        dreams.file, "images", {"images": ArraySpec(np.dtype(np.uint8), (range(1, 10**9),))}
    )
    with (
        zipfile.ZipFile(dreams.file, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("images.npy", "w") as file,
    ):
        for _ in range(MAX_ARRAY_BYTES // 1_000_000 + 1):
            file.write(bytes(1_000_000))
    assert "bytes, of which at most 256,000,000 are read" in load_error(large)


@pytest.mark.parametrize("replacement", ["FIFO", "link", "folder link", "run link"])
def test_an_array_is_read_only_from_a_regular_file_inside_the_run(
    replacement: str, dreams: StoredArray, tmp_path: Path
) -> None:
    run, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    if replacement == "FIFO":
        dreams.file.unlink()
        os.mkfifo(dreams.file)
    elif replacement == "link":
        dreams.file.rename(elsewhere)
        dreams.file.symlink_to(elsewhere)
    elif replacement == "folder link":
        dreams.file.parent.rename(elsewhere)
        dreams.file.parent.symlink_to(elsewhere)
    else:
        run.rename(elsewhere)
        run.symlink_to(elsewhere)
    load_error(dreams)


@pytest.mark.parametrize("replacement", ["FIFO", "link", "/dev/zero"])
def test_a_log_that_is_not_a_regular_file_of_the_run_is_neither_read_nor_written(
    replacement: str, dreams: StoredArray, tmp_path: Path
) -> None:
    log = tmp_path / "run" / LOG
    elsewhere = tmp_path / "elsewhere"
    log.rename(elsewhere)
    if replacement == "FIFO":
        os.mkfifo(log)
    else:
        log.symlink_to(elsewhere if replacement == "link" else replacement)
    content = elsewhere.read_bytes()
    with pytest.raises(LogError) as caught:
        RunReader(tmp_path / "run", CONFIG).read()
    assert_sentence(caught.value, f"{log} cannot be read (")
    with pytest.raises((LogError, OSError)):
        write_events(tmp_path / "run", [NightStopped()])
    assert elsewhere.read_bytes() == content


# --- the length of a log ---


def test_a_line_that_is_too_long_raises_before_it_is_read_whole(
    tmp_path: Path,
) -> None:
    write_events(tmp_path, [NIGHT[0], NightFailed("x" * 5_000)])
    with (tmp_path / LOG).open("ab") as log:
        log.write(b'{"kind": "' + b"x" * 50_000_000)
    too_long = "line 3: it is longer than a line of this run can be"
    with memory_below(5_000_000), pytest.raises(LogError, match=too_long):
        RunReader(tmp_path, CONFIG).read()


def test_a_log_of_more_lines_than_its_config_allows_raises(tmp_path: Path) -> None:
    log = write_events(tmp_path, [NightStopped()] * 200)
    max_lines = limits_of(CONFIG).lines
    text = log.read_bytes().splitlines(keepends=True)[0]
    assert len(RunReader(tmp_path, CONFIG).read()) == 200
    crc, lines = 0, []
    for _ in range(max_lines + 1):
        line, crc = add_checksum({"kind": "NightStopped"}, crc)
        lines.append(f"{line}\n")
    assert lines[0].encode() == text
    log.write_text("".join(lines[:-1]))
    assert len(RunReader(tmp_path, CONFIG).read()) == max_lines
    log.write_text("".join(lines))
    with pytest.raises(
        LogError, match=f"line {max_lines + 1}: the log is longer than the log of this"
    ):
        RunReader(tmp_path, CONFIG).read()


def test_the_longest_lines_that_a_run_writes_can_be_read(tmp_path: Path) -> None:
    config = RunConfig(
        seeds=range(4_000_000_000, 4_000_000_100),  # type: ignore[arg-type]
        num_cycles=20_000,
        total_eps=100_000,
        start_fraction_rem=1 / 3,
        end_fraction_rem=2 / 3,
        num=1,
        weights="é" * 4_000,
    )
    losses = (1 / 3,) * 100
    events: list[Event] = [
        night_started(config),
        StageEvaluated(0, "before", *(replace(scores(0, 100), error=losses) for _ in range(2))),
        *[
            StageStarted(1, "NREM", 3, 3),
            *[EpochDone(1, "NREM", n, *[losses] * 3) for n in (1, 2, 3)],
        ],
        StageEvaluated(1, "NREM", scores(1, 100), scores(2, 100)),
        StageStarted(1, "REM", 2, 2),
        replace(dreams_of(1, 100), old=losses),
        NightFailed("\U0001f600" * 5_000),
    ]
    write_events(tmp_path, events)
    assert len(RunReader(tmp_path, config).read()) == len(events)
    assert len(RunReader(tmp_path).read()) == len(
        events
    )  # the config is not known before the first line


@pytest.mark.parametrize("name", ["../../x.npz", "000000.npz", "/dev/zero", "", 5, None, [1]])
def test_the_array_file_of_a_line_must_have_the_number_of_the_line(
    name: object, tmp_path: Path
) -> None:
    dreams, _ = encode(events_of_type(NIGHT, DreamsMade)[0])
    first, crc = add_checksum({"kind": "NightStopped"}, 0)
    second, _ = add_checksum({**dreams, "arrays": name}, crc)
    (tmp_path / LOG).write_text(f"{first}\n{second}\n")
    with pytest.raises(LogError) as caught:
        LogReader(tmp_path).read()
    reason = "it does not name 000001.npz as the file of its arrays"
    assert str(caught.value) == f"{tmp_path / LOG}, line 2: {reason}."


def test_an_event_without_arrays_that_names_an_array_file_raises(tmp_path: Path) -> None:
    line, _ = add_checksum({"kind": "CycleDone", "cycle": 1, "arrays": "000000.npz"}, 0)
    (tmp_path / LOG).write_text(f"{line}\n")
    reason = "a damaged CycleDone event: it names a file of arrays but has no arrays"
    with pytest.raises(LogError, match=reason):
        LogReader(tmp_path).read()
