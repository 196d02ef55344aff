"""``runs delete``, ``export``, ``keep``, ``pin``, ``unpin`` and ``prune``."""

import io
import json
import os
from pathlib import Path

import pytest

from core.cli import main
from core.queue import entries
from core.runs.events import CycleDone
from core.runs.folder import find_run
from core.runs.log import LOG
from core.schedule.config import RunConfig
from tests.helpers.command_line import runs_output
from tools.sample_runs import OTHER_RUN, RUN, create_run, night_events

NIGHT = night_events(RunConfig(num_cycles=2, total_eps=4, num=2))
HALF = NIGHT[: NIGHT.index(CycleDone(1)) + 1]
THIRD = "20260102-030407-aaaaaa"

pytestmark = pytest.mark.usefixtures("outputs")


# --- delete ---


class Terminal(io.StringIO):
    """Standard input of a terminal with typed text."""

    def isatty(self) -> bool:
        return True


def test_delete_on_a_terminal_asks_for_every_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for run in (RUN, OTHER_RUN, THIRD):
        create_run(run, NIGHT)
    monkeypatch.setattr("sys.stdin", Terminal("\ny\n"))
    text = runs_output(capsys, "delete", RUN, OTHER_RUN, THIRD)
    assert f"Delete run {RUN} and all its files? [y/N]" in text
    assert f"run {OTHER_RUN} is deleted." in text
    rows = json.loads(runs_output(capsys, "list", "--json"))
    assert [row["id"] for row in rows] == [RUN, THIRD]  # Enter and the end of the input mean no


def test_delete_without_a_terminal_needs_the_option_yes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    create_run(RUN, NIGHT)
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert "give --yes" in runs_output(capsys, "delete", RUN, status=2)
    assert find_run(RUN).path.is_dir()
    assert runs_output(capsys, "delete", RUN, "--yes") == f"run {RUN} is deleted.\n"
    assert json.loads(runs_output(capsys, "list", "--json")) == []


def test_an_unknown_id_among_others_deletes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    create_run(RUN, NIGHT)
    runs_output(capsys, "delete", RUN, OTHER_RUN, "--yes", status=1)
    assert find_run(RUN).path.is_dir()


def test_a_queued_run_cannot_be_deleted(capsys: pytest.CaptureFixture[str]) -> None:
    create_run(RUN)
    entries.add(RUN, "me@here")
    assert "stop it first" in runs_output(capsys, "delete", RUN, "--yes", status=1)
    assert find_run(RUN).path.is_dir()


# --- export ---


def test_export_writes_a_zip_to_the_working_directory_and_never_overwrites_a_file(
    capsys: pytest.CaptureFixture[str],
) -> None:
    create_run(RUN, HALF)
    assert runs_output(capsys, "export", RUN) == f"{RUN}.zip\n"
    exported = Path(f"{RUN}.zip").read_bytes()
    assert exported.startswith(b"PK")
    text = runs_output(capsys, "export", RUN, status=2)
    assert text == f"out is '{RUN}.zip', which exists already; give another name.\n"
    assert Path(f"{RUN}.zip").read_bytes() == exported
    runs_output(capsys, "export", RUN, "--out", "a/new folder/night.zip")
    assert Path("a/new folder/night.zip").read_bytes().startswith(b"PK")


@pytest.mark.parametrize("out", [".", "/dev/null/night.zip"])
def test_export_to_an_unwritable_path_is_reported_in_one_sentence(
    capsys: pytest.CaptureFixture[str], out: str
) -> None:
    create_run(RUN, HALF)
    text = runs_output(capsys, "export", RUN, "--out", out, status=2)
    assert f"out is '{out}'" in text
    assert text.count("\n") == 1


# --- keep ---


def test_a_recorded_run_is_shown_and_exported_by_its_name_but_not_listed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    create_run(RUN, NIGHT, person="me@here")
    assert runs_output(capsys, "keep", RUN, "example") == f"{tmp_path / 'gallery' / 'example'}\n"
    assert runs_output(capsys, "delete", RUN, "--yes") == f"run {RUN} is deleted.\n"
    assert runs_output(capsys, "show", "example").startswith("run example is done; 2 of 2 cycles")
    details = json.loads(runs_output(capsys, "show", "example", "--json"))
    assert (details["id"], details["person"]) == ("example", "recorded")
    assert runs_output(capsys, "export", "example") == "example.zip\n"
    assert json.loads(runs_output(capsys, "list", "--json")) == []


def test_deleting_a_recorded_run_is_refused_before_any_question_or_deletion(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    create_run(RUN, NIGHT)
    runs_output(capsys, "keep", RUN, "example")
    monkeypatch.setattr("sys.stdin", Terminal("y\ny\n"))
    text = runs_output(capsys, "delete", RUN, "example", status=1)
    assert text.startswith("run example is a recorded night; ")
    assert find_run(RUN).path.is_dir()
    assert find_run("example").path.is_dir()


@pytest.mark.parametrize("name", ["An Example", "../runs", RUN])
def test_an_invalid_name_of_a_recorded_run_is_reported_in_one_sentence(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    create_run(RUN, NIGHT)
    text = runs_output(capsys, "keep", RUN, name, status=2)
    assert text.startswith(f"name is {name!r}; ")
    assert text.count("\n") == 1


def test_an_unfinished_run_cannot_be_kept(capsys: pytest.CaptureFixture[str]) -> None:
    create_run(RUN, HALF)
    assert runs_output(capsys, "keep", RUN, "example", status=1).startswith(
        f"run {RUN} is not done; "
    )


# --- pin, unpin, prune ---


def test_a_pinned_run_is_shown_as_pinned_until_it_is_unpinned(
    capsys: pytest.CaptureFixture[str],
) -> None:
    create_run(RUN, NIGHT)
    assert (
        runs_output(capsys, "pin", RUN)
        == f"run {RUN} is pinned; it is never removed to free disk space.\n"
    )
    assert f"{RUN}  done, pinned" in runs_output(capsys, "list")
    assert "pinned     yes\n" in runs_output(capsys, "show", RUN)
    assert json.loads(runs_output(capsys, "show", RUN, "--json"))["pinned"] is True
    assert runs_output(capsys, "unpin", RUN) == f"run {RUN} is no longer pinned.\n"
    assert "pinned" not in runs_output(capsys, "list")


def test_an_unknown_run_cannot_be_pinned(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "pin", OTHER_RUN]) == 1
    assert f"run is '{OTHER_RUN}', and there is no run of that name" in capsys.readouterr().err


def test_prune_prints_what_it_removes_and_a_dry_run_removes_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = create_run(RUN, NIGHT)
    folder.checkpoints.mkdir()
    (folder.checkpoints / "cycle-000002.safetensors").write_bytes(bytes(1_000_000))
    for file in (folder.record_file, folder.path / LOG):
        os.utime(file, (1e6, 1e6))
    planned = runs_output(capsys, "prune", "--dry-run").splitlines()
    assert planned[0].startswith(
        f"would remove the checkpoints of run {RUN}: 1.0 MB, unchanged for"
    )
    assert planned[1] == "1.0 MB would be freed."
    assert folder.checkpoints.is_dir()
    removed = runs_output(capsys, "prune").splitlines()
    assert removed[0].startswith(f"removed the checkpoints of run {RUN}: 1.0 MB")
    assert removed[1] == "1.0 MB freed."
    assert not folder.checkpoints.exists()
    assert runs_output(capsys, "prune") == "0.0 MB freed.\n"
