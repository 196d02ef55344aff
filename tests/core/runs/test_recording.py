"""Recorded nights: found like runs, shown like runs, and never written to."""

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
from core.runs.folder import all_runs, find_run, own_run
from core.runs.log import LOG, RunReader
from core.runs.recording import record_run
from core.runs.state import RunState, fold
from core.schedule.config import RunConfig
from core.support import environment
from core.support.checksums import read_checked_json
from core.support.errors import ConfigError, LogError, RunError
from core.support.locks import acquire
from tests.conftest import plain
from tests.helpers.engines import own_outputs
from tools.sample_runs import RUN, loaded, made_night, put_run, write_events

NIGHT = made_night(RunConfig(num_cycles=2, total_eps=4, num=2))
NAME = "a-good-night-2"


@pytest.fixture(autouse=True)
def gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty gallery beside an empty outputs folder."""
    own_outputs(tmp_path / "outputs", monkeypatch)
    monkeypatch.setenv("SLEEP_GALLERY_DIR", str(tmp_path / "gallery"))
    return tmp_path / "gallery"


@pytest.fixture
def recorded() -> Path:
    """A recorded night, whose run is deleted, in folders that cannot be written to."""
    put_run(RUN, NIGHT, person="somebody@here")
    kept = record_run(RUN, NAME)
    jobs.delete(RUN)
    for folder in (kept / "arrays", kept, kept.parent):
        folder.chmod(0o555)
    return kept


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """All that is below a folder, locks and hidden files included, and when it was written."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in (folder, *folder.rglob("*"))
    }


# --- what is kept ---


def test_the_gallery_ships_with_the_program_and_not_with_the_outputs(
    monkeypatch: pytest.MonkeyPatch, gallery: Path
) -> None:
    assert environment.gallery_dir() == gallery
    monkeypatch.delenv("SLEEP_GALLERY_DIR")
    assert environment.gallery_dir() == environment.PROJECT / "outputs" / "gallery"


def test_a_night_is_kept_with_its_settings_events_and_arrays_and_without_the_rest(
    gallery: Path,
) -> None:
    run = put_run(RUN, NIGHT, person="somebody@here")
    for file in (run.lock, run.heartbeat, run.stop, run.path / "arrays" / ".000001.npz.0a.tmp"):
        file.touch()
    run.checkpoints.mkdir()
    kept = record_run(RUN, NAME)
    assert kept == gallery / NAME
    assert {path.name for path in kept.iterdir()} == {"arrays", "config.json", "events.jsonl"}
    assert {path.suffix for path in (kept / "arrays").iterdir()} == {".npz"}
    assert (kept / LOG).read_bytes() == (run.path / LOG).read_bytes()
    events = RunReader(kept).read()
    assert plain([loaded(event) for event in events]) == plain(NIGHT)
    assert [path.name for path in gallery.iterdir()] == [NAME]
    assert find_run(RUN).record().person == "somebody@here"  # the run stays as it was


def test_nothing_of_who_slept_it_and_where_is_kept(recorded: Path, tmp_path: Path) -> None:
    record = read_checked_json(recorded / "config.json")
    assert (record["run"], record["person"]) == (NAME, "recorded")
    for path in (recorded / "config.json", recorded / LOG):
        for told in ("somebody", "here", str(tmp_path)):
            assert told not in path.read_text("utf-8")


ODD = ["", "-night", "Night", "a night", "a_night", ".", "..", "a/b", "/a", "a\n", "é", "a" * 62]


@pytest.mark.parametrize("name", [*ODD, RUN])
def test_an_odd_name_is_refused_and_leads_nowhere(name: str, gallery: Path) -> None:
    put_run(RUN, NIGHT)
    with pytest.raises(ConfigError) as caught:
        record_run(RUN, name)
    assert str(caught.value).startswith(f"name is {name!r}; give up to 61 small letters")
    assert not gallery.exists()
    if name != RUN:
        with pytest.raises(RunError, match="there is no run of that name"):
            find_run(name)


def test_a_folder_in_the_gallery_with_a_runs_id_is_no_run(gallery: Path) -> None:
    (gallery / RUN).mkdir(parents=True)
    with pytest.raises(RunError, match="there is no run of that name"):
        find_run(RUN)


def test_a_name_that_is_taken_stays_whose_it_is(recorded: Path) -> None:
    before = tree(recorded.parent)
    put_run(RUN, NIGHT)
    with pytest.raises(ConfigError) as caught:
        record_run(RUN, NAME)
    assert str(caught.value) == f"name is '{NAME}', which is there already; give another name."
    assert tree(recorded.parent) == before


@pytest.mark.parametrize("events", [[], NIGHT[:9], [*NIGHT[:9], NightStopped()]])
def test_a_night_that_is_not_done_is_not_kept(events: list[Event], gallery: Path) -> None:
    put_run(RUN, events)
    with pytest.raises(RunError) as caught:
        record_run(RUN, NAME)
    assert str(caught.value) == (
        f"run {RUN} is not done; only a whole night is kept as a recorded one."
    )
    assert not gallery.exists()


def test_a_night_that_would_tell_of_this_machine_is_not_kept(gallery: Path) -> None:
    broke_off = [*NIGHT[:4], NightFailed("/home/somebody/runs cannot be written.")]
    run = put_run(RUN, [*broke_off, NightResumed(0, {}), *NIGHT[4:]])
    with pytest.raises(RunError, match="failed on its way, in words that may name places"):
        record_run(RUN, NAME)
    (run.path / LOG).unlink()
    mine = RunConfig(num_cycles=2, total_eps=4, num=2, weights="/home/somebody/mine.safetensors")
    run.write_record(replace(run.record(), config=mine))
    write_events(run.path, NIGHT)
    with pytest.raises(RunError, match=r"weights at '/home/somebody/mine\.safetensors', a place"):
        record_run(RUN, NAME)
    assert not gallery.exists()


def test_a_damaged_night_is_not_kept(gallery: Path) -> None:
    run = put_run(RUN, NIGHT)
    (run.path / LOG).write_bytes((run.path / LOG).read_bytes().replace(b"MNIST", b"LIST!", 1))
    with pytest.raises(LogError, match="its checksum is wrong"):
        record_run(RUN, NAME)
    assert not gallery.exists()


def test_a_gallery_that_cannot_be_written_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put_run(RUN, NIGHT)
    monkeypatch.setenv("SLEEP_GALLERY_DIR", os.devnull)
    with pytest.raises(RunError) as caught:
        record_run(RUN, NAME)
    assert str(caught.value).startswith(f"run {RUN} cannot be kept in {os.devnull} (")
    assert str(caught.value).endswith("point SLEEP_GALLERY_DIR at another folder.")


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_copy_that_is_broken_off_leaves_nothing(
    error: BaseException, gallery: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_run(RUN, NIGHT)

    @contextmanager
    def broken_off(target: Path) -> Iterator[BinaryIO]:
        if target.suffix == ".npz":
            raise error
        with target.open("wb") as file:
            yield file

    monkeypatch.setattr(module, "atomic_file", broken_off)
    with pytest.raises((RunError, KeyboardInterrupt)):
        record_run(RUN, NAME)
    assert list(gallery.iterdir()) == []


def test_only_what_the_log_names_is_kept(gallery: Path, tmp_path: Path) -> None:
    folder = put_run(RUN, NIGHT)
    named = {path.name for path in (folder.path / "arrays").iterdir()}
    (tmp_path / "secret").write_text("secret")
    (folder.path / "arrays" / "999999.npz").symlink_to(tmp_path / "secret")
    (folder.path / "notes").write_text("secret")
    os.mkfifo(folder.path / "arrays" / "888888.npz")
    kept = record_run(RUN, NAME)
    assert {path.name for path in (kept / "arrays").iterdir()} == named
    assert {path.name for path in kept.iterdir()} == {"arrays", "config.json", LOG}


@pytest.mark.parametrize("how", ["damaged", "link"])
def test_a_night_with_an_array_that_is_not_its_own_is_not_kept(
    how: str, gallery: Path, tmp_path: Path
) -> None:
    array = sorted((put_run(RUN, NIGHT).path / "arrays").iterdir())[-1]
    array.rename(tmp_path / "elsewhere")
    if how == "link":
        array.symlink_to(tmp_path / "elsewhere")
    else:
        array.write_bytes(b"damaged")
    with pytest.raises(LogError, match=str(array)):
        record_run(RUN, NAME)
    assert list(gallery.iterdir()) == []


# --- what can be done with it ---


def test_a_recorded_night_is_followed_and_folds_like_any_run(recorded: Path) -> None:
    before = tree(recorded.parent)
    now = jobs.state(NAME)
    assert (now.status, now.active, now.problem, now.wanted) == ("done", False, None, False)
    told = list(jobs.follow(NAME))
    assert plain([loaded(event) for event in told]) == plain(NIGHT)
    assert plain(fold(RunState(), told)) == plain(now.state)
    assert find_run(NAME).record().config == RunConfig(num_cycles=2, total_eps=4, num=2)
    assert tree(recorded.parent) == before


def test_a_recorded_night_is_exported(recorded: Path, tmp_path: Path) -> None:
    for path in recorded.rglob("*"):
        os.utime(path, (0, 0))  # as in an image that is built the same every time
    before = tree(recorded.parent)
    export(NAME, tmp_path / "night.zip")
    with ZipFile(tmp_path / "night.zip") as archive:
        assert json.loads(archive.read("config.json"))["run"] == NAME
        assert archive.read(LOG) == (recorded / LOG).read_bytes()
        assert "night.pdf" in archive.namelist()
    assert tree(recorded.parent) == before


def test_recorded_nights_are_not_among_the_runs(recorded: Path) -> None:
    assert all_runs() == []
    assert jobs.runs() == []


def again(run_id: str) -> None:
    record_run(run_id, "another-name")


CHANGES: list[Callable[[str], Any]] = [
    jobs.delete,
    jobs.stop,
    jobs.resume,
    jobs.unfinished,
    own_run,
    again,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_nothing_changes_a_recorded_night(
    change: Callable[[str], Any], recorded: Path, tmp_path: Path
) -> None:
    before = tree(tmp_path)
    with pytest.raises(RunError) as caught:
        change(NAME)
    assert str(caught.value) == (
        f"run {NAME} is a recorded night; it can be followed, shown and exported, and nothing else."
    )
    assert tree(tmp_path) == before
    assert entries.read_all() == []


def test_a_lock_that_got_into_the_gallery_does_not_make_a_night_sleep(recorded: Path) -> None:
    recorded.chmod(0o755)
    lock = acquire(recorded / "lock")
    assert lock is not None
    with lock:
        assert not find_run(NAME).asleep()


# --- those that ship with the program ---

SHIPPED = sorted((environment.PROJECT / "outputs" / "gallery").glob("[!.]*"))


@pytest.mark.parametrize("night", SHIPPED, ids=lambda path: path.name)
def test_a_night_that_ships_is_whole_small_and_nobodys(
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
    assert [made.cycle for made in now.state.recalled] == list(range(record.config.num_cycles + 1))
    for event in jobs.follow(night.name):
        loaded(event)  # no array is missing or damaged
    files = [path for path in night.rglob("*") if path.is_file()]
    assert {path.name for path in night.iterdir()} == {"arrays", "config.json", LOG}
    assert sum(path.stat().st_size for path in files) < 2_000_000
