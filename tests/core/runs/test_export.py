"""`core.runs.export`: a run as one zip file."""

import csv
import io
import json
import os
from collections.abc import Iterable
from pathlib import Path
from zipfile import ZipFile

import pytest

from core.runs.events import CycleDone, Event, NightResumed, NightStopped, StageEvaluated
from core.runs.export import export, write_zip
from core.runs.log import LOG, RunReader
from core.runs.results import summary
from core.runs.state import RunState, fold
from core.schedule.config import RunConfig
from core.support.errors import LogError, RunError
from tests.conftest import events_of_type
from tools.sample_runs import RUN, assert_sentence, create_run, night_events

CONFIG = RunConfig(seeds=(3, 5), num_cycles=2, total_eps=4, num=2)
NIGHT = night_events(CONFIG)
HALF = NIGHT[: NIGHT.index(CycleDone(1)) + 1]


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path / "outputs"))
    return tmp_path / "outputs"


def exported(events: Iterable[Event], tmp_path: Path) -> ZipFile:
    """Export a run with ``events`` and open the zip file."""
    create_run(RUN, events)
    export(RUN, tmp_path / "night.zip")
    return ZipFile(tmp_path / "night.zip")


def table(archive: ZipFile, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(archive.read(name).decode())))


def test_the_zip_file_of_a_finished_night_holds_all_files_and_gives_the_same_results(
    tmp_path: Path,
) -> None:
    with exported(NIGHT, tmp_path) as archive:
        archive.extractall(tmp_path / "unpacked")
    unpacked = tmp_path / "unpacked"
    names = {path.name for path in unpacked.iterdir()}
    assert names == {
        "config.json",
        "events.jsonl",
        "arrays",
        "results.csv",
        "losses.csv",
        "results.json",
        "night.pdf",
    }
    events = RunReader(unpacked).read()
    state = fold(RunState(), events)
    assert json.loads((unpacked / "results.json").read_text()) == summary(state)
    assert (unpacked / "night.pdf").read_bytes().startswith(b"%PDF")
    for stage in events_of_type(events, StageEvaluated):
        assert stage.dataset_2.error_per_image.load().shape == (2, 3)  # type: ignore[attr-defined]


def test_results_have_one_row_per_seed_stage_and_dataset(tmp_path: Path) -> None:
    with exported(NIGHT, tmp_path) as archive:
        rows = table(archive, "results.csv")
    stages = events_of_type(NIGHT, StageEvaluated)
    assert len(rows) == len(stages) * 2 * 2
    first, last = stages[0], stages[-1]
    assert rows[0] == {
        "seed": "3",
        "cycle": "0",
        "stage": "before",
        "dataset": "1",
        "images": "3",
        "error": repr(first.dataset_1.error[0]),
        "recall_error": repr(first.dataset_1.recall_error[0]),
        "recall_accuracy": repr(first.dataset_1.recall_accuracy[0]),
    }
    assert (rows[-1]["seed"], rows[-1]["cycle"], rows[-1]["dataset"]) == ("5", "2", "2")
    assert rows[-1]["stage"] == "REM"
    assert float(rows[-1]["recall_error"]) == last.dataset_2.recall_error[1]


def test_losses_have_one_row_per_seed_and_epoch(tmp_path: Path) -> None:
    with exported(NIGHT, tmp_path) as archive:
        rows = table(archive, "losses.csv")
    assert [(row["cycle"], row["stage"], row["epoch"], row["seed"]) for row in rows] == [
        (cycle, stage, "1", seed) for cycle in "12" for stage in ("NREM", "REM") for seed in "35"
    ]
    assert list(rows[0]) == ["seed", "cycle", "stage", "epoch", "total", "reconstruction", "kl"]
    assert float(rows[1]["kl"]) == 101.0


def test_the_zip_file_of_an_unfinished_night_holds_its_results_so_far(tmp_path: Path) -> None:
    with exported([*HALF, NightStopped()], tmp_path) as archive:
        assert not {"results.json", "night.pdf"} & set(archive.namelist())
        assert {row["cycle"] for row in table(archive, "results.csv")} == {"0", "1"}
        assert len(table(archive, "losses.csv")) == 4


def test_a_run_that_has_not_started_has_empty_tables(tmp_path: Path) -> None:
    with exported([], tmp_path) as archive:
        assert archive.read(LOG) == b""
        assert table(archive, "results.csv") == table(archive, "losses.csv") == []


def test_a_cycle_that_ran_twice_is_in_the_tables_once(tmp_path: Path) -> None:
    interrupted = NIGHT[: NIGHT.index(CycleDone(2))]
    rest = NIGHT[NIGHT.index(CycleDone(1)) + 1 :]
    with exported([*interrupted, NightResumed(1, {}), *rest], tmp_path) as archive:
        rows = table(archive, "results.csv")
    assert len(rows) == len(events_of_type(NIGHT, StageEvaluated)) * 2 * 2


def test_the_incomplete_line_of_a_running_night_is_not_exported() -> None:
    folder = create_run(RUN, HALF)
    with (folder.path / LOG).open("ab") as log:
        log.write(b'{"kind": "Cyc')
    target = io.BytesIO()
    write_zip(folder, target)
    with ZipFile(target) as archive:
        assert archive.read(LOG).endswith(b'"}\n')
        assert archive.testzip() is None


@pytest.mark.parametrize("damaged", ["config.json", LOG])
def test_a_damaged_run_raises_and_leaves_no_zip_file(damaged: str, tmp_path: Path) -> None:
    folder = create_run(RUN, NIGHT)
    file = folder.path / damaged
    file.write_bytes(file.read_bytes().replace(b"inverted", b"reverted", 1))
    (tmp_path / "target").mkdir()
    with pytest.raises(LogError, match=damaged):
        export(RUN, tmp_path / "target" / "night.zip")
    assert not any((tmp_path / "target").iterdir())


def test_an_id_that_is_not_a_run_raises(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"'\.\./runs'"):
        export("../runs", tmp_path / "night.zip")


# --- files that the log does not name, and files that are not regular ---


def test_only_the_files_that_the_log_names_are_exported(tmp_path: Path) -> None:
    folder = create_run(RUN, NIGHT)
    (tmp_path / "secret").write_text("secret")
    (folder.path / "arrays" / "notes.npz").write_text("secret")
    (folder.path / "arrays" / "999999.npz").symlink_to(tmp_path / "secret")
    os.mkfifo(folder.path / "arrays" / "888888.npz")
    export(RUN, tmp_path / "night.zip")
    with ZipFile(tmp_path / "night.zip") as archive:
        named = {name for name in archive.namelist() if name.startswith("arrays/")}
        assert archive.testzip() is None
    lines = (folder.path / LOG).read_text().splitlines()
    assert named == {
        f"arrays/{number:06d}.npz" for number, line in enumerate(lines) if '"arrays"' in line
    }


@pytest.mark.parametrize("replacement", ["missing", "link", "FIFO", "huge"])
def test_an_array_that_is_not_a_small_regular_file_of_the_run_raises(
    replacement: str, tmp_path: Path
) -> None:
    folder = create_run(RUN, NIGHT)
    array = sorted((folder.path / "arrays").iterdir())[0]
    if replacement == "huge":
        os.truncate(array, 10**9)
    else:
        array.rename(tmp_path / "elsewhere")
    if replacement == "link":
        array.symlink_to(tmp_path / "elsewhere")
    elif replacement == "FIFO":
        os.mkfifo(array)
    with pytest.raises(LogError) as caught:
        export(RUN, tmp_path / "night.zip")
    assert_sentence(caught.value, f"{array} cannot be copied (")
    assert not (tmp_path / "night.zip").exists()
