"""A power cut at any moment: nothing on disk relies on something that may not be there."""

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
from tests.helpers.engines import own_outputs
from tests.helpers.power_cut import Disk

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="looks at open files in /proc, which Linux has"
)

NIGHT = RunConfig(
    split="digits", total_eps=6, num_cycles=3, num=2, end_fraction_rem=0.0, device="cpu"
)


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    own_outputs(tmp_path / "outputs", monkeypatch)
    monkeypatch.setenv("SLEEP_GALLERY_DIR", str(tmp_path / "gallery"))
    return Disk(tmp_path, monkeypatch)


@pytest.fixture
def done(disk: Disk, one_thread: int) -> str:
    """A run that was queued, trained to its end and taken out of the queue."""
    run = jobs.submit(NIGHT)
    for _ in execute_run(find_run(run)):
        pass
    return run


def test_a_night_names_nothing_that_is_not_on_disk(disk: Disk, done: str) -> None:
    assert disk.violations == []
    assert jobs.state(done).status == "done"
    seen = "\n".join(disk.operations)
    assert seen.count("link /proc/self/fd") > 3 * 4  # every file of the night came by
    assert f"unlink outputs/queue/{done}" in seen
    assert seen.count(f"fsync outputs/runs/{done}/{LOG}") == 3 + 1  # cycles, and the night


def test_all_of_a_done_night_survives(disk: Disk, done: str) -> None:
    folder = find_run(done)
    kept = [folder.record_file, folder.path / LOG, *folder.path.glob("arrays/*")]
    assert len(kept) > 10
    assert [file.name for file in kept if not disk.durable(file)] == []
    assert disk.gone(queue_folder() / done)


def test_a_run_that_was_asked_for_survives(disk: Disk) -> None:
    run = jobs.submit(NIGHT)
    assert disk.durable(find_run(run).record_file)
    assert disk.durable(queue_folder() / run)
    assert disk.violations == []


def test_finished_cycles_survive_while_the_next_is_trained(disk: Disk, one_thread: int) -> None:
    run = jobs.submit(NIGHT)
    log, seen = find_run(run).path / LOG, []
    for event in execute_run(find_run(run)):
        if type(event).__name__ == "CycleDone":
            seen.append(disk.durable(log))
    assert seen == [True, True, True]


def test_an_interrupted_night_and_its_rest_name_nothing_that_is_not_on_disk(
    disk: Disk, one_thread: int
) -> None:
    run = jobs.submit(NIGHT)
    night = execute_run(find_run(run))
    for event in night:
        if type(event).__name__ == "CycleDone":
            break
    night.close()
    jobs.stop(run)
    assert disk.durable(find_run(run).path / LOG)
    assert disk.gone(queue_folder() / run)
    assert disk.durable(find_run(run).stop)
    jobs.resume(run)
    assert disk.durable(queue_folder() / run)
    for _ in execute_run(find_run(run)):
        pass
    assert jobs.state(run).status == "done"
    assert disk.violations == []


def test_a_failure_survives(disk: Disk) -> None:
    run = jobs.submit(NIGHT)
    record_failure(find_run(run), "its worker died.")
    entries.remove(run)
    assert disk.durable(find_run(run).path / LOG)
    assert disk.violations == []


def test_a_deleted_run_does_not_come_back_in_part(disk: Disk, done: str) -> None:
    folder = find_run(done)
    jobs.delete(done)
    assert disk.gone(folder.path)
    assert disk.violations == []
    assert any(".deleted" in seen for seen in disk.operations)


def test_a_kept_run_is_whole_before_it_has_its_name(disk: Disk, done: str) -> None:
    target = record_run(done, "my-night")
    assert disk.named(target)
    assert disk.violations == []


# --- the model notices what is missing ---


def _skips(monkeypatch: pytest.MonkeyPatch, skipped: Callable[[Path], bool]) -> None:
    """Let the program forget to sync some files."""
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if not skipped(Path(os.readlink(f"/proc/self/fd/{descriptor}"))):
            real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)


FORGOTTEN: dict[str, Callable[[Path], bool]] = {
    "log": lambda path: path.name == LOG,
    "run": lambda path: path.parent.name == "runs",
    "runs": lambda path: path.name == "runs",
    "arrays": lambda path: path.name == "arrays",
    "checkpoints": lambda path: path.name == "checkpoints",
    "contents": lambda path: not path.is_dir() and path.name != LOG,
}


@pytest.mark.parametrize("forgotten", FORGOTTEN)
def test_a_sync_that_is_left_out_is_noticed(
    forgotten: str, disk: Disk, one_thread: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _skips(monkeypatch, FORGOTTEN[forgotten])
    run = jobs.submit(NIGHT)
    for _ in execute_run(find_run(run)):
        pass
    assert disk.violations != []
