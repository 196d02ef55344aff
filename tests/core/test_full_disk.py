"""A disk that is full, a real one: whatever cannot be written is one true sentence."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core import jobs
from core.cli import main
from core.engine.dispatcher import Dispatcher
from core.engine.run_execution import describe_write_error, execute_run
from core.jobs import engine_process
from core.queue import engine_state, engine_users, entries
from core.queue.engine_state import EngineState
from core.queue.failures import record_failure, reserve_space
from core.queue.paths import engine_folder, engine_users_folder, reserved_space_file
from core.runs.events import NightDone, NightFailed, NightStarted
from core.runs.folder import RunFolder, all_runs, new_run, runs_dir
from core.schedule.config import RunConfig
from core.support.files import make_folders, write_bytes
from tests.conftest import Settings
from tests.helpers.disks import Disk, small_disk
from tests.helpers.engines import bits, own_outputs, undisturbed
from tools.sample_runs import RUN, made_night, put_run

KB = 1_024


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    """The disk of all outputs."""
    with small_disk(tmp_path / "outputs", 24) as made:
        own_outputs(made.path, monkeypatch)
        yield made


def end_of(folder: RunFolder) -> str | None:
    """How the night ends: the sentence of its failure, None if it is done."""
    try:
        *_, last = execute_run(folder)
    except OSError as error:  # not even the sentence can be written: the worker says it
        return describe_write_error(folder, error)
    if isinstance(last, NightFailed):
        return last.sentence
    assert isinstance(last, NightDone)
    return None


# Nothing at all, the weights of the start, the arrays, the first checkpoint, the second, ...
@pytest.mark.parametrize("free", [0, 16, 400, 700, 1_000, 2_500, 4_500, 5_500])
def test_a_night_on_a_full_disk_fails_with_a_sentence_and_its_rest_comes_out_the_same(
    free: int, disk: Disk, short: Settings, one_thread: int
) -> None:
    config = short(total_eps=8, num_cycles=4)
    folder = new_run(config, "somebody", 1)
    disk.leave(free * KB)
    sentence = end_of(folder)
    assert sentence is not None
    assert sentence == (
        f"the run's folder {folder.path} cannot be written (No space left on device); "
        "make room or give access there, then resume the run."
    )
    assert list(folder.path.rglob("*.tmp")) == []
    disk.make_room()
    assert jobs.state(folder.id).status in ("failed", "interrupted")
    assert end_of(folder) is None
    expected = bits(undisturbed(config))
    assert bits(folder) == expected


def test_a_record_that_cannot_be_replaced_is_a_sentence(
    disk: Disk, short: Settings, one_thread: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = new_run(short(), "somebody", 1)
    note_start = RunFolder.note_start

    def full(self: RunFolder, event: NightStarted) -> None:
        disk.leave(0)
        note_start(self, event)

    monkeypatch.setattr(RunFolder, "note_start", full)
    assert "No space left on device" in (end_of(folder) or "")
    assert folder.record().device is None  # the record before it is whole


def test_a_night_fails_with_its_sentence_also_where_not_one_byte_is_left(disk: Disk) -> None:
    run = put_run()
    entries.add(RUN, "somebody")
    make_folders(engine_folder())
    reserve_space()
    disk.leave(0)
    record_failure(run, "its disk is full.")
    entries.remove(RUN)
    assert jobs.state(RUN).status == "failed"
    assert str(jobs.state(RUN).problem) == "its disk is full."
    disk.make_room()
    reserve_space()
    assert reserved_space_file().stat().st_size > 10_000


@pytest.mark.parametrize("free", [0, 4])
def test_a_submit_on_a_full_disk_is_an_error_and_no_run(free: int, disk: Disk) -> None:
    make_folders(runs_dir())
    for _ in range(3):
        disk.leave(free * KB)
        with pytest.raises(OSError, match="No space left on device") as caught:
            jobs.submit(RunConfig())
        assert str(caught.value.filename).startswith(str(disk.path))
        disk.make_room()
        assert all_runs() == []
        assert entries.read_all() == []


def test_an_engine_that_cannot_start_on_a_full_disk_takes_no_more_leases_each_time(
    disk: Disk,
) -> None:
    make_folders(engine_users_folder())
    disk.leave(0)
    for _ in range(3):
        with pytest.raises(OSError, match="No space left"):
            engine_process.keep_engine()
    disk.make_room()
    assert not engine_users.has_users()


class _Client:
    """As much of Dask's client as an idle dispatcher looks at."""

    status, cluster = "running", None
    scheduler = None

    def scheduler_info(self, n_workers: int) -> dict[str, dict[str, str]]:
        return {"workers": {}}


def test_what_the_engine_cannot_tell_on_a_full_disk_it_tells_once_there_is_room(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.engine.dispatcher._LOOK_S", 0.0)
    engine_state.publish(EngineState())
    dispatcher = Dispatcher(_Client())  # type: ignore[arg-type]
    disk.leave(0)
    dispatcher.step()
    assert not engine_state.last_published().ready
    disk.make_room()
    dispatcher.step()
    assert engine_state.last_published().ready


@pytest.mark.parametrize("what", ["export", "keep"])
def test_an_export_and_a_kept_night_on_a_full_disk_are_one_sentence_with_a_way_out(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own_outputs(tmp_path / "outputs", monkeypatch)
    put_run(RUN, made_night(RunConfig(num_cycles=2, total_eps=4, num=2)))
    with small_disk(tmp_path / "small", 1) as small:
        monkeypatch.setenv("SLEEP_GALLERY_DIR", str(small.path / "gallery"))
        (small.path / "gallery").mkdir()
        small.leave(0)
        target = str(small.path / "night.zip")
        told = {"export": ["--out", target], "keep": ["a-night"]}[what]
        assert main(["runs", what, RUN, *told]) in (1, 2)
        said = capsys.readouterr().err
        assert "No space left on device" in said
        assert str(small.path) in said
        assert any(way in said for way in ("make room", "choose another place"))
        assert said.count("\n") == 1
        names = [path.name for path in small.path.rglob("*") if path.name != ".filler"]
        assert names == ["gallery"]


def test_a_file_that_does_not_fit_names_itself(tmp_path: Path) -> None:
    put = tmp_path / "outputs"
    put.mkdir()
    with small_disk(tmp_path / "small", 1) as small:
        small.leave(0)
        with pytest.raises(OSError, match="No space left") as caught:
            write_bytes(small.path / "file", bytes(100_000))
        assert caught.value.filename == str(small.path / "file")


def test_a_cache_that_is_full_is_not_the_runs_folder(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    sentence = describe_write_error(
        folder, OSError(28, "No space left on device", "/cache/vae.partial")
    )
    assert sentence.startswith("/cache/vae.partial cannot be written (No space left on device); ")
    inside = describe_write_error(
        folder, OSError(28, "No space left", str(folder.checkpoints / "x"))
    )
    assert inside.startswith(f"the run's folder {folder.path} cannot be written")
