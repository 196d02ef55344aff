"""``runs list`` and ``runs show``, and the parser of ``runs``."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.cli import main
from core.queue import entries
from core.queue.engine_state import EngineState, publish
from core.queue.paths import engine_folder, engine_lock_file
from core.runs.events import CycleDone, NightFailed, NightStopped
from core.runs.log import LOG
from core.schedule.config import RunConfig
from core.support.environment import PROJECT
from core.support.locks import acquire
from tests.helpers.command_line import runs_output
from tools.sample_runs import OTHER_RUN, RUN, create_run, night_events

NIGHT = night_events(RunConfig(num_cycles=2, total_eps=4, num=2))
HALF = NIGHT[: NIGHT.index(CycleDone(1)) + 1]
THIRD = "20260102-030407-aaaaaa"

pytestmark = pytest.mark.usefixtures("outputs")


# --- list ---


def test_an_empty_list_prints_the_folder_and_the_command_that_creates_a_run(
    capsys: pytest.CaptureFixture[str], outputs: Path
) -> None:
    text = runs_output(capsys, "list")
    assert str(outputs / "runs") in text
    assert "python -m core run" in text
    assert json.loads(runs_output(capsys, "list", "--json")) == []


def test_the_list_has_one_line_per_run_newest_last(
    capsys: pytest.CaptureFixture[str],
) -> None:
    create_run(OTHER_RUN, [*HALF, NightStopped()])
    create_run(RUN, NIGHT, person="me@here")
    header, *lines = runs_output(capsys, "list").splitlines()
    assert " ".join(header.split()) == "ID STATUS CYCLES SPLIT REM SEEDS SUBMITTED PERSON"
    cells = [RUN, "done", "2/2", "inverted", "0.5", "->", "0.5", "0", "2026-01-02", "03:04"]
    assert lines[0].split() == [*cells, "me@here"]
    assert lines[1].split()[:3] == [OTHER_RUN, "stopped", "1/2"]


def test_the_list_as_json_has_one_object_per_run(capsys: pytest.CaptureFixture[str]) -> None:
    create_run(RUN, NIGHT, person="me@here")
    assert json.loads(runs_output(capsys, "list", "--json")) == [
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
            "person": "me@here",
            "pinned": False,
        }
    ]


def test_damaged_runs_are_listed_as_damaged_next_to_intact_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bad_record, bad_log, intact = (create_run(run, NIGHT) for run in (RUN, OTHER_RUN, THIRD))
    bad_record.record_file.write_text("{}")
    log = bad_log.path / LOG
    log.write_bytes(log.read_bytes().replace(b"inverted", b"reverted", 1))
    lines = runs_output(capsys, "list").splitlines()
    assert [line.split()[:2] for line in lines[1:4]] == [
        [RUN, "damaged"],
        [OTHER_RUN, "damaged"],
        [intact.id, "done"],
    ]
    assert f"{RUN}: {bad_record.record_file} is damaged" in lines[4]
    assert f"{OTHER_RUN}: {log}, line 1: its checksum is wrong." in lines[5]
    statuses = [row["status"] for row in json.loads(runs_output(capsys, "list", "--json"))]
    assert statuses == ["damaged", "damaged", "done"]
    details = json.loads(runs_output(capsys, "show", OTHER_RUN, "--json"))
    assert (details["status"], "line 1" in details["problem"]) == ("damaged", True)
    assert str(bad_record.record_file) in runs_output(capsys, "show", RUN, status=1)


def test_a_failed_run_is_listed_with_its_error(capsys: pytest.CaptureFixture[str]) -> None:
    create_run(RUN, [*HALF, NightFailed("the loss is not finite; choose a smaller one.")])
    lines = runs_output(capsys, "list").splitlines()
    assert lines[1].split()[:3] == [RUN, "failed", "1/2"]
    assert lines[2] == f"{RUN}: the loss is not finite; choose a smaller one."


# --- show ---


def test_show_prints_settings_origin_and_results(capsys: pytest.CaptureFixture[str]) -> None:
    folder = create_run(RUN, NIGHT, person="me@here")
    folder.record_start(NIGHT[0])  # type: ignore[arg-type]
    text = runs_output(capsys, "show", RUN)
    assert text.startswith(f"run {RUN} is done; 2 of 2 cycles are finished.\n")
    for part in ("by me@here", "00ff", "cpu", "python 3.11, torch 2.13", "12.5"):
        assert part in text
    lines = [line.split() for line in text.splitlines()]
    assert ["total_eps", "4"] in lines
    assert ["seeds", "0"] in lines
    assert "old memories, MNIST: reconstruction error " in text
    assert text.count("after it") == 4


def test_show_of_a_stopped_run_prints_its_results_so_far(
    capsys: pytest.CaptureFixture[str],
) -> None:
    create_run(RUN, [*HALF, NightStopped()])
    text = runs_output(capsys, "show", RUN)
    assert text.startswith(f"run {RUN} is stopped; 1 of 2 cycles are finished.\n")
    assert text.count("after cycle 1") == 4
    assert "after it" not in text


def test_show_of_a_run_that_has_not_started_prints_no_results(
    capsys: pytest.CaptureFixture[str],
) -> None:
    create_run(RUN)
    text = runs_output(capsys, "show", RUN)
    assert "is interrupted; 0 of 2 cycles are finished" in text
    assert "memories" not in text


def test_show_as_json_has_settings_position_and_measures_per_seed_and_cycle(
    capsys: pytest.CaptureFixture[str],
) -> None:
    create_run(RUN, HALF)
    details = json.loads(runs_output(capsys, "show", RUN, "--json"))
    assert details["config"]["total_eps"] == 4
    assert details["place"] is None
    assert details["cycles_done"] == 1
    assert details["dataset_2"]["name"].startswith("inverted MNIST")
    for measure in ("error", "recall_error", "recall_accuracy"):
        assert [len(seed) for seed in details["dataset_1"][measure]] == [2]


def test_show_prints_the_position_of_a_queued_run(capsys: pytest.CaptureFixture[str]) -> None:
    create_run(RUN)
    engine_folder().mkdir(parents=True, exist_ok=True)
    lock = acquire(engine_lock_file())  # as a running engine holds it
    assert lock is not None
    with lock:
        publish(EngineState(ready=True, workers=1, waiting=((OTHER_RUN, 3.0), (RUN, 40.0))))
        entries.add(RUN, "me@here")
        assert "queue      2nd in line, about 40 s to wait\n" in runs_output(capsys, "show", RUN)
        position = json.loads(runs_output(capsys, "show", RUN, "--json"))["place"]
    assert position == {"position": 2, "wait_s": 40.0}


@pytest.mark.parametrize("action", ["show", "delete", "export"])
@pytest.mark.parametrize("name", ["nothing", "../engine", RUN])
def test_an_unknown_run_is_reported_in_one_sentence(
    capsys: pytest.CaptureFixture[str], action: str, name: str
) -> None:
    options = ["--yes"] if action == "delete" else []
    text = runs_output(capsys, action, name, *options, status=1)
    assert repr(name) in text
    assert text.count("\n") == 1


# --- all actions ---


def test_a_missing_action_exits_with_status_2_and_one_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as exited:
        main(["runs"])
    assert exited.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_no_runs_command_imports_torch() -> None:
    create_run(RUN, NIGHT)
    script = (
        "import sys; from core.cli import main\n"
        f"for command in (['list'], ['show', {RUN!r}], ['export', {RUN!r}, '--out', sys.argv[1]],\n"
        f"                ['keep', {RUN!r}, 'example'], ['show', 'example'],\n"
        f"                ['delete', {RUN!r}, '--yes']):\n"
        "    assert main(['runs', *command]) == 0\n"
        "print('torch imported:', 'torch' in sys.modules)"
    )
    out = Path("night.zip").absolute()
    completed = subprocess.run(
        [sys.executable, "-c", script, str(out)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert completed.stdout.endswith("torch imported: False\n")
    assert out.exists()
