"""Runs whose files were damaged: what is shown is what was written, or a sentence is.

Damage is random, on the log of a real small night and on a made one with every kind of event.
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
from tests.conftest import plain
from tools.sample_runs import (
    EVENTS,
    OTHER,
    RECORDED,
    RUN,
    assert_sentence,
    loaded,
    put_recorded,
    put_run,
)


class Truth:
    """An undamaged run, and what everything in it said."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.path = folder.path / LOG
        self.content = self.path.read_bytes()
        self.config = folder.record_file.read_bytes()
        self.record = folder.record()
        events = RunReader(folder.path).read()
        self.events = plain(events)
        self.states = [plain(fold(RunState(), events[:end])) for end in range(len(events) + 1)]

    def mend(self) -> None:
        self.path.write_bytes(self.content)
        self.folder.record_file.write_bytes(self.config)


@pytest.fixture(scope="module")
def runs_there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Truth]]:
    """A recorded night, a made one, and one that nobody damages."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path_factory.mktemp("outputs")))
        put_run(OTHER, EVENTS)
        yield [Truth(put_recorded()), Truth(put_run(RUN, EVENTS))]


@pytest.fixture(params=["recorded", "made"])
def truth(request: pytest.FixtureRequest, runs_there: list[Truth]) -> Iterator[Truth]:
    chosen = runs_there[request.param == "made"]
    chosen.mend()
    yield chosen
    chosen.mend()


def any_of(runs_there: list[Truth], data: st.DataObject) -> Truth:
    """One of the runs, as it was before all damage."""
    chosen = data.draw(st.sampled_from(runs_there))
    chosen.mend()
    return chosen


many = settings(max_examples=200)


@st.composite
def damaged_bytes(draw: st.DrawFn, content: bytes) -> bytes:
    """``content`` cut off, with a bit flipped, or with bytes put in or left out."""
    place = draw(st.integers(0, len(content) - 1))
    kind = draw(st.sampled_from(["cut", "flip", "put", "leave out", "replace"]))
    if kind == "cut":
        return content[:place]
    if kind == "flip":
        flipped = bytearray(content)
        flipped[place] ^= 1 << draw(st.integers(0, 7))
        return bytes(flipped)
    put, end = b"", place
    if kind != "leave out":
        odd = [b"NaN", b"1e999", b"null", b"\n", b"{}", b"{}\n", b"\n\n", b"\xff", b"\0" * 20]
        put = draw(st.binary(min_size=1, max_size=20) | st.sampled_from(odd))
    if kind != "put":
        end = draw(st.integers(place + 1, min(len(content), place + 40)))
    return content[:place] + put + content[end:]


@st.composite
def damaged_lines(draw: st.DrawFn, content: bytes) -> bytes:
    """``content`` with whole lines lost, doubled or moved."""
    lines = content.splitlines(keepends=True)
    one, other = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    kind = draw(st.sampled_from(["lose", "double", "swap", "move"]))
    if kind == "swap":
        lines[one], lines[other] = lines[other], lines[one]
    else:
        line = lines[one] if kind == "double" else lines.pop(one)
        if kind != "lose":
            lines.insert(other, line)
    return b"".join(lines)


def damaged(content: bytes) -> st.SearchStrategy[bytes]:
    return damaged_bytes(content) | damaged_lines(content)


def read(truth: Truth) -> list[Event] | None:
    """The events that are read, None for a sentence, which must name the line."""
    try:
        return RunReader(truth.folder.path).read()
    except LogError as error:
        assert_sentence(error, f"{truth.path}, line ")
        return None


def assert_unaffected() -> None:
    """The run that nobody has damaged is there and says all it ever said."""
    assert OTHER in runs()
    other = Follower(OTHER)
    assert other.update().status == "done"
    assert [type(event) for event in other.new] == [type(event) for event in EVENTS]


@many
@given(data=st.data())
def test_a_damaged_log_gives_the_first_of_its_events_or_a_sentence(
    runs_there: list[Truth], data: st.DataObject
) -> None:
    truth = any_of(runs_there, data)
    truth.path.write_bytes(data.draw(damaged(truth.content)))
    found = read(truth)
    if found is not None:
        assert plain(found) == truth.events[: len(found)]


@settings(max_examples=60)
@given(data=st.data())
def test_a_log_damaged_twice_gives_the_first_of_its_events_or_a_sentence(
    runs_there: list[Truth], data: st.DataObject
) -> None:
    truth = any_of(runs_there, data)
    once = data.draw(damaged(truth.content))
    truth.path.write_bytes(data.draw(damaged(once)) if once else once)
    found = read(truth)
    if found is not None:
        assert plain(found) == truth.events[: len(found)]


def test_a_bit_flipped_in_any_byte_of_a_log_never_goes_through(truth: Truth) -> None:
    size = len(truth.content)
    for place in [*range(0, size, 7), *range(size - 30, size)]:
        flipped = bytearray(truth.content)
        flipped[place] ^= 1 << place % 8
        truth.path.write_bytes(flipped)
        found = read(truth)
        if found is not None:  # the last line's end is gone, so the line waits for it
            assert place == size - 1
            assert plain(found) == truth.events[:-1]


@settings(max_examples=100)
@given(data=st.data())
def test_a_follower_shows_true_numbers_or_a_sentence_whenever_the_damage_comes(
    runs_there: list[Truth], data: st.DataObject
) -> None:
    truth = any_of(runs_there, data)
    follower = Follower(truth.folder.id)
    ends = [place + 1 for place, byte in enumerate(truth.content) if byte == ord("\n")]
    truth.path.write_bytes(truth.content[: data.draw(st.sampled_from([0, *ends]))])
    before = follower.update()
    assert before.problem is None or before.status == "failed"
    assert plain(before.state) in truth.states

    truth.path.write_bytes(data.draw(damaged(truth.content)))
    for _ in range(2):
        now = follower.update()
        assert plain(now.state) in truth.states
        if now.problem is not None and str(now.problem).startswith(str(truth.path)):
            assert now.status == "failed"
            assert str(now.problem).endswith(".")
            assert follower.new == []
    truth.mend()  # as from a backup
    assert plain(follower.update().state) == truth.states[-1]


@settings(max_examples=40)
@given(data=st.data())
def test_a_damaged_run_leaves_the_others_alone(
    runs_there: list[Truth], data: st.DataObject
) -> None:
    truth = any_of(runs_there, data)
    truth.path.write_bytes(data.draw(damaged(truth.content)))
    truth.folder.record_file.write_bytes(data.draw(damaged(truth.config)))
    Follower(truth.folder.id).update()
    assert_unaffected()


@settings(max_examples=60)
@given(data=st.data())
def test_a_damaged_log_is_not_written_to_or_goes_on_behind_its_first_events(
    runs_there: list[Truth], data: st.DataObject
) -> None:
    truth = any_of(runs_there, data)
    content = data.draw(damaged(truth.content))
    truth.path.write_bytes(content)
    try:
        with RunLog(truth.folder.path) as log:
            kept = list(log.earlier)
            log.append(NightStopped())
    except LogError as error:
        assert_sentence(error, f"{truth.path}, line ")
        assert truth.path.read_bytes() == content
        return
    assert plain(kept) == truth.events[: len(kept)]
    assert plain(RunReader(truth.folder.path).read()) == [*plain(kept), plain(NightStopped())]


def test_a_log_with_an_event_of_a_newer_version_says_so(truth: Truth) -> None:
    lines = truth.content.splitlines(keepends=True)
    crc = int(json.loads(lines[-1])["crc"], 16)
    text = '{"kind": "NightMare", "cycle": 1}'
    line = f'{text[:-1]}, "crc": "{zlib.crc32(text.encode(), crc):08x}"}}\n'
    truth.path.write_bytes(truth.content + line.encode())
    now = Follower(truth.folder.id).update()
    assert now.status == "failed"
    assert str(now.problem) == (
        f"{truth.path}, line {len(lines) + 1}: an event of unknown kind 'NightMare'; "
        "a newer version may have written it."
    )
    assert_unaffected()


# --- config.json ---


def read_record(truth: Truth) -> Any:
    """The record, None for a sentence, which must name the file."""
    try:
        return truth.folder.record()
    except LogError as error:
        assert_sentence(error, f"{truth.folder.record_file} ")
        return None


@many
@given(data=st.data())
def test_a_damaged_record_gives_what_was_asked_for_or_a_sentence(
    runs_there: list[Truth], data: st.DataObject
) -> None:
    truth = any_of(runs_there, data)
    truth.folder.record_file.write_bytes(data.draw(damaged(truth.config)))
    assert read_record(truth) in (None, truth.record)


def test_a_bit_flipped_in_any_byte_of_a_record_never_goes_through(truth: Truth) -> None:
    for place in range(len(truth.config)):
        flipped = bytearray(truth.config)
        flipped[place] ^= 1 << place % 8
        truth.folder.record_file.write_bytes(flipped)
        assert read_record(truth) in (None, truth.record)


@given(content=st.binary() | st.text().map(str.encode))
def test_a_record_of_any_bytes_is_a_sentence(runs_there: list[Truth], content: bytes) -> None:
    truth = runs_there[1]
    truth.folder.record_file.write_bytes(content)
    assert read_record(truth) is None


def test_files_that_are_gone_are_a_sentence_or_nothing_at_all(truth: Truth) -> None:
    follower = Follower(truth.folder.id)
    shown = plain(follower.update().state)
    truth.path.unlink()
    truth.folder.record_file.unlink()
    assert plain(follower.update().state) == shown
    assert Follower(truth.folder.id).update().state == RunState()
    with pytest.raises(LogError) as caught:
        truth.folder.record()
    assert str(caught.value) == (
        f"{truth.folder.record_file} cannot be read (No such file or directory)."
    )
    assert_unaffected()


# --- arrays ---


@pytest.fixture(scope="module")
def array_files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Copies of the recorded night's array files that tests may damage."""
    folder = tmp_path_factory.mktemp("run")
    shutil.copytree(RECORDED[-1], folder, dirs_exist_ok=True)
    return sorted((folder / "arrays").iterdir())


@many
@given(data=st.data())
def test_damaged_arrays_are_what_was_written_or_a_sentence(
    array_files: list[Path], data: st.DataObject
) -> None:
    file = data.draw(st.sampled_from(array_files))
    content = (RECORDED[-1] / "arrays" / file.name).read_bytes()
    expected = [
        plain(loaded(event)) for event in RunReader(RECORDED[-1]).read() if _in(event, file.name)
    ]
    events = [event for event in RunReader(file.parents[1]).read() if _in(event, file.name)]
    assert len(events) == len(expected) == 1
    file.write_bytes(data.draw(damaged_bytes(content)))
    try:
        found = plain(loaded(events[0]))
    except LogError as error:
        assert_sentence(error, f"{file}: the array '")
    else:
        assert found == expected[0]
    finally:
        file.write_bytes(content)


def _in(event: Event, name: str) -> bool:
    return f"arrays/{name}'" in repr(vars(event))


def test_an_array_file_that_is_gone_is_a_sentence_and_the_numbers_are_still_shown(
    runs_there: list[Truth],
) -> None:
    truth = runs_there[0]
    arrays = truth.folder.path / "arrays"
    arrays.rename(arrays.with_name("elsewhere"))
    try:
        follower = Follower(truth.folder.id)
        assert plain(follower.update().state) == truth.states[-1]
        stages = follower.update().state.stages
        with pytest.raises(LogError, match="cannot be read"):
            loaded(stages[0])
    finally:
        arrays.with_name("elsewhere").rename(arrays)
