"""`core.jobs.retention`: which runs and checkpoints are removed, and in which order."""

import os
import shutil
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.jobs.pins import pin, unpin
from core.jobs.retention import (
    RetentionLimits,
    StoredRun,
    apply_removals,
    configured_limits,
    due_removals,
    is_done,
    plan,
    stored_runs,
)
from core.queue import entries
from core.runs.events import NightStopped
from core.runs.folder import RunFolder, all_runs
from core.runs.log import LOG
from core.support.errors import ConfigError
from core.support.locks import acquire
from tests.helpers.engines import use_outputs_folder
from tests.helpers.job_runs import NIGHT, STARTED
from tools.sample_runs import OTHER_RUN, RUN, create_run

DAY = 86_400.0
LIMITS = RetentionLimits(checkpoints_s=DAY, runs_s=7 * DAY, bytes=100)
NOW = 1_000 * DAY


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return use_outputs_folder(tmp_path / "outputs", monkeypatch)


def run(
    name: str,
    days: float,
    size: int = 40,
    checkpoints: int = 0,
    *,
    done: bool = True,
    protected: bool = False,
) -> StoredRun:
    return StoredRun(name, NOW - days * DAY, size, checkpoints, done, protected)


def planned(*runs: StoredRun) -> list[tuple[str, str]]:
    return [(removal.what, removal.run) for removal in plan(runs, LIMITS, NOW)]


# --- the plan ---


def test_only_checkpoints_of_runs_done_for_a_day_are_removed() -> None:
    assert planned(
        run("old", 1.1, checkpoints=10),
        run("young", 0.9, checkpoints=10),
        run("stopped", 5, checkpoints=10, done=False),
        run("without", 5),
    ) == [("checkpoints", "old")]


def test_checkpoints_of_a_pinned_run_are_removed_too() -> None:
    assert planned(run("pinned", 2, checkpoints=10, protected=True)) == [("checkpoints", "pinned")]


def test_the_oldest_runs_are_removed_until_the_others_fit() -> None:
    assert planned(run("c", 8), run("a", 30), run("b", 20), run("d", 1)) == [
        ("run", "a"),
        ("run", "b"),
    ]


def test_nothing_is_removed_while_all_runs_fit() -> None:
    assert planned(run("a", 300), run("b", 200)) == []


def test_a_run_younger_than_the_limit_is_kept_whatever_its_size() -> None:
    assert planned(run("a", 6, 500), run("b", 5, 500)) == []


def test_a_protected_run_is_kept_and_the_next_one_is_removed() -> None:
    assert planned(run("a", 30, protected=True), run("b", 20), run("c", 10)) == [("run", "b")]


def test_runs_are_kept_if_removing_checkpoints_is_enough() -> None:
    assert planned(run("a", 30, 60, 20), run("b", 20, 60)) == [("checkpoints", "a")]


RUNS = st.lists(
    st.builds(
        run,
        st.text("abc", min_size=1, max_size=3),
        st.floats(0, 30),
        st.integers(20, 80),
        st.integers(0, 20),
        done=st.booleans(),
        protected=st.booleans(),
    ),
    max_size=12,
    unique_by=lambda stored: stored.run,
)


@given(RUNS)
def test_a_plan_frees_enough_and_removes_only_what_it_may(runs: list[StoredRun]) -> None:
    removals = plan(runs, LIMITS, NOW)
    by_name = {stored.run: stored for stored in runs}
    removed = [removal for removal in removals if removal.what == "run"]
    removable = {
        stored.run
        for stored in runs
        if not stored.protected and NOW - stored.changed > LIMITS.runs_s
    }
    assert {removal.run for removal in removed} <= removable
    changed = [by_name[removal.run].changed for removal in removed]
    assert changed == sorted(changed)
    left = sum(stored.bytes for stored in runs) - sum(removal.bytes for removal in removals)
    assert left <= LIMITS.bytes or {removal.run for removal in removed} == removable
    for removal in removals:
        if removal.what == "checkpoints":
            assert by_name[removal.run].done
    if removed:  # without the last removal the runs would not fit
        assert left + removed[-1].bytes > LIMITS.bytes


# --- on disk ---


def write_run(run_id: str, days: float, *, done: bool = True) -> RunFolder:
    """Write a run with 0.7 MB of checkpoints that has not changed for ``days``."""
    folder = create_run(run_id, NIGHT if done else [*STARTED, NightStopped()])
    folder.checkpoints.mkdir()
    (folder.checkpoints / "cycle-000002.safetensors").write_bytes(b"\0" * 700_000)
    when = time.time() - days * DAY
    for file in (folder.record_file, folder.path / LOG):
        os.utime(file, (when, when))
    return folder


def apply_due() -> list[str]:
    """Remove what is due and return the texts of the removals."""
    return [str(removal) for removal in apply_removals(due_removals())]


def test_only_checkpoints_of_runs_done_for_a_day_are_removed_from_disk() -> None:
    folder, young, unfinished = (
        write_run(RUN, 3),
        write_run(OTHER_RUN, 0.5),
        write_run("20260102-030405-00000c", 3, done=False),
    )
    log = (folder.path / LOG).read_bytes()
    (text,) = apply_due()
    assert text == f"the checkpoints of run {RUN}: 0.7 MB, unchanged for 3 days"
    assert [path.name for path in folder.path.iterdir() if "checkpoint" in path.name] == []
    assert (folder.path / LOG).read_bytes() == log
    assert young.checkpoints.is_dir()
    assert unfinished.checkpoints.is_dir()
    assert apply_due() == []


def test_pinned_queued_and_running_runs_are_kept_above_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = [f"20260102-030405-00000{digit}" for digit in "123456"]
    folders = [write_run(name, 20 - index, done=False) for index, name in enumerate(names)]
    monkeypatch.setattr("core.support.environment.keep_gb", lambda: 0.001)
    pin(names[0])
    entries.add(names[1], "alice")
    lock = acquire(folders[2].lock)
    assert lock is not None
    with lock:
        texts = apply_due()
    assert [text.split(":")[0] for text in texts] == [f"run {name}" for name in names[3:]]
    assert [folder.id for folder in all_runs()] == names[:3]
    unpin(names[0])
    assert [text.split(":")[0] for text in apply_due()] == [f"run {names[0]}", f"run {names[2]}"]


def test_a_run_that_is_pinned_after_the_plan_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_run(RUN, 20, done=False)
    monkeypatch.setattr("core.support.environment.keep_gb", lambda: 0.0001)
    removals = due_removals()
    assert len(removals) == 1
    pin(RUN)
    assert list(apply_removals(removals)) == []
    assert [folder.id for folder in all_runs()] == [RUN]


def test_a_run_that_is_deleted_after_the_plan_is_not_an_error() -> None:
    write_run(RUN, 20)
    removals = due_removals()
    create_run(OTHER_RUN)
    shutil.rmtree(all_runs()[0].path)
    assert list(apply_removals(removals)) == []


@pytest.mark.parametrize("tail", [b"{}\n", b"[]\n", b'{"kind": "NightDone"', b"\xff\n", b"\n\n"])
def test_a_run_is_done_only_if_its_log_ends_with_a_finished_night(tail: bytes) -> None:
    folder = write_run(RUN, 3)
    assert is_done(folder)
    with (folder.path / LOG).open("ab") as file:
        file.write(tail)
    assert not is_done(folder)


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_log_that_is_a_link_or_a_pipe_is_not_read(kind: str, tmp_path: Path) -> None:
    folder = write_run(RUN, 3)
    (folder.path / LOG).rename(tmp_path / "elsewhere")
    if kind == "link":
        (folder.path / LOG).symlink_to(tmp_path / "elsewhere")
    else:
        os.mkfifo(folder.path / LOG)
    assert not is_done(folder)


def test_links_in_a_run_are_neither_measured_nor_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_bytes(b"\0" * 900_000)
    folder = write_run(RUN, 3)
    (folder.checkpoints / "link").symlink_to(precious)
    (stored,) = stored_runs()
    assert stored.checkpoint_bytes < 800_000
    assert len(apply_due()) == 1
    assert (precious / "file").exists()


# --- limits ---


def test_the_default_limits_are_a_day_a_week_and_five_gb() -> None:
    assert configured_limits() == RetentionLimits(DAY, 7 * DAY, 5e9)


@pytest.mark.parametrize(
    "name", ["SLEEP_KEEP_CHECKPOINTS_HOURS", "SLEEP_KEEP_DAYS", "SLEEP_KEEP_GB"]
)
def test_the_error_for_an_invalid_limit_names_its_variable(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "much")
    with pytest.raises(ConfigError, match=f"{name} is 'much'; give a whole number from 1 to"):
        due_removals()
