"""`core.runs.folder`: the folder of a run, its record, and the lookup by id."""

import dataclasses
import errno
import json
import os
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.runs import folder as module
from core.runs.events import WeightsUsed
from core.runs.folder import SCHEMA, RunFolder, all_runs, delete_run, find_run, new_run, runs_dir
from core.schedule.config import RunConfig
from core.support import environment, files
from core.support.checksums import read_checked_json, write_checked_json
from core.support.errors import ConfigError, LogError, RunError
from core.support.locks import acquire
from core.support.validation import MAX_LATENT_DIM
from core.support.versions import versions
from tests.helpers.engines import use_outputs_folder
from tools.sample_runs import OTHER_RUN, RUN, assert_sentence, create_run, night_started

CONFIG = RunConfig(seeds=(3, 1), total_eps=7, num_cycles=3, lr=0.1 + 0.2, weights="a/b “c”")


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return use_outputs_folder(tmp_path / "outputs", monkeypatch)


# --- creation ---


def test_the_folder_of_a_new_run_is_named_after_the_time_of_its_creation(outputs: Path) -> None:
    earliest = datetime.now()
    folder = new_run(CONFIG, "alice", 2)
    assert folder.path.parent == outputs / "runs"
    assert re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{6}", folder.id)
    created = datetime.strptime(folder.id[:15], "%Y%m%d-%H%M%S")
    assert earliest.replace(microsecond=0) <= created <= datetime.now()
    assert [path.name for path in folder.path.iterdir()] == ["config.json"]


def test_the_record_of_a_new_run_holds_its_settings_owner_and_time() -> None:
    folder = new_run(CONFIG, "an “unusual” name\n", 2)
    record = find_run(folder.id).record()
    assert (record.run, record.person, record.threads) == (folder.id, "an “unusual” name\n", 2)
    assert record.config == CONFIG
    assert record.versions == versions()
    assert (record.device, record.weights) == (None, None)
    submitted = datetime.fromisoformat(record.submitted)
    assert submitted.tzinfo is not None
    assert abs(datetime.now().astimezone() - submitted) < timedelta(minutes=1)


def test_runs_created_at_the_same_time_have_different_folders() -> None:
    ids = {new_run(CONFIG, "alice", 1).id for _ in range(20)}
    assert len(ids) == 20
    assert {folder.id for folder in all_runs()} == ids


def test_a_run_whose_record_cannot_be_written_is_removed(
    outputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "write_checked_json", full)
    with pytest.raises(OSError, match="No space left"):
        new_run(CONFIG, "alice", 1)
    assert all_runs() == []
    assert list(runs_dir().iterdir()) == []


def test_the_folder_of_all_runs_is_absolute(monkeypatch: pytest.MonkeyPatch, outputs: Path) -> None:
    monkeypatch.chdir(outputs.parent)
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", "somewhere")
    assert runs_dir() == outputs.parent / "somewhere" / "runs"
    assert environment.outputs_dir() == Path("somewhere")


# --- the record ---


def test_the_start_of_the_night_is_recorded_once() -> None:
    folder = new_run(CONFIG, "alice", 1)
    submitted = folder.record()
    night = night_started(CONFIG)
    folder.record_start(night)
    started = folder.record()
    assert started.device == "cpu"
    assert started.weights == dataclasses.asdict(WeightsUsed(**started.weights or {}))
    assert started.weights == dataclasses.asdict(night.weights)
    assert started.versions == night.versions
    assert (
        dataclasses.replace(started, device=None, weights=None, versions=submitted.versions)
        == submitted
    )
    written = folder.record_file.stat()
    folder.record_start(night)
    assert folder.record_file.stat().st_ino == written.st_ino  # unchanged unless it was replaced


def test_the_record_holds_its_schema_and_is_readable_text() -> None:
    folder = new_run(CONFIG, "alice", 1)
    text = folder.record_file.read_text("utf-8")
    assert json.loads(text)["schema"] == SCHEMA
    assert '\n  "total_eps": 7,\n' in text


def rewritten(folder: RunFolder, **changes: Any) -> RunFolder:
    """Change fields of a run's record, with a valid checksum; ``...`` removes a field."""
    values = {**read_checked_json(folder.record_file), **changes}
    write_checked_json(folder.record_file, {k: v for k, v in values.items() if v is not Ellipsis})
    return folder


@pytest.mark.parametrize("schema", [SCHEMA + 1, 0, "1", None, ...])
def test_a_record_of_another_schema_raises(schema: object) -> None:
    folder = rewritten(new_run(CONFIG, "alice", 1), schema=schema)
    shown = None if schema is Ellipsis else schema
    with pytest.raises(LogError) as caught:
        folder.record()
    assert str(caught.value) == (
        f"{folder.record_file} has schema {shown!r} and this program reads {SCHEMA}; "
        "use the version of the program that wrote it."
    )


@pytest.mark.parametrize(
    ("changes", "names"), [({"person": ...}, "person"), ({"dream": 1, "bed": 2}, "bed, dream")]
)
def test_a_record_with_missing_or_unknown_fields_raises(
    changes: dict[str, Any], names: str
) -> None:
    folder = rewritten(new_run(CONFIG, "alice", 1), **changes)
    with pytest.raises(LogError) as caught:
        folder.record()
    expected = f"{folder.record_file} has missing or unknown fields: {names}."
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    "config",
    [
        None,
        3,
        "a night",
        [],
        [1],
        {"lr": -1.0},
        {"latent_dim": MAX_LATENT_DIM + 1},
        {"dreams": 1},
        {"split": "digits", "inverted": True},
        {"seeds": 3},
        {"num": "4"},
    ],
    ids=repr,
)
def test_a_record_with_an_invalid_config_raises(config: object) -> None:
    folder = rewritten(new_run(CONFIG, "alice", 1), config=config)
    with pytest.raises(LogError, match="does not hold valid settings: ") as caught:
        folder.record()
    assert str(caught.value).startswith(f"{folder.record_file} ")


def test_a_run_is_running_while_its_lock_is_held() -> None:
    folder = create_run()
    assert not folder.is_running()
    lock = acquire(folder.lock)
    assert lock is not None
    with lock:
        assert folder.is_running()
    assert not folder.is_running()


# --- lookup and deletion ---

INVALID_IDS = [
    "",
    ".",
    "..",
    "../runs",
    f"../runs/{RUN}",
    f"{RUN}/",
    f"{RUN}/.",
    f"{RUN}/..",
    f"{RUN}/arrays",
    f"./{RUN}",
    f"{RUN}\n",
    f"\n{RUN}",
    f"{RUN}\0",
    f" {RUN}",
    "/",
    "/etc",
    "~",
    RUN.upper(),
    RUN[:-1],
    f"{RUN}0",
    f".{RUN}.deleted",
    "x" * 5_000,
    "20260102-030405-aaaaaa",  # the id of a run that does not exist
    None,
    5,
]


@pytest.mark.parametrize("run_id", INVALID_IDS, ids=lambda run_id: repr(run_id)[:30])
def test_an_id_that_is_not_a_run_raises(run_id: Any) -> None:
    folder = create_run()
    (folder.path / "arrays").mkdir()
    with pytest.raises(RunError) as caught:
        find_run(run_id)
    assert str(caught.value) == (
        f"run is {run_id!r}, and there is no run of that name; "
        "`python -m core runs list` lists the runs."
    )


def test_a_file_with_the_name_of_a_run_is_not_a_run(outputs: Path) -> None:
    (outputs / "runs").mkdir(parents=True)
    (outputs / "runs" / RUN).touch()
    assert all_runs() == []
    with pytest.raises(RunError):
        find_run(RUN)


def test_all_runs_are_listed_oldest_first_without_other_folders() -> None:
    assert all_runs() == []  # the folder of all runs does not exist yet
    create_run(OTHER_RUN)
    create_run(RUN)
    for name in ("notes", f".{RUN}.deleted", "20260102-030405-0A1B2C"):
        (runs_dir() / name).mkdir()
    assert all_runs() == [find_run(RUN), find_run(OTHER_RUN)]


def test_deleting_a_run_leaves_the_others() -> None:
    remaining = create_run(OTHER_RUN)
    delete_run(create_run(RUN))
    assert all_runs() == [remaining]
    assert [path.name for path in runs_dir().iterdir()] == [OTHER_RUN]
    assert remaining.record().run == OTHER_RUN


def test_an_interrupted_deletion_leaves_no_partial_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(path: Path) -> None:
        (path / "config.json").unlink()
        raise KeyboardInterrupt

    folder = create_run()
    monkeypatch.setattr(files.shutil, "rmtree", interrupted)
    with pytest.raises(KeyboardInterrupt):
        delete_run(folder)
    assert all_runs() == []
    with pytest.raises(RunError):
        find_run(folder.id)


# --- records that are not trusted ---

USED = {"origin": "cached", "file": "vae.safetensors", "sha256": "00ff"}


@pytest.mark.parametrize(
    "changes",
    [
        {"run": OTHER_RUN},
        {"run": 5},
        {"person": 5},
        {"person": "x" * 101},
        {"submitted": 5},
        {"submitted": "yesterday"},
        {"threads": "many"},
        {"threads": 0},
        {"threads": 1_025},
        {"threads": True},
        {"versions": ["torch"]},
        {"versions": {"torch": 2}},
        {"versions": {str(n): "1" for n in range(101)}},
        {"device": 5},
        {"device": "x" * 501},
        {"weights": 5},
        {"weights": {}},
        {"weights": {**USED, "more": "1"}},
        {"weights": {**USED, "origin": [1]}},
    ],
    ids=lambda changes: repr(changes)[:40],
)
def test_a_record_with_an_invalid_value_raises(changes: dict[str, Any]) -> None:
    folder = rewritten(create_run(), **changes)
    with pytest.raises(LogError) as caught:
        folder.record()
    assert_sentence(caught.value, f"{folder.record_file} ")
    assert len(str(caught.value)) < 500
    ((name, value),) = changes.items()
    assert name in str(caught.value)
    assert repr(value)[:20] in str(caught.value)


def test_a_record_with_the_largest_valid_values_is_read() -> None:
    values = {"device": "cuda", "weights": USED, "threads": 1_024, "person": "x" * 100}
    record = rewritten(create_run(), **values).record()
    assert {name: getattr(record, name) for name in values} == values


@pytest.mark.parametrize("person", [5, None, "x" * 101])
def test_a_run_of_an_invalid_person_is_not_created(person: Any) -> None:
    with pytest.raises(ConfigError, match="give a text of at most 100 characters"):
        new_run(CONFIG, person, 1)
    assert all_runs() == []


@pytest.mark.parametrize("replacement", ["FIFO", "link", "/dev/zero", "huge"])
def test_a_record_that_is_not_a_small_regular_file_raises(replacement: str, tmp_path: Path) -> None:
    folder = create_run()
    content = folder.record_file.read_bytes()
    folder.record_file.unlink()
    if replacement == "FIFO":
        os.mkfifo(folder.record_file)
    elif replacement == "huge":
        folder.record_file.write_bytes(b" " * 1_000_000 + content)
    else:
        (tmp_path / "elsewhere").write_bytes(content)
        folder.record_file.symlink_to(
            tmp_path / "elsewhere" if replacement == "link" else replacement
        )
    with pytest.raises(LogError) as caught:
        folder.record()
    assert_sentence(caught.value, f"{folder.record_file} cannot be read (")


def test_a_link_with_the_name_of_a_run_is_not_a_run(tmp_path: Path) -> None:
    folder = create_run()
    folder.path.rename(tmp_path / "elsewhere")
    folder.path.symlink_to(tmp_path / "elsewhere")
    assert all_runs() == []
    with pytest.raises(RunError):
        find_run(RUN)
