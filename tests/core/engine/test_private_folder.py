"""The engine's private temporary folder: its permissions, its location and its removal."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from core import jobs
from core.engine.private_folder import parent_folders, private_folder
from core.queue.paths import engine_output_file
from core.schedule.config import RunConfig
from core.support.environment import PROJECT
from core.support.errors import EngineError
from tests.helpers.engines import (
    Engine,
    running_engine,
    use_outputs_folder,
    wait_until,
    wait_until_over,
    worker_pid,
)

SHORT = RunConfig(split="digits", total_eps=2, num_cycles=1, num=2, device="cpu")
MEMORY = Path("/dev/shm")
in_memory = pytest.mark.skipif(
    sys.platform != "linux" or not os.access(MEMORY, os.W_OK), reason="no file system in memory"
)

KEEP_FOLDER = """
import os, sys, time
from pathlib import Path
from core.engine.private_folder import private_folder
with private_folder([Path(sys.argv[1])]) as folder:
    (folder / "key.pem").touch()
    print(folder, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def parent(tmp_path: Path) -> Path:
    """An empty folder to create private folders in."""
    folder = tmp_path / "parent"
    folder.mkdir()
    return folder


@pytest.fixture
def folder_in_use(parent: Path) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """A private folder in ``parent`` and the process that uses it."""
    with subprocess.Popen(
        [sys.executable, "-c", KEEP_FOLDER, str(parent)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield Path(process.stdout.readline().strip()), process
        process.kill()


def test_only_this_user_can_read_the_folder_and_it_is_removed_after_the_block(parent: Path) -> None:
    with private_folder([parent]) as folder:
        assert folder.parent == parent
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "key.pem").touch()
    assert list(parent.iterdir()) == []


def test_this_process_and_its_children_use_the_folder_for_temporary_files(parent: Path) -> None:
    previous = tempfile.gettempdir()
    child = [sys.executable, "-c", "import tempfile; print(tempfile.gettempdir())"]
    with private_folder([parent]) as folder:
        assert tempfile.gettempdir() == str(folder)
        assert subprocess.check_output(child, text=True).strip() == str(folder)
    assert tempfile.gettempdir() == previous


def test_the_folder_is_created_in_the_first_writable_parent(parent: Path, tmp_path: Path) -> None:
    with private_folder([tmp_path / "missing", parent]) as folder:
        assert folder.parent == parent


def test_without_a_writable_parent_the_error_names_the_parents_and_tmpdir(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(EngineError, match=rf"{missing}; set TMPDIR"), private_folder([missing]):
        pass


def test_the_folder_of_a_killed_process_is_removed_by_the_next_process(
    parent: Path, folder_in_use: tuple[Path, subprocess.Popen[str]]
) -> None:
    left, process = folder_in_use
    process.kill()
    process.wait()
    assert (left / "key.pem").exists()
    with private_folder([parent]) as folder:
        assert list(parent.iterdir()) == [folder]


def test_a_folder_in_use_is_not_removed(
    parent: Path, folder_in_use: tuple[Path, subprocess.Popen[str]]
) -> None:
    used, _ = folder_in_use
    with private_folder([parent]):
        assert (used / "key.pem").exists()


def test_only_abandoned_private_folders_are_removed(parent: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    (elsewhere / "file").touch()
    (parent / "sleep-0123abcd").symlink_to(elsewhere)
    (parent / "sleep-schedules").mkdir(mode=0o700)
    (parent / "sleep-4567cdef").mkdir(mode=0o755)
    (parent / "sleep-89abcdef").touch()
    children = set(parent.iterdir())
    with private_folder([parent]):
        pass
    assert set(parent.iterdir()) == children
    assert (elsewhere / "file").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_the_folder_of_another_user_is_not_removed(parent: Path) -> None:
    theirs = parent / "sleep-0123abcd"
    theirs.mkdir(mode=0o700)
    os.chown(theirs, 1000, 1000)
    with private_folder([parent]):
        assert theirs.exists()


def test_on_linux_the_preferred_parent_is_a_file_system_in_memory() -> None:
    expected = [MEMORY] if sys.platform == "linux" else []
    assert list(parent_folders()) == [*expected, Path(tempfile.gettempdir())]


# --- with real engines ---


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder on disk that is the tests' temporary folder; it is not the outputs folder."""
    use_outputs_folder(tmp_path / "outputs", monkeypatch)
    folder = tmp_path / "disk"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


def temporary_folder_of(engine: Engine) -> Path:
    """Return the temporary folder that all descendants of the engine's process inherited."""
    _, *descendants = engine.processes()
    (folder,) = {process.environ()["TMPDIR"] for process in descendants}
    return Path(folder)


@in_memory
def test_credentials_and_sockets_are_never_on_disk_and_are_removed_with_the_engine(
    disk: Path,
) -> None:
    untouched = disk.stat().st_mtime_ns  # changes with every file created or removed in it
    with running_engine() as engine:
        engine.wait_until_ready()
        folder = temporary_folder_of(engine)
        assert folder.parent == MEMORY
        assert folder.stat().st_mode & 0o777 == 0o700
        assert wait_until_over(jobs.submit(SHORT)).status == "done"
        run = jobs.submit(RunConfig(split="digits", total_eps=4_000, num_cycles=4, device="cpu"))
        first = wait_until(lambda: worker_pid(run))
        psutil.Process(first).kill()  # the next worker loads the TLS key again
        wait_until(lambda: worker_pid(run) not in (None, first))
        jobs.stop(run)
        assert wait_until_over(run).status == "stopped"
        engine.release()
    assert not folder.exists()
    # The immediate exit of the engine causes no warning.
    assert "resource_tracker" not in engine_output_file().read_text("utf-8")
    assert disk.stat().st_mtime_ns == untouched
    assert list(disk.iterdir()) == []


@in_memory
def test_the_folder_of_a_killed_engine_is_removed_by_the_next_engine(disk: Path) -> None:
    with running_engine() as engine:
        engine.wait_until_ready()
        left = temporary_folder_of(engine)
        engine.kill()
        engine.restart()
        engine.wait_until_ready()
        assert not left.exists()
        folder = temporary_folder_of(engine)
        assert folder != left
        engine.release()
    assert not folder.exists()
    assert list(disk.iterdir()) == []


def test_an_engine_that_cannot_start_leaves_no_temporary_files(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://127.0.0.1:9")
    with running_engine() as engine:
        assert engine.process.wait(timeout=120) == 1
    assert list(disk.iterdir()) == []
