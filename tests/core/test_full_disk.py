"""A real full disk: every failed write is reported in one correct sentence."""

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
from core.support.files import create_folders, write_bytes
from tests.conftest import ConfigFactory
from tests.helpers.disks import Disk, small_disk
from tests.helpers.engines import execute_here, result_bits, use_outputs_folder
from tools.sample_runs import RUN, create_run, night_events

KB = 1_024


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    """A disk of 24 MB that contains the outputs folder."""
    with small_disk(tmp_path / "outputs", 24) as outputs_disk:
        use_outputs_folder(outputs_disk.path, monkeypatch)
        yield outputs_disk


def failure_of(folder: RunFolder) -> str | None:
    """Execute a run and return the sentence of its failure, None if it is done."""
    try:
        *_, last = execute_run(folder)
    except OSError as error:  # the sentence cannot be written either, so the worker returns it
        return describe_write_error(folder, error)
    if isinstance(last, NightFailed):
        return last.sentence
    assert isinstance(last, NightDone)
    return None


# Free KB. Each time another file does not fit, from the initial weights to a late checkpoint.
@pytest.mark.parametrize("free", [0, 16, 400, 700, 1_000, 2_500, 4_500, 5_500])
def test_a_run_on_a_full_disk_fails_with_a_sentence_and_its_resumed_results_are_the_same(
    free: int, disk: Disk, short: ConfigFactory, one_thread: int
) -> None:
    config = short(total_eps=8, num_cycles=4)
    folder = new_run(config, "ada", 1)
    disk.fill(free * KB)
    sentence = failure_of(folder)
    assert sentence is not None
    assert sentence == (
        f"the run's folder {folder.path} cannot be written (No space left on device); "
        "make room or give access there, then resume the run."
    )
    assert list(folder.path.rglob("*.tmp")) == []
    disk.remove_filler()
    assert jobs.state(folder.id).status in ("failed", "interrupted")
    assert failure_of(folder) is None
    expected = result_bits(execute_here(config))
    assert result_bits(folder) == expected


def test_a_record_that_cannot_be_replaced_stays_unchanged_and_fails_the_run(
    disk: Disk, short: ConfigFactory, one_thread: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = new_run(short(), "ada", 1)
    record_start = RunFolder.record_start

    def note_start_on_full_disk(self: RunFolder, event: NightStarted) -> None:
        disk.fill(0)
        record_start(self, event)

    monkeypatch.setattr(RunFolder, "record_start", note_start_on_full_disk)
    assert "No space left on device" in (failure_of(folder) or "")
    assert folder.record().device is None  # it is still the record from the submission


def test_a_failure_can_be_recorded_without_any_free_byte(disk: Disk) -> None:
    run = create_run()
    entries.add(RUN, "ada")
    create_folders(engine_folder())
    reserve_space()
    disk.fill(0)
    record_failure(run, "its disk is full.")
    entries.remove(RUN)
    assert jobs.state(RUN).status == "failed"
    assert str(jobs.state(RUN).problem) == "its disk is full."
    disk.remove_filler()
    reserve_space()
    assert reserved_space_file().stat().st_size > 10_000


@pytest.mark.parametrize("free", [0, 4])
def test_a_submit_on_a_full_disk_raises_and_creates_no_run(free: int, disk: Disk) -> None:
    create_folders(runs_dir())
    for _ in range(3):
        disk.fill(free * KB)
        with pytest.raises(OSError, match="No space left on device") as raised:
            jobs.submit(RunConfig())
        assert str(raised.value.filename).startswith(str(disk.path))
        disk.remove_filler()
        assert all_runs() == []
        assert entries.read_all() == []


def test_an_engine_that_cannot_start_on_a_full_disk_leaves_no_registered_user(
    disk: Disk,
) -> None:
    create_folders(engine_users_folder())
    disk.fill(0)
    for _ in range(3):
        with pytest.raises(OSError, match="No space left"):
            engine_process.keep_engine()
    disk.remove_filler()
    assert not engine_users.has_users()


class FakeClient:
    """The attributes of a Dask client that an idle dispatcher uses."""

    status, cluster = "running", None
    scheduler = None

    def scheduler_info(self, n_workers: int) -> dict[str, dict[str, str]]:
        return {"workers": {}}


def test_a_state_that_cannot_be_published_on_a_full_disk_is_published_once_space_is_free(
    disk: Disk,
) -> None:
    engine_state.publish(EngineState())
    dispatcher = Dispatcher(FakeClient(), slow_interval_s=0.0)  # type: ignore[arg-type]
    disk.fill(0)
    dispatcher.step()
    assert not engine_state.last_published().ready
    disk.remove_filler()
    dispatcher.step()
    assert engine_state.last_published().ready


@pytest.mark.parametrize("action", ["export", "keep"])
def test_an_export_or_a_copy_to_a_full_disk_prints_one_sentence_with_a_remedy(
    action: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_outputs_folder(tmp_path / "outputs", monkeypatch)
    create_run(RUN, night_events(RunConfig(num_cycles=2, total_eps=4, num=2)))
    with small_disk(tmp_path / "small", 1) as small:
        monkeypatch.setenv("SLEEP_GALLERY_DIR", str(small.path / "gallery"))
        (small.path / "gallery").mkdir()
        small.fill(0)
        target = str(small.path / "night.zip")
        options = {"export": ["--out", target], "keep": ["a-night"]}[action]
        assert main(["runs", action, RUN, *options]) in (1, 2)
        printed = capsys.readouterr().err
        assert "No space left on device" in printed
        assert str(small.path) in printed
        assert any(way in printed for way in ("make room", "choose another place"))
        assert printed.count("\n") == 1
        names = [path.name for path in small.path.rglob("*") if path.name != ".filler"]
        assert names == ["gallery"]


def test_the_error_of_a_file_that_does_not_fit_names_the_file(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", 1) as small:
        small.fill(0)
        with pytest.raises(OSError, match="No space left") as raised:
            write_bytes(small.path / "file", bytes(100_000))
        assert raised.value.filename == str(small.path / "file")


def test_the_sentence_for_a_failed_write_names_the_file_only_if_it_is_outside_the_runs_folder(
    tmp_path: Path,
) -> None:
    folder = RunFolder(tmp_path / "run")
    sentence = describe_write_error(
        folder, OSError(28, "No space left on device", "/cache/vae.partial")
    )
    assert sentence.startswith("/cache/vae.partial cannot be written (No space left on device); ")
    inside = describe_write_error(
        folder, OSError(28, "No space left", str(folder.checkpoints / "x"))
    )
    assert inside.startswith(f"the run's folder {folder.path} cannot be written")
