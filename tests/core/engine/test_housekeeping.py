"""`core.engine.housekeeping`: leftovers of killed processes, and files of bounded size."""

import os
import time
from pathlib import Path

import pytest

from core.engine.housekeeping import clean_up, remove_leftovers
from core.engine.output_file import truncate_output_file
from core.queue.engine_users import register_user
from core.queue.paths import engine_output_file, engine_users_folder, failure_file
from core.runs.folder import runs_dir
from core.runs.log import LOG
from core.support.locks import acquire
from tests.helpers.job_runs import NIGHT
from tools.sample_runs import OTHER_RUN, RUN, create_run, write_failure_file

pytestmark = pytest.mark.usefixtures("outputs")


@pytest.fixture(autouse=True)
def gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "gallery"
    monkeypatch.setenv("SLEEP_GALLERY_DIR", str(folder))
    return folder


def create_folder(folder: Path) -> Path:
    """Create a folder with one file in it."""
    folder.mkdir(parents=True)
    (folder / "file").write_text("content")
    return folder


def test_an_interrupted_deletion_is_finished_unless_it_may_be_in_progress() -> None:
    run = create_run(events=NIGHT)
    deleted = [
        create_folder(runs_dir() / f".{OTHER_RUN}.deleted"),
        create_folder(run.path / ".checkpoints.deleted"),
    ]
    remove_leftovers()
    assert all(folder.is_dir() for folder in deleted)  # younger than an hour
    remove_leftovers(older_than_s=0)
    assert not any(folder.exists() for folder in deleted)
    assert run.path.is_dir()


def test_an_unfinished_copy_in_the_gallery_is_removed_unless_it_is_in_progress(
    gallery: Path,
) -> None:
    run = create_run(events=NIGHT)
    unfinished = create_folder(gallery / f".{run.id}.tmp")
    of_deleted_run = create_folder(gallery / f".{OTHER_RUN}.tmp")
    recorded = create_folder(gallery / "a-night")
    lock = acquire(run.lock)
    assert lock is not None
    with lock:
        remove_leftovers()
        assert (unfinished.exists(), of_deleted_run.exists()) == (True, False)
    remove_leftovers()
    assert (unfinished.exists(), recorded.exists()) == (False, True)


def test_the_failure_of_a_deleted_run_is_removed() -> None:
    create_run(RUN)
    write_failure_file(RUN, "the disk was full.")
    write_failure_file(OTHER_RUN, "the disk was full.")
    remove_leftovers()
    assert (failure_file(RUN).exists(), failure_file(OTHER_RUN).exists()) == (True, False)


def test_the_lock_files_of_ended_engine_users_are_removed() -> None:
    ended, user = register_user(), register_user()
    ended.release()
    clean_up()
    assert list(engine_users_folder().iterdir()) == [user.path]
    user.release()


def test_a_large_output_file_is_cut_to_its_last_lines_and_can_be_appended_to() -> None:
    engine_output_file().parent.mkdir(parents=True)
    with engine_output_file().open("ab") as output:
        output.write(b"".join(b"line %06d\n" % number for number in range(150_000)))
        output.flush()
        truncate_output_file()
        output.write(b"more\n")
    lines = engine_output_file().read_text("utf-8").splitlines()
    assert lines[-2:] == ["line 149999", "more"]
    assert 5_000 < len(lines) < 10_000
    assert all(line.startswith("line ") for line in lines[:-1])


def test_a_short_or_missing_output_file_stays_unchanged() -> None:
    truncate_output_file()
    engine_output_file().parent.mkdir(parents=True)
    engine_output_file().write_text("ready\n")
    truncate_output_file()
    assert engine_output_file().read_text("utf-8") == "ready\n"


def test_an_invalid_setting_is_logged_and_the_other_tasks_still_run(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SLEEP_KEEP_GB", "much")
    write_failure_file(OTHER_RUN, "the disk was full.")
    clean_up()
    assert "SLEEP_KEEP_GB is 'much'" in caplog.text
    assert not failure_file(OTHER_RUN).exists()


def test_removals_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    run = create_run(events=NIGHT)
    create_folder(run.checkpoints)
    for file in (run.record_file, run.path / LOG):
        os.utime(file, (time.time() - 90_000,) * 2)
    clean_up()
    assert f"removed the checkpoints of run {run.id}: 0.0 MB, unchanged for 25 hours" in caplog.text
