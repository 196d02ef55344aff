"""`core.jobs.retention`: what goes to make room, what stays, and in which order."""

import os
import shutil
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.jobs.pins import pin, unpin
from core.jobs.retention import Limits, Stored, apply, due, is_done, limits, plan, stored
from core.queue import entries
from core.runs.events import NightStopped
from core.runs.folder import RunFolder, all_runs
from core.runs.log import LOG
from core.support.errors import ConfigError
from core.support.locks import acquire
from tests.helpers.engines import own_outputs
from tests.helpers.job_runs import BEGUN, NIGHT
from tools.sample_runs import OTHER, RUN, put_run

DAY = 86_400.0
LIMITS = Limits(checkpoints_s=DAY, runs_s=7 * DAY, bytes=100)
NOW = 1_000 * DAY


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return own_outputs(tmp_path / "outputs", monkeypatch)


def run(
    name: str,
    days: float,
    size: int = 40,
    checkpoints: int = 0,
    *,
    done: bool = True,
    kept: int = 0,
) -> Stored:
    return Stored(name, NOW - days * DAY, size, checkpoints, done, bool(kept))


def planned(*runs: Stored) -> list[tuple[str, str]]:
    return [(removal.what, removal.run) for removal in plan(runs, LIMITS, NOW)]


# --- the plan ---


def test_checkpoints_of_a_done_run_go_after_a_day_and_of_no_other() -> None:
    assert planned(
        run("old", 1.1, checkpoints=10),
        run("young", 0.9, checkpoints=10),
        run("stopped", 5, checkpoints=10, done=False),
        run("without", 5),
    ) == [("checkpoints", "old")]


def test_a_pinned_run_that_is_done_needs_no_checkpoints_either() -> None:
    assert planned(run("pinned", 2, checkpoints=10, kept=1)) == [("checkpoints", "pinned")]


def test_the_oldest_runs_go_until_the_rest_fits() -> None:
    assert planned(run("c", 8), run("a", 30), run("b", 20), run("d", 1)) == [
        ("run", "a"),
        ("run", "b"),
    ]


def test_nothing_goes_while_all_of_it_fits() -> None:
    assert planned(run("a", 300), run("b", 200)) == []


def test_a_run_of_less_than_a_week_stays_however_much_there_is() -> None:
    assert planned(run("a", 6, 500), run("b", 5, 500)) == []


def test_a_protected_run_stays_and_the_next_goes() -> None:
    assert planned(run("a", 30, kept=1), run("b", 20), run("c", 10)) == [("run", "b")]


def test_room_that_checkpoints_give_may_be_enough() -> None:
    assert planned(run("a", 30, 60, 20), run("b", 20, 60)) == [("checkpoints", "a")]


RUNS = st.lists(
    st.builds(
        run,
        st.text("abc", min_size=1, max_size=3),
        st.floats(0, 30),
        st.integers(20, 80),
        st.integers(0, 20),
        done=st.booleans(),
        kept=st.integers(0, 1),
    ),
    max_size=12,
    unique_by=lambda each: each.run,
)


@given(RUNS)
def test_a_plan_frees_what_it_must_and_takes_nothing_that_must_stay(runs: list[Stored]) -> None:
    removals = plan(runs, LIMITS, NOW)
    known = {each.run: each for each in runs}
    gone = [removal.run for removal in removals if removal.what == "run"]
    may_go = {
        each.run for each in runs if not each.protected and NOW - each.changed > LIMITS.runs_s
    }
    assert set(gone) <= may_go
    assert [known[name].changed for name in gone] == sorted(known[name].changed for name in gone)
    left = sum(each.bytes for each in runs) - sum(removal.bytes for removal in removals)
    assert left <= LIMITS.bytes or set(gone) == may_go
    for removal in removals:
        if removal.what == "checkpoints":
            assert known[removal.run].done
    if gone:  # the last one was needed
        last = [removal for removal in removals if removal.what == "run"][-1]
        assert left + last.bytes > LIMITS.bytes


# --- on disk ---


def put(run_id: str, days: float, *, done: bool = True) -> RunFolder:
    folder = put_run(run_id, NIGHT if done else [*BEGUN, NightStopped()])
    folder.checkpoints.mkdir()
    (folder.checkpoints / "cycle-000002.safetensors").write_bytes(b"\0" * 700_000)
    when = time.time() - days * DAY
    for file in (folder.record_file, folder.path / LOG):
        os.utime(file, (when, when))
    return folder


def removed() -> list[str]:
    return [str(removal) for removal in apply(due())]


def test_checkpoints_are_removed_a_day_after_a_run_is_done_and_it_stays_readable() -> None:
    folder, young, unfinished = (
        put(RUN, 3),
        put(OTHER, 0.5),
        put("20260102-030405-00000c", 3, done=False),
    )
    before = (folder.path / LOG).read_bytes()
    (sentence,) = removed()
    assert sentence == f"the checkpoints of run {RUN}: 0.7 MB, unchanged for 3 days"
    assert [path.name for path in folder.path.iterdir() if "checkpoint" in path.name] == []
    assert (folder.path / LOG).read_bytes() == before
    assert young.checkpoints.is_dir()
    assert unfinished.checkpoints.is_dir()
    assert removed() == []


def test_above_the_limit_the_oldest_run_goes_and_what_is_pinned_or_wanted_or_running_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = [f"20260102-030405-00000{digit}" for digit in "123456"]
    folders = [put(name, 20 - place, done=False) for place, name in enumerate(names)]
    monkeypatch.setattr("core.support.environment.keep_gb", lambda: 0.001)
    pin(names[0])
    entries.add(names[1], "somebody")
    lock = acquire(folders[2].lock)
    assert lock is not None
    with lock:
        said = removed()
    assert [line.split(":")[0] for line in said] == [f"run {name}" for name in names[3:]]
    assert [folder.id for folder in all_runs()] == names[:3]
    unpin(names[0])
    assert [line.split(":")[0] for line in removed()] == [f"run {names[0]}", f"run {names[2]}"]


def test_a_run_that_was_pinned_after_the_plan_was_made_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(RUN, 20, done=False)
    monkeypatch.setattr("core.support.environment.keep_gb", lambda: 0.0001)
    removals = due()
    assert len(removals) == 1
    pin(RUN)
    assert list(apply(removals)) == []
    assert [folder.id for folder in all_runs()] == [RUN]


def test_a_run_that_went_meanwhile_is_no_error() -> None:
    put(RUN, 20)
    removals = due()
    put_run(OTHER)
    shutil.rmtree(all_runs()[0].path)
    assert list(apply(removals)) == []


@pytest.mark.parametrize("tail", [b"{}\n", b"[]\n", b'{"kind": "NightDone"', b"\xff\n", b"\n\n"])
def test_a_log_whose_end_is_no_end_of_a_night_keeps_its_checkpoints(tail: bytes) -> None:
    folder = put(RUN, 3)
    assert is_done(folder)
    with (folder.path / LOG).open("ab") as file:
        file.write(tail)
    assert not is_done(folder)


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_log_that_is_no_regular_file_of_the_run_is_not_read(kind: str, tmp_path: Path) -> None:
    folder = put(RUN, 3)
    (folder.path / LOG).rename(tmp_path / "elsewhere")
    if kind == "link":
        (folder.path / LOG).symlink_to(tmp_path / "elsewhere")
    else:
        os.mkfifo(folder.path / LOG)
    assert not is_done(folder)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_bytes(b"\0" * 900_000)
    folder = put(RUN, 3)
    (folder.checkpoints / "link").symlink_to(precious)
    (found,) = stored()
    assert found.checkpoint_bytes < 800_000
    assert len(removed()) == 1
    assert (precious / "file").exists()


# --- settings ---


def test_the_limits_are_a_day_a_week_and_five_gb() -> None:
    assert limits() == Limits(DAY, 7 * DAY, 5e9)


@pytest.mark.parametrize(
    "name", ["SLEEP_KEEP_CHECKPOINTS_HOURS", "SLEEP_KEEP_DAYS", "SLEEP_KEEP_GB"]
)
def test_a_bad_limit_is_one_sentence(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "much")
    with pytest.raises(ConfigError, match=f"{name} is 'much'; give a whole number from 1 to"):
        due()
