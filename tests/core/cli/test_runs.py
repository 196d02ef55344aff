"""``runs``: the nights there are, listed, shown, deleted and exported. Without torch."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.cli import main
from core.queue import entries
from core.queue.engine_state import EngineState, publish
from core.queue.paths import engine_folder, engine_lock_file
from core.runs.events import CycleDone, NightFailed, NightStopped
from core.runs.folder import find_run
from core.runs.log import LOG
from core.schedule.config import RunConfig
from core.support.environment import PROJECT
from core.support.locks import acquire
from tools.sample_runs import OTHER, RUN, made_night, put_run

NIGHT = made_night(RunConfig(num_cycles=2, total_eps=4, num=2))
HALF = NIGHT[: NIGHT.index(CycleDone(1)) + 1]
THIRD = "20260102-030407-aaaaaa"


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty outputs folder and gallery, and another empty folder to work in."""
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path / "outputs"))
    monkeypatch.setenv("SLEEP_GALLERY_DIR", str(tmp_path / "gallery"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "outputs"


def told(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    """What ``runs`` prints, which is a sentence on standard error where it does not go well."""
    assert main(["runs", *arguments]) == status
    out, err = capsys.readouterr()
    assert (out if status else err) == ""
    return err if status else out


# --- list ---


def test_an_empty_list_says_so_and_how_to_begin(
    capsys: pytest.CaptureFixture[str], outputs: Path
) -> None:
    text = told(capsys, "list")
    assert str(outputs / "runs") in text
    assert "python -m core run" in text
    assert json.loads(told(capsys, "list", "--json")) == []


def test_the_list_has_a_line_for_each_run_and_the_newest_last(
    capsys: pytest.CaptureFixture[str],
) -> None:
    put_run(OTHER, [*HALF, NightStopped()])
    put_run(RUN, NIGHT, person="me@here")
    header, *lines = told(capsys, "list").splitlines()
    assert " ".join(header.split()) == "ID STATUS CYCLES SPLIT REM SEEDS SUBMITTED PERSON"
    done = [RUN, "done", "2/2", "inverted", "0.5", "->", "0.5", "0", "2026-01-02", "03:04"]
    assert lines[0].split() == [*done, "me@here"]
    assert lines[1].split()[:3] == [OTHER, "stopped", "1/2"]


def test_the_list_as_json_holds_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    put_run(RUN, NIGHT)
    assert json.loads(told(capsys, "list", "--json")) == [
        {
            "id": RUN,
            "status": "done",
            "problem": None,
            "cycles_done": 2,
            "num_cycles": 2,
            "split": "inverted",
            "start_fraction_rem": 0.5,
            "end_fraction_rem": 0.5,
            "seeds": [0],
            "submitted": "2026-01-02T03:04:05+00:00",
            "person": "somebody",
            "pinned": False,
        }
    ]


def test_damaged_runs_are_told_as_such_and_hide_no_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    without_settings, without_log, whole = (put_run(run, NIGHT) for run in (RUN, OTHER, THIRD))
    without_settings.record_file.write_text("{}")
    log = without_log.path / LOG
    log.write_bytes(log.read_bytes().replace(b"inverted", b"reverted", 1))
    lines = told(capsys, "list").splitlines()
    assert [line.split()[:2] for line in lines[1:4]] == [
        [RUN, "damaged"],
        [OTHER, "damaged"],
        [whole.id, "done"],
    ]
    assert f"{RUN}: {without_settings.record_file} is damaged" in lines[4]
    assert f"{OTHER}: {log}, line 1: its checksum is wrong." in lines[5]
    statuses = [row["status"] for row in json.loads(told(capsys, "list", "--json"))]
    assert statuses == ["damaged", "damaged", "done"]
    shown = json.loads(told(capsys, "show", OTHER, "--json"))
    assert (shown["status"], "line 1" in shown["problem"]) == ("damaged", True)
    assert str(without_settings.record_file) in told(capsys, "show", RUN, status=1)


def test_a_failed_run_is_listed_with_its_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    put_run(RUN, [*HALF, NightFailed("the loss is not finite; choose a smaller one.")])
    lines = told(capsys, "list").splitlines()
    assert lines[1].split()[:3] == [RUN, "failed", "1/2"]
    assert lines[2] == f"{RUN}: the loss is not finite; choose a smaller one."


# --- show ---


def test_show_tells_settings_origin_and_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    folder = put_run(RUN, NIGHT)
    folder.note_start(NIGHT[0])  # type: ignore[arg-type]
    text = told(capsys, "show", RUN)
    assert text.startswith(f"run {RUN} is done, with 2 of 2 cycles done.\n")
    for part in ("by somebody", "00ff", "cpu", "python 3.11, torch 2.13", "12.5"):
        assert part in text
    lines = [line.split() for line in text.splitlines()]
    assert ["total_eps", "4"] in lines
    assert ["seeds", "0"] in lines
    assert "old memories, MNIST: error " in text
    assert text.count("after it") == 4


def test_show_tells_what_a_stopped_night_has_come_to(capsys: pytest.CaptureFixture[str]) -> None:
    put_run(RUN, [*HALF, NightStopped()])
    text = told(capsys, "show", RUN)
    assert text.startswith(f"run {RUN} is stopped, with 1 of 2 cycles done.\n")
    assert text.count("after cycle 1") == 4
    assert "after it" not in text


def test_show_of_a_run_that_has_not_begun_has_no_numbers(
    capsys: pytest.CaptureFixture[str],
) -> None:
    put_run(RUN)
    text = told(capsys, "show", RUN)
    assert "is interrupted, with 0 of 2 cycles done" in text
    assert "memories" not in text


def test_show_as_json_holds_settings_place_and_measures_per_seed_and_cycle(
    capsys: pytest.CaptureFixture[str],
) -> None:
    put_run(RUN, HALF)
    known = json.loads(told(capsys, "show", RUN, "--json"))
    assert known["config"]["total_eps"] == 4
    assert known["place"] is None
    assert known["cycles_done"] == 1
    assert known["dataset_2"]["name"].startswith("inverted MNIST")
    for measure in ("error", "recall_error", "recall_accuracy"):
        assert [len(seed) for seed in known["dataset_1"][measure]] == [2]


def test_show_tells_a_waiting_runs_turn(capsys: pytest.CaptureFixture[str]) -> None:
    put_run(RUN)
    engine_folder().mkdir(parents=True, exist_ok=True)
    lock = acquire(engine_lock_file())  # as a living engine holds it
    assert lock is not None
    with lock:
        publish(EngineState(ready=True, workers=1, waiting=((OTHER, 3.0), (RUN, 40.0))))
        entries.add(RUN, "somebody")
        assert "queue      2nd in line, about 40 s to wait\n" in told(capsys, "show", RUN)
        place = json.loads(told(capsys, "show", RUN, "--json"))["place"]
    assert place == {"position": 2, "wait_s": 40.0}


@pytest.mark.parametrize("action", ["show", "delete", "export"])
@pytest.mark.parametrize("name", ["nothing", "../engine", RUN])
def test_what_is_no_run_is_told_in_one_sentence(
    capsys: pytest.CaptureFixture[str], action: str, name: str
) -> None:
    more = ["--yes"] if action == "delete" else []
    text = told(capsys, action, name, *more, status=1)
    assert repr(name) in text
    assert text.count("\n") == 1


# --- delete ---


class Terminal(io.StringIO):
    """A person at a terminal who has typed this."""

    def isatty(self) -> bool:
        return True


def test_delete_asks_for_each_run_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for run in (RUN, OTHER, THIRD):
        put_run(run, NIGHT)
    monkeypatch.setattr("sys.stdin", Terminal("\ny\n"))
    text = told(capsys, "delete", RUN, OTHER, THIRD)
    assert f"Delete run {RUN} and all its files? [y/N]" in text
    assert f"run {OTHER} is deleted." in text
    rows = json.loads(told(capsys, "list", "--json"))
    assert [row["id"] for row in rows] == [RUN, THIRD]  # Enter and the end of typing mean no


def test_delete_without_a_terminal_wants_yes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put_run(RUN, NIGHT)
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert "give --yes" in told(capsys, "delete", RUN, status=2)
    assert find_run(RUN).path.is_dir()
    assert told(capsys, "delete", RUN, "--yes") == f"run {RUN} is deleted.\n"
    assert json.loads(told(capsys, "list", "--json")) == []


def test_a_mistyped_id_among_others_deletes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    put_run(RUN, NIGHT)
    told(capsys, "delete", RUN, OTHER, "--yes", status=1)
    assert find_run(RUN).path.is_dir()


def test_a_waiting_run_is_not_deleted(capsys: pytest.CaptureFixture[str]) -> None:
    put_run(RUN)
    entries.add(RUN, "somebody")
    assert "stop it first" in told(capsys, "delete", RUN, "--yes", status=1)
    assert find_run(RUN).path.is_dir()


# --- export ---


def test_export_writes_a_zip_of_the_runs_name_here_and_never_over_another(
    capsys: pytest.CaptureFixture[str],
) -> None:
    put_run(RUN, HALF)
    assert told(capsys, "export", RUN) == f"{RUN}.zip\n"
    before = Path(f"{RUN}.zip").read_bytes()
    assert before.startswith(b"PK")
    text = told(capsys, "export", RUN, status=2)
    assert text == f"out is '{RUN}.zip', which is there already; give another name.\n"
    assert Path(f"{RUN}.zip").read_bytes() == before
    told(capsys, "export", RUN, "--out", "a/new folder/night.zip")
    assert Path("a/new folder/night.zip").read_bytes().startswith(b"PK")


@pytest.mark.parametrize("out", [".", "/dev/null/night.zip"])
def test_export_to_where_nothing_can_be_written_is_one_sentence(
    capsys: pytest.CaptureFixture[str], out: str
) -> None:
    put_run(RUN, HALF)
    text = told(capsys, "export", RUN, "--out", out, status=2)
    assert f"out is '{out}'" in text
    assert text.count("\n") == 1


# --- keep ---


def test_a_kept_night_is_shown_and_exported_by_its_name_and_not_listed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    put_run(RUN, NIGHT, person="me@here")
    assert told(capsys, "keep", RUN, "example") == f"{tmp_path / 'gallery' / 'example'}\n"
    assert told(capsys, "delete", RUN, "--yes") == f"run {RUN} is deleted.\n"
    assert told(capsys, "show", "example").startswith("run example is done, with 2 of 2 cycles")
    known = json.loads(told(capsys, "show", "example", "--json"))
    assert (known["id"], known["person"]) == ("example", "recorded")
    assert told(capsys, "export", "example") == "example.zip\n"
    assert json.loads(told(capsys, "list", "--json")) == []


def test_deleting_a_recorded_night_is_refused_before_anything_is_asked_or_deleted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put_run(RUN, NIGHT)
    told(capsys, "keep", RUN, "example")
    monkeypatch.setattr("sys.stdin", Terminal("y\ny\n"))
    text = told(capsys, "delete", RUN, "example", status=1)
    assert text.startswith("run example is a recorded night; ")
    assert find_run(RUN).path.is_dir()
    assert find_run("example").path.is_dir()


@pytest.mark.parametrize("name", ["An Example", "../runs", RUN])
def test_a_name_that_no_recorded_night_can_have_is_one_sentence(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    put_run(RUN, NIGHT)
    text = told(capsys, "keep", RUN, name, status=2)
    assert text.startswith(f"name is {name!r}; ")
    assert text.count("\n") == 1


def test_half_a_night_is_not_kept(capsys: pytest.CaptureFixture[str]) -> None:
    put_run(RUN, HALF)
    assert told(capsys, "keep", RUN, "example", status=1).startswith(f"run {RUN} is not done; ")


def test_an_action_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        main(["runs"])
    assert exited.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_no_runs_command_imports_torch() -> None:
    put_run(RUN, NIGHT)
    script = (
        "import sys; from core.cli import main\n"
        f"for command in (['list'], ['show', {RUN!r}], ['export', {RUN!r}, '--out', sys.argv[1]],\n"
        f"                ['keep', {RUN!r}, 'example'], ['show', 'example'],\n"
        f"                ['delete', {RUN!r}, '--yes']):\n"
        "    assert main(['runs', *command]) == 0\n"
        "print('torch imported:', 'torch' in sys.modules)"
    )
    out = Path("night.zip").absolute()
    done = subprocess.run(
        [sys.executable, "-c", script, str(out)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.endswith("torch imported: False\n")
    assert out.exists()


def test_a_pin_is_shown_and_taken_away(capsys: pytest.CaptureFixture[str]) -> None:
    put_run(RUN, NIGHT)
    assert told(capsys, "pin", RUN) == f"run {RUN} is pinned: it is never removed to make room.\n"
    assert f"{RUN}  done, pinned" in told(capsys, "list")
    assert "pinned     yes\n" in told(capsys, "show", RUN)
    assert json.loads(told(capsys, "show", RUN, "--json"))["pinned"] is True
    assert told(capsys, "unpin", RUN) == f"run {RUN} is not pinned any more.\n"
    assert "pinned" not in told(capsys, "list")


def test_a_name_that_is_no_run_cannot_be_pinned(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "pin", OTHER]) == 1
    assert f"run is '{OTHER}', and there is no run of that name" in capsys.readouterr().err


def test_prune_says_what_goes_and_a_dry_run_only_says_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = put_run(RUN, NIGHT)
    folder.checkpoints.mkdir()
    (folder.checkpoints / "cycle-000002.safetensors").write_bytes(bytes(1_000_000))
    for file in (folder.record_file, folder.path / LOG):
        os.utime(file, (1e6, 1e6))
    would = told(capsys, "prune", "--dry-run").splitlines()
    assert would[0].startswith(f"would remove the checkpoints of run {RUN}: 1.0 MB, unchanged for")
    assert would[1] == "1.0 MB would be freed."
    assert folder.checkpoints.is_dir()
    did = told(capsys, "prune").splitlines()
    assert did[0].startswith(f"removed the checkpoints of run {RUN}: 1.0 MB")
    assert did[1] == "1.0 MB are freed."
    assert not folder.checkpoints.exists()
    assert told(capsys, "prune") == "0.0 MB are freed.\n"
