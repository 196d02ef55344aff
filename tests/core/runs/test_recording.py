"""Recorded nights: opened and shown like runs, and never written to."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import ZipFile

import pytest

from core import jobs
from core.queue import entries
from core.runs import recording as module
from core.runs.events import Event, NightFailed, NightResumed, NightStopped
from core.runs.export import export
from core.runs.folder import all_runs, find_changeable_run, find_run
from core.runs.log import LOG, RunReader
from core.runs.recording import record_run
from core.runs.state import RunState, fold
from core.schedule.config import RunConfig
from core.support import environment
from core.support.checksums import read_checked_json
from core.support.errors import ConfigError, LogError, RunError
from core.support.locks import acquire
from tests.conftest import comparable
from tests.helpers.engines import use_outputs_folder
from tools.sample_runs import RUN, create_run, load_arrays, night_events, write_events

NIGHT = night_events(RunConfig(num_cycles=2, total_eps=4, num=2))
NAME = "a-good-night-2"


@pytest.fixture(autouse=True)
def gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty gallery, next to an empty outputs folder."""
    use_outputs_folder(tmp_path / "outputs", monkeypatch)
    monkeypatch.setenv("SLEEP_GALLERY_DIR", str(tmp_path / "gallery"))
    return tmp_path / "gallery"


@pytest.fixture
def recorded() -> Path:
    """A recorded night whose run is deleted, in read-only folders."""
    create_run(RUN, NIGHT, person="alice@host")
    target = record_run(RUN, NAME)
    jobs.delete(RUN)
    for folder in (target / "arrays", target, target.parent):
        folder.chmod(0o555)
    return target


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return the modification time and content of everything below ``folder``, by path."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in (folder, *folder.rglob("*"))
    }


# --- recording ---


def test_the_default_gallery_is_that_of_the_program(
    monkeypatch: pytest.MonkeyPatch, gallery: Path
) -> None:
    assert environment.gallery_dir() == gallery
    monkeypatch.delenv("SLEEP_GALLERY_DIR")
    assert environment.gallery_dir() == environment.PROJECT / "outputs" / "gallery"


def test_a_recorded_night_has_only_the_record_events_and_arrays_of_the_run(
    gallery: Path,
) -> None:
    run = create_run(RUN, NIGHT, person="alice@host")
    for file in (run.lock, run.heartbeat, run.stop, run.path / "arrays" / ".000001.npz.0a.tmp"):
        file.touch()
    run.checkpoints.mkdir()
    target = record_run(RUN, NAME)
    assert target == gallery / NAME
    assert {path.name for path in target.iterdir()} == {"arrays", "config.json", "events.jsonl"}
    assert {path.suffix for path in (target / "arrays").iterdir()} == {".npz"}
    assert (target / LOG).read_bytes() == (run.path / LOG).read_bytes()
    events = RunReader(target).read()
    assert comparable([load_arrays(event) for event in events]) == comparable(NIGHT)
    assert [path.name for path in gallery.iterdir()] == [NAME]
    assert find_run(RUN).record().person == "alice@host"  # the run stays as it was


def test_a_recorded_night_reveals_neither_the_owner_nor_the_machine(
    recorded: Path, tmp_path: Path
) -> None:
    record = read_checked_json(recorded / "config.json")
    assert (record["run"], record["person"]) == (NAME, "recorded")
    for path in (recorded / "config.json", recorded / LOG):
        for secret in ("alice", "host", str(tmp_path)):
            assert secret not in path.read_text("utf-8")


INVALID_NAMES = [
    "",
    "-night",
    "Night",
    "a night",
    "a_night",
    ".",
    "..",
    "a/b",
    "/a",
    "a\n",
    "é",
    "a" * 62,
]


@pytest.mark.parametrize("name", [*INVALID_NAMES, RUN])
def test_an_invalid_name_raises_and_writes_nothing(name: str, gallery: Path) -> None:
    create_run(RUN, NIGHT)
    with pytest.raises(ConfigError) as caught:
        record_run(RUN, name)
    assert str(caught.value).startswith(f"name is {name!r}; give up to 61 small letters")
    assert not gallery.exists()
    if name != RUN:
        with pytest.raises(RunError, match="there is no run of that name"):
            find_run(name)


def test_a_folder_in_the_gallery_with_the_id_of_a_run_is_not_a_run(gallery: Path) -> None:
    (gallery / RUN).mkdir(parents=True)
    with pytest.raises(RunError, match="there is no run of that name"):
        find_run(RUN)


def test_a_name_that_is_taken_raises_and_changes_nothing(recorded: Path) -> None:
    tree_before = tree(recorded.parent)
    create_run(RUN, NIGHT)
    with pytest.raises(ConfigError) as caught:
        record_run(RUN, NAME)
    assert str(caught.value) == f"name is '{NAME}', which exists already; give another name."
    assert tree(recorded.parent) == tree_before


@pytest.mark.parametrize("events", [[], NIGHT[:9], [*NIGHT[:9], NightStopped()]])
def test_an_unfinished_night_cannot_be_recorded(events: list[Event], gallery: Path) -> None:
    create_run(RUN, events)
    with pytest.raises(RunError) as caught:
        record_run(RUN, NAME)
    assert str(caught.value) == (f"run {RUN} is not done; only a finished night can be recorded.")
    assert not gallery.exists()


def test_a_night_that_may_reveal_paths_cannot_be_recorded(gallery: Path) -> None:
    failed = [*NIGHT[:4], NightFailed("/home/alice/runs cannot be written.")]
    run = create_run(RUN, [*failed, NightResumed(0, {}), *NIGHT[4:]])
    with pytest.raises(
        RunError, match="failed before it was resumed, and the error message may name paths"
    ):
        record_run(RUN, NAME)
    (run.path / LOG).unlink()
    given = RunConfig(num_cycles=2, total_eps=4, num=2, weights="/home/alice/weights.safetensors")
    run.write_record(replace(run.record(), config=given))
    write_events(run.path, NIGHT)
    with pytest.raises(RunError, match=r"weights at '/home/alice/weights\.safetensors', a path"):
        record_run(RUN, NAME)
    assert not gallery.exists()


def test_a_damaged_night_cannot_be_recorded(gallery: Path) -> None:
    run = create_run(RUN, NIGHT)
    (run.path / LOG).write_bytes((run.path / LOG).read_bytes().replace(b"MNIST", b"LIST!", 1))
    with pytest.raises(LogError, match="its checksum is wrong"):
        record_run(RUN, NAME)
    assert not gallery.exists()


def test_a_gallery_that_cannot_be_written_raises(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    create_run(RUN, NIGHT)
    monkeypatch.setenv("SLEEP_GALLERY_DIR", os.devnull)
    with pytest.raises(RunError) as caught:
        record_run(RUN, NAME)
    assert str(caught.value).startswith(f"run {RUN} cannot be kept in {os.devnull} (")
    assert str(caught.value).endswith("point SLEEP_GALLERY_DIR at another folder.")


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_interrupted_copy_leaves_no_files(
    error: BaseException, gallery: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_run(RUN, NIGHT)

    @contextmanager
    def interrupted(target: Path) -> Iterator[BinaryIO]:
        if target.suffix == ".npz":
            raise error
        with target.open("wb") as file:
            yield file

    monkeypatch.setattr(module, "atomic_file", interrupted)
    with pytest.raises((RunError, KeyboardInterrupt)):
        record_run(RUN, NAME)
    assert list(gallery.iterdir()) == []


def test_only_files_that_the_log_names_are_recorded(gallery: Path, tmp_path: Path) -> None:
    folder = create_run(RUN, NIGHT)
    named = {path.name for path in (folder.path / "arrays").iterdir()}
    (tmp_path / "secret").write_text("secret")
    (folder.path / "arrays" / "999999.npz").symlink_to(tmp_path / "secret")
    (folder.path / "notes").write_text("secret")
    os.mkfifo(folder.path / "arrays" / "888888.npz")
    target = record_run(RUN, NAME)
    assert {path.name for path in (target / "arrays").iterdir()} == named
    assert {path.name for path in target.iterdir()} == {"arrays", "config.json", LOG}


@pytest.mark.parametrize("replacement", ["damaged", "link"])
def test_a_night_with_a_damaged_or_linked_array_cannot_be_recorded(
    replacement: str, gallery: Path, tmp_path: Path
) -> None:
    array = sorted((create_run(RUN, NIGHT).path / "arrays").iterdir())[-1]
    array.rename(tmp_path / "elsewhere")
    if replacement == "link":
        array.symlink_to(tmp_path / "elsewhere")
    else:
        array.write_bytes(b"damaged")
    with pytest.raises(LogError, match=str(array)):
        record_run(RUN, NAME)
    assert list(gallery.iterdir()) == []


# --- operations on recorded nights ---


def test_a_recorded_night_is_followed_like_a_run(recorded: Path) -> None:
    tree_before = tree(recorded.parent)
    now = jobs.state(NAME)
    assert (now.status, now.active, now.problem, now.in_queue) == ("done", False, None, False)
    followed = list(jobs.follow(NAME))
    assert comparable([load_arrays(event) for event in followed]) == comparable(NIGHT)
    assert comparable(fold(RunState(), followed)) == comparable(now.state)
    assert find_run(NAME).record().config == RunConfig(num_cycles=2, total_eps=4, num=2)
    assert tree(recorded.parent) == tree_before


def test_a_recorded_night_can_be_exported(recorded: Path, tmp_path: Path) -> None:
    for path in recorded.rglob("*"):
        os.utime(path, (0, 0))  # as in a reproducible image
    tree_before = tree(recorded.parent)
    export(NAME, tmp_path / "night.zip")
    with ZipFile(tmp_path / "night.zip") as archive:
        assert json.loads(archive.read("config.json"))["run"] == NAME
        assert archive.read(LOG) == (recorded / LOG).read_bytes()
        assert "night.pdf" in archive.namelist()
    assert tree(recorded.parent) == tree_before


def test_recorded_nights_are_not_among_the_runs(recorded: Path) -> None:
    assert all_runs() == []
    assert jobs.runs() == []


def record_again(run_id: str) -> None:
    record_run(run_id, "another-name")


CHANGES: list[Callable[[str], Any]] = [
    jobs.delete,
    jobs.stop,
    jobs.resume,
    jobs.unfinished,
    find_changeable_run,
    record_again,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_recorded_night_cannot_be_changed(
    change: Callable[[str], Any], recorded: Path, tmp_path: Path
) -> None:
    tree_before = tree(tmp_path)
    with pytest.raises(RunError) as caught:
        change(NAME)
    assert str(caught.value) == (
        f"run {NAME} is a recorded night; it can only be followed, shown and exported."
    )
    assert tree(tmp_path) == tree_before
    assert entries.read_all() == []


def test_a_recorded_night_is_never_running_even_if_its_lock_is_held(recorded: Path) -> None:
    recorded.chmod(0o755)
    lock = acquire(recorded / "lock")
    assert lock is not None
    with lock:
        assert not find_run(NAME).is_running()


# --- the recorded nights that ship with the program ---

SHIPPED = sorted((environment.PROJECT / "outputs" / "gallery").glob("[!.]*"))


@pytest.mark.parametrize("night", SHIPPED, ids=lambda path: path.name)
def test_a_night_of_the_program_is_whole_and_small_and_has_no_owner(
    night: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SLEEP_GALLERY_DIR")
    now, record = jobs.state(night.name), find_run(night.name).record()
    assert (now.status, record.run, record.person) == ("done", night.name, "recorded")
    assert record.weights is not None
    assert record.weights["origin"] == "cached"
    assert now.state.night is not None
    assert now.state.night.config == record.config.to_dict()
    assert now.state.cues is not None
    assert [event.cycle for event in now.state.recalled] == list(
        range(record.config.num_cycles + 1)
    )
    for event in jobs.follow(night.name):
        load_arrays(event)  # raises if an array is missing or damaged
    files = [path for path in night.rglob("*") if path.is_file()]
    assert {path.name for path in night.iterdir()} == {"arrays", "config.json", LOG}
    assert sum(path.stat().st_size for path in files) < 2_000_000
