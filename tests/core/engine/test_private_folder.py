"""The engine's private temporary folder: who may read it, where it lies, and that it goes."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from core import jobs
from core.engine.private_folder import bases, private_folder
from core.queue.paths import engine_output_file
from core.schedule.config import RunConfig
from core.support.environment import PROJECT
from core.support.errors import EngineError
from tests.helpers.engines import Engine, engine, finished, own_outputs, wait, worker_of

SHORT = RunConfig(split="digits", total_eps=2, num_cycles=1, num=2, device="cpu")
MEMORY = Path("/dev/shm")
in_memory = pytest.mark.skipif(
    sys.platform != "linux" or not os.access(MEMORY, os.W_OK), reason="no file system in memory"
)

HOLD = """
import os, sys, time
from pathlib import Path
from core.queue.paths import engine_output_file
from core.engine.private_folder import private_folder
with private_folder([Path(sys.argv[1])]) as folder:
    (folder / "key.pem").touch()
    print(folder, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def parent(tmp_path: Path) -> Path:
    """A folder that is empty, for private folders."""
    folder = tmp_path / "parent"
    folder.mkdir()
    return folder


@pytest.fixture
def held(parent: Path) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """A private folder in ``parent`` and the process that uses it."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(parent)], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield Path(process.stdout.readline().strip()), process
        process.kill()


def test_only_this_user_can_read_the_folder_and_it_is_gone_after_the_block(parent: Path) -> None:
    with private_folder([parent]) as folder:
        assert folder.parent == parent
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "key.pem").touch()
    assert list(parent.iterdir()) == []


def test_temporary_files_of_this_process_and_its_children_lie_there(parent: Path) -> None:
    before = tempfile.gettempdir()
    child = [sys.executable, "-c", "import tempfile; print(tempfile.gettempdir())"]
    with private_folder([parent]) as folder:
        assert tempfile.gettempdir() == str(folder)
        assert subprocess.check_output(child, text=True).strip() == str(folder)
    assert tempfile.gettempdir() == before


def test_the_first_folder_that_can_be_written_is_taken(parent: Path, tmp_path: Path) -> None:
    with private_folder([tmp_path / "missing", parent]) as folder:
        assert folder.parent == parent


def test_without_a_folder_that_can_be_written_it_is_one_sentence(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(EngineError, match=rf"{missing}; set TMPDIR"), private_folder([missing]):
        pass


def test_what_a_killed_process_left_is_removed_by_the_next(
    parent: Path, held: tuple[Path, subprocess.Popen[str]]
) -> None:
    left, process = held
    process.kill()
    process.wait()
    assert (left / "key.pem").exists()
    with private_folder([parent]) as folder:
        assert list(parent.iterdir()) == [folder]


def test_a_folder_in_use_is_left_alone(
    parent: Path, held: tuple[Path, subprocess.Popen[str]]
) -> None:
    used, _ = held
    with private_folder([parent]):
        assert (used / "key.pem").exists()


def test_what_is_not_an_abandoned_private_folder_is_left_alone(
    parent: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    (elsewhere / "mine").touch()
    (parent / "sleep-0123abcd").symlink_to(elsewhere)
    (parent / "sleep-schedules").mkdir(mode=0o700)
    (parent / "sleep-4567cdef").mkdir(mode=0o755)
    (parent / "sleep-89abcdef").touch()
    before = set(parent.iterdir())
    with private_folder([parent]):
        pass
    assert set(parent.iterdir()) == before
    assert (elsewhere / "mine").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_another_users_folder_is_left_alone(parent: Path) -> None:
    theirs = parent / "sleep-0123abcd"
    theirs.mkdir(mode=0o700)
    os.chown(theirs, 1000, 1000)
    with private_folder([parent]):
        assert theirs.exists()


def test_on_linux_the_folder_is_in_memory() -> None:
    expected = [MEMORY] if sys.platform == "linux" else []
    assert list(bases()) == [*expected, Path(tempfile.gettempdir())]


# --- of real engines ---


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder on disk that is the tests' folder for temporary files, and outputs."""
    own_outputs(tmp_path / "outputs", monkeypatch)
    folder = tmp_path / "disk"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


def folder_of(started: Engine) -> Path:
    """The temporary folder that the processes below an engine have inherited."""
    _engine, *below = started.family()
    (folder,) = {process.environ()["TMPDIR"] for process in below}
    return Path(folder)


@in_memory
def test_credentials_and_sockets_never_touch_the_disk_and_go_with_the_engine(disk: Path) -> None:
    untouched = disk.stat().st_mtime_ns  # it changes whenever a file is made or removed in it
    with engine() as started:
        started.ready()
        folder = folder_of(started)
        assert folder.parent == MEMORY
        assert folder.stat().st_mode & 0o777 == 0o700
        assert finished(jobs.submit(SHORT)).status == "done"
        run = jobs.submit(RunConfig(split="digits", total_eps=4_000, num_cycles=4, device="cpu"))
        first = wait(lambda: worker_of(run))
        psutil.Process(first).kill()  # the next worker loads the key again
        wait(lambda: worker_of(run) not in (None, first))
        jobs.stop(run)
        assert finished(run).status == "stopped"
        started.leave()
    assert not folder.exists()
    assert "resource_tracker" not in engine_output_file().read_text(
        "utf-8"
    )  # of what it left in haste
    assert disk.stat().st_mtime_ns == untouched
    assert list(disk.iterdir()) == []


@in_memory
def test_nothing_is_left_of_a_killed_engine_once_the_next_is_ready(disk: Path) -> None:
    with engine() as started:
        started.ready()
        left = folder_of(started)
        started.kill()
        started.start_again()
        started.ready()
        assert not left.exists()
        folder = folder_of(started)
        assert folder != left
        started.leave()
    assert not folder.exists()
    assert list(disk.iterdir()) == []


def test_an_engine_that_cannot_begin_leaves_nothing(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://127.0.0.1:9")
    with engine() as started:
        assert started.process.wait(timeout=120) == 1
    assert list(disk.iterdir()) == []
