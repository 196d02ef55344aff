"""`core.engine.housekeeping`: what killed processes left, and files that would grow for ever."""

import os
import time
from pathlib import Path

import pytest

from core.engine.housekeeping import clean_up, clear_leftovers
from core.engine.output_file import shorten_output
from core.queue.engine_users import register_user
from core.queue.paths import engine_output_file, engine_users_folder, failure_file
from core.runs.folder import runs_dir
from core.runs.log import LOG
from core.support.locks import acquire
from tests.helpers.engines import own_outputs
from tests.helpers.job_runs import NIGHT
from tools.sample_runs import OTHER, RUN, put_failure, put_run


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SLEEP_GALLERY_DIR", str(tmp_path / "gallery"))
    return own_outputs(tmp_path / "outputs", monkeypatch)


def fill(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "file").write_text("left")
    return folder


def test_a_deletion_that_was_broken_off_is_finished_but_not_one_at_work() -> None:
    run = put_run(events=NIGHT)
    left = [fill(runs_dir() / f".{OTHER}.deleted"), fill(run.path / ".checkpoints.deleted")]
    clear_leftovers()
    assert all(folder.is_dir() for folder in left)  # they are no hour old
    clear_leftovers(older_than_s=0)
    assert not any(folder.exists() for folder in left)
    assert run.path.is_dir()


def test_a_copy_that_keep_did_not_finish_goes_unless_it_is_at_work(tmp_path: Path) -> None:
    run = put_run(events=NIGHT)
    scratch = fill(tmp_path / "gallery" / f".{run.id}.tmp")
    orphan = fill(tmp_path / "gallery" / f".{OTHER}.tmp")
    recorded = fill(tmp_path / "gallery" / "a-night")
    lock = acquire(run.lock)
    assert lock is not None
    with lock:
        clear_leftovers()
        assert (scratch.exists(), orphan.exists()) == (True, False)
    clear_leftovers()
    assert (scratch.exists(), recorded.exists()) == (False, True)


def test_a_failure_is_kept_as_long_as_its_run() -> None:
    put_run(RUN)
    put_failure(RUN, "the disk was full.")
    put_failure(OTHER, "the disk was full.")
    clear_leftovers()
    assert (failure_file(RUN).exists(), failure_file(OTHER).exists()) == (True, False)


def test_what_programs_that_are_gone_left_does_not_add_up() -> None:
    gone, alive = register_user(), register_user()
    gone.release()
    clean_up()
    assert list(engine_users_folder().iterdir()) == [alive.path]
    alive.release()


def test_the_engines_output_keeps_its_end_and_is_appended_to() -> None:
    engine_output_file().parent.mkdir(parents=True)
    with engine_output_file().open("ab") as engine:
        engine.write(b"".join(b"line %06d\n" % number for number in range(150_000)))
        engine.flush()
        shorten_output()
        engine.write(b"more\n")
    lines = engine_output_file().read_text("utf-8").splitlines()
    assert lines[-2:] == ["line 149999", "more"]
    assert 5_000 < len(lines) < 10_000
    assert all(line.startswith("line ") for line in lines[:-1])


def test_a_short_output_and_none_stay_as_they_are() -> None:
    shorten_output()
    engine_output_file().parent.mkdir(parents=True)
    engine_output_file().write_text("ready\n")
    shorten_output()
    assert engine_output_file().read_text("utf-8") == "ready\n"


def test_a_bad_setting_is_logged_and_the_rest_is_tidied(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SLEEP_KEEP_GB", "much")
    put_failure(OTHER, "the disk was full.")
    clean_up()
    assert "SLEEP_KEEP_GB is 'much'" in caplog.text
    assert not failure_file(OTHER).exists()


def test_what_was_removed_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    run = put_run(events=NIGHT)
    fill(run.checkpoints)
    for file in (run.record_file, run.path / LOG):
        os.utime(file, (time.time() - 90_000,) * 2)
    clean_up()
    assert f"removed the checkpoints of run {run.id}: 0.0 MB, unchanged for 25 hours" in caplog.text
