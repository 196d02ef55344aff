"""Runs with damaged files: the reader returns what was written, or raises an error.

The damage is random, on the files of a small recorded night and of a sample run with every kind of
event.
"""

import json
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.jobs import Follower, runs
from core.runs.events import Event, NightStopped
from core.runs.folder import RunFolder
from core.runs.log import LOG, RunLog, RunReader
from core.runs.state import RunState, fold
from core.support.errors import LogError
from tests.conftest import comparable
from tests.helpers.damage import damaged, damaged_bytes, flipped
from tools.sample_runs import (
    EVENTS,
    OTHER_RUN,
    RECORDED_RUNS,
    RUN,
    assert_sentence,
    copy_recorded_run,
    create_run,
    load_arrays,
)


class Original:
    """An undamaged run and everything that was read from it."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.path = folder.path / LOG
        self.content = self.path.read_bytes()
        self.config = folder.record_file.read_bytes()
        self.record = folder.record()
        events = RunReader(folder.path).read()
        self.events = comparable(events)
        self.states = [comparable(fold(RunState(), events[:end])) for end in range(len(events) + 1)]

    def repair(self) -> None:
        self.path.write_bytes(self.content)
        self.folder.record_file.write_bytes(self.config)


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Original]]:
    """A recorded night and a sample run to damage; a third run stays undamaged."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path_factory.mktemp("outputs")))
        create_run(OTHER_RUN, EVENTS)
        yield [Original(copy_recorded_run()), Original(create_run(RUN, EVENTS))]


@pytest.fixture(params=["recorded", "sample"])
def original(request: pytest.FixtureRequest, originals: list[Original]) -> Iterator[Original]:
    chosen = originals[request.param == "sample"]
    chosen.repair()
    yield chosen
    chosen.repair()


def draw_original(originals: list[Original], data: st.DataObject) -> Original:
    """Draw one of the runs and repair it."""
    chosen = data.draw(st.sampled_from(originals))
    chosen.repair()
    return chosen


many_examples = settings(max_examples=200)


def read(original: Original) -> list[Event] | None:
    """Read the events; return None for a `LogError`, which must name the line."""
    try:
        return RunReader(original.folder.path).read()
    except LogError as error:
        assert_sentence(error, f"{original.path}, line ")
        return None


def assert_unaffected() -> None:
    """Assert that the undamaged run is listed and has all its events."""
    assert OTHER_RUN in runs()
    follower = Follower(OTHER_RUN)
    assert follower.update().status == "done"
    assert [type(event) for event in follower.new_events] == [type(event) for event in EVENTS]


@many_examples
@given(data=st.data())
def test_a_damaged_log_gives_its_first_events_or_an_error(
    originals: list[Original], data: st.DataObject
) -> None:
    original = draw_original(originals, data)
    original.path.write_bytes(data.draw(damaged(original.content)))
    events = read(original)
    if events is not None:
        assert comparable(events) == original.events[: len(events)]


@settings(max_examples=60)
@given(data=st.data())
def test_a_log_damaged_twice_gives_its_first_events_or_an_error(
    originals: list[Original], data: st.DataObject
) -> None:
    original = draw_original(originals, data)
    once = data.draw(damaged(original.content))
    original.path.write_bytes(data.draw(damaged(once)) if once else once)
    events = read(original)
    if events is not None:
        assert comparable(events) == original.events[: len(events)]


def test_a_flipped_bit_in_any_byte_of_a_log_is_detected(original: Original) -> None:
    size = len(original.content)
    for index in [*range(0, size, 7), *range(size - 30, size)]:
        original.path.write_bytes(flipped(original.content, index, index % 8))
        events = read(original)
        if events is not None:  # the last line has no end, so the reader waits for its rest
            assert index == size - 1
            assert comparable(events) == original.events[:-1]


@settings(max_examples=100)
@given(data=st.data())
def test_a_follower_shows_undamaged_values_or_an_error_whenever_the_damage_occurs(
    originals: list[Original], data: st.DataObject
) -> None:
    original = draw_original(originals, data)
    follower = Follower(original.folder.id)
    ends = [index + 1 for index, byte in enumerate(original.content) if byte == ord("\n")]
    original.path.write_bytes(original.content[: data.draw(st.sampled_from([0, *ends]))])
    first = follower.update()
    assert first.problem is None or first.status == "failed"
    assert comparable(first.state) in original.states

    original.path.write_bytes(data.draw(damaged(original.content)))
    for _ in range(2):
        now = follower.update()
        assert comparable(now.state) in original.states
        if now.problem is not None and str(now.problem).startswith(str(original.path)):
            assert now.status == "failed"
            assert str(now.problem).endswith(".")
            assert follower.new_events == []
    original.repair()  # as if restored from a backup
    assert comparable(follower.update().state) == original.states[-1]


@settings(max_examples=40)
@given(data=st.data())
def test_a_damaged_run_does_not_affect_the_others(
    originals: list[Original], data: st.DataObject
) -> None:
    original = draw_original(originals, data)
    original.path.write_bytes(data.draw(damaged(original.content)))
    original.folder.record_file.write_bytes(data.draw(damaged(original.config)))
    Follower(original.folder.id).update()
    assert_unaffected()


@settings(max_examples=60)
@given(data=st.data())
def test_a_damaged_log_is_not_appended_to_or_continues_after_its_first_events(
    originals: list[Original], data: st.DataObject
) -> None:
    original = draw_original(originals, data)
    content = data.draw(damaged(original.content))
    original.path.write_bytes(content)
    try:
        with RunLog(original.folder.path) as log:
            earlier = list(log.earlier_events)
            log.append(NightStopped())
    except LogError as error:
        assert_sentence(error, f"{original.path}, line ")
        assert original.path.read_bytes() == content
        return
    assert comparable(earlier) == original.events[: len(earlier)]
    assert comparable(RunReader(original.folder.path).read()) == [
        *comparable(earlier),
        comparable(NightStopped()),
    ]


def test_an_event_of_a_newer_version_is_reported(original: Original) -> None:
    lines = original.content.splitlines(keepends=True)
    crc = int(json.loads(lines[-1])["crc"], 16)
    text = '{"kind": "NightMare", "cycle": 1}'
    line = f'{text[:-1]}, "crc": "{zlib.crc32(text.encode(), crc):08x}"}}\n'
    original.path.write_bytes(original.content + line.encode())
    now = Follower(original.folder.id).update()
    assert now.status == "failed"
    assert str(now.problem) == (
        f"{original.path}, line {len(lines) + 1}: an event of unknown kind 'NightMare'; "
        "a newer version may have written it."
    )
    assert_unaffected()


# --- config.json ---


def read_record(original: Original) -> Any:
    """Read the record; return None for a `LogError`, which must name the file."""
    try:
        return original.folder.record()
    except LogError as error:
        assert_sentence(error, f"{original.folder.record_file} ")
        return None


@many_examples
@given(data=st.data())
def test_a_damaged_record_gives_the_original_record_or_an_error(
    originals: list[Original], data: st.DataObject
) -> None:
    original = draw_original(originals, data)
    original.folder.record_file.write_bytes(data.draw(damaged(original.config)))
    assert read_record(original) in (None, original.record)


def test_a_flipped_bit_in_any_byte_of_a_record_is_detected(original: Original) -> None:
    for index in range(len(original.config)):
        original.folder.record_file.write_bytes(flipped(original.config, index, index % 8))
        assert read_record(original) in (None, original.record)


@given(content=st.binary() | st.text().map(str.encode))
def test_a_record_of_random_bytes_raises(originals: list[Original], content: bytes) -> None:
    original = originals[1]
    original.folder.record_file.write_bytes(content)
    assert read_record(original) is None


def test_missing_files_give_an_error_or_an_empty_state(original: Original) -> None:
    follower = Follower(original.folder.id)
    state_before = comparable(follower.update().state)
    original.path.unlink()
    original.folder.record_file.unlink()
    assert comparable(follower.update().state) == state_before
    assert Follower(original.folder.id).update().state == RunState()
    with pytest.raises(LogError) as caught:
        original.folder.record()
    assert str(caught.value) == (
        f"{original.folder.record_file} cannot be read (No such file or directory)."
    )
    assert_unaffected()


# --- arrays ---


@pytest.fixture(scope="module")
def array_files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Copies of the array files of a recorded night, for tests to damage."""
    folder = tmp_path_factory.mktemp("run")
    shutil.copytree(RECORDED_RUNS[-1], folder, dirs_exist_ok=True)
    return sorted((folder / "arrays").iterdir())


@many_examples
@given(data=st.data())
def test_a_damaged_array_gives_the_original_values_or_an_error(
    array_files: list[Path], data: st.DataObject
) -> None:
    file = data.draw(st.sampled_from(array_files))
    content = (RECORDED_RUNS[-1] / "arrays" / file.name).read_bytes()
    expected = [
        comparable(load_arrays(event))
        for event in RunReader(RECORDED_RUNS[-1]).read()
        if _has_arrays_in(event, file.name)
    ]
    events = [
        event for event in RunReader(file.parents[1]).read() if _has_arrays_in(event, file.name)
    ]
    assert len(events) == len(expected) == 1
    file.write_bytes(data.draw(damaged_bytes(content)))
    try:
        values = comparable(load_arrays(events[0]))
    except LogError as error:
        assert_sentence(error, f"{file}: the array '")
    else:
        assert values == expected[0]
    finally:
        file.write_bytes(content)


def _has_arrays_in(event: Event, name: str) -> bool:
    return f"arrays/{name}'" in repr(vars(event))


def test_a_missing_array_file_is_an_error_but_the_other_values_are_shown(
    originals: list[Original],
) -> None:
    original = originals[0]
    arrays = original.folder.path / "arrays"
    arrays.rename(arrays.with_name("elsewhere"))
    try:
        follower = Follower(original.folder.id)
        assert comparable(follower.update().state) == original.states[-1]
        stages = follower.update().state.stages
        with pytest.raises(LogError, match="cannot be read"):
            load_arrays(stages[0])
    finally:
        arrays.with_name("elsewhere").rename(arrays)
