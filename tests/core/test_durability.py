"""A power cut at any moment: nothing on disk relies on data that may be missing."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core import jobs
from core.engine.run_execution import execute_run
from core.queue import entries
from core.queue.failures import record_failure
from core.queue.paths import queue_folder
from core.runs.folder import find_run
from core.runs.log import LOG
from core.runs.recording import record_run
from core.schedule.config import RunConfig
from tests.helpers.engines import use_outputs_folder
from tests.helpers.power_cut import Disk

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="reads open files in /proc, which needs Linux"
)

NIGHT = RunConfig(
    split="digits", total_eps=6, num_cycles=3, num=2, end_fraction_rem=0.0, device="cpu"
)


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    use_outputs_folder(tmp_path / "outputs", monkeypatch)
    monkeypatch.setenv("SLEEP_GALLERY_DIR", str(tmp_path / "gallery"))
    return Disk(tmp_path, monkeypatch)


@pytest.fixture
def done_run(disk: Disk, one_thread: int) -> str:
    """A run that was queued, trained to its end and taken out of the queue."""
    run = jobs.submit(NIGHT)
    for _ in execute_run(find_run(run)):
        pass
    return run


def test_a_run_refers_only_to_data_on_disk(disk: Disk, done_run: str) -> None:
    assert disk.violations == []
    assert jobs.state(done_run).status == "done"
    operations = "\n".join(disk.operations)
    assert operations.count("link /proc/self/fd") > 3 * 4  # all files of the run were recorded
    assert f"unlink outputs/queue/{done_run}" in operations
    assert operations.count(f"fsync outputs/runs/{done_run}/{LOG}") == 3 + 1  # cycles and night


def test_all_files_of_a_done_run_survive(disk: Disk, done_run: str) -> None:
    folder = find_run(done_run)
    files = [folder.record_file, folder.path / LOG, *folder.path.glob("arrays/*")]
    assert len(files) > 10
    assert [file.name for file in files if not disk.is_durable(file)] == []
    assert disk.is_durably_removed(queue_folder() / done_run)


def test_a_submitted_run_survives(disk: Disk) -> None:
    run = jobs.submit(NIGHT)
    assert disk.is_durable(find_run(run).record_file)
    assert disk.is_durable(queue_folder() / run)
    assert disk.violations == []


def test_finished_cycles_survive_during_the_next_cycle(disk: Disk, one_thread: int) -> None:
    run = jobs.submit(NIGHT)
    log, is_log_durable = find_run(run).path / LOG, []
    for event in execute_run(find_run(run)):
        if type(event).__name__ == "CycleDone":
            is_log_durable.append(disk.is_durable(log))
    assert is_log_durable == [True, True, True]


def test_an_interrupted_and_resumed_run_refers_only_to_data_on_disk(
    disk: Disk, one_thread: int
) -> None:
    run = jobs.submit(NIGHT)
    events = execute_run(find_run(run))
    for event in events:
        if type(event).__name__ == "CycleDone":
            break
    events.close()
    jobs.stop(run)
    assert disk.is_durable(find_run(run).path / LOG)
    assert disk.is_durably_removed(queue_folder() / run)
    assert disk.is_durable(find_run(run).stop)
    jobs.resume(run)
    assert disk.is_durable(queue_folder() / run)
    for _ in execute_run(find_run(run)):
        pass
    assert jobs.state(run).status == "done"
    assert disk.violations == []


def test_a_failure_survives(disk: Disk) -> None:
    run = jobs.submit(NIGHT)
    record_failure(find_run(run), "its worker was killed.")
    entries.remove(run)
    assert disk.is_durable(find_run(run).path / LOG)
    assert disk.violations == []


def test_no_part_of_a_deleted_run_reappears(disk: Disk, done_run: str) -> None:
    folder = find_run(done_run)
    jobs.delete(done_run)
    assert disk.is_durably_removed(folder.path)
    assert disk.violations == []
    assert any(".deleted" in operation for operation in disk.operations)


def test_a_recorded_run_is_complete_before_it_has_its_name(disk: Disk, done_run: str) -> None:
    target = record_run(done_run, "my-night")
    assert disk.has_durable_name(target)
    assert disk.violations == []


# --- the model detects missing syncs ---


def skip_syncs(monkeypatch: pytest.MonkeyPatch, is_skipped: Callable[[Path], bool]) -> None:
    """Replace ``os.fsync`` by a function that does not sync some files."""
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if not is_skipped(Path(os.readlink(f"/proc/self/fd/{descriptor}"))):
            real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)


SKIPPED: dict[str, Callable[[Path], bool]] = {
    "log": lambda path: path.name == LOG,
    "run": lambda path: path.parent.name == "runs",
    "runs": lambda path: path.name == "runs",
    "arrays": lambda path: path.name == "arrays",
    "checkpoints": lambda path: path.name == "checkpoints",
    "contents": lambda path: not path.is_dir() and path.name != LOG,
}


@pytest.mark.parametrize("skipped", SKIPPED)
def test_a_missing_sync_is_detected(
    skipped: str, disk: Disk, one_thread: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    skip_syncs(monkeypatch, SKIPPED[skipped])
    run = jobs.submit(NIGHT)
    for _ in execute_run(find_run(run)):
        pass
    assert disk.violations != []
