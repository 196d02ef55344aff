"""The note on an accelerator's self-check, in logs, results and on the command line."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from core.cli import main
from core.cli.results import Results
from core.runs.codec import decode, encode
from core.runs.events import Event, NightStarted
from core.runs.log import RunReader
from core.runs.results import summary
from core.runs.state import RunState, fold
from core.schedule.config import RunConfig
from core.support.errors import LogError
from tests.conftest import comparable, events_of_type
from tools.sample_runs import RUN, create_run, night_events

NIGHT = night_events(RunConfig(num_cycles=2, total_eps=4, num=2))
STARTED = events_of_type(NIGHT, NightStarted)[0]
NOTE = "cuda: self-check failed: a reason; the CPU was used instead"


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path))
    return tmp_path


def with_note(note: str) -> list[Event]:
    """Return the events of a night whose device has a note."""
    started = dataclasses.replace(STARTED, device_note=note)
    return [started if event is STARTED else event for event in NIGHT]


def record(**changes: Any) -> dict[str, Any]:
    return {**json.loads(json.dumps(encode(STARTED)[0])), **changes}


def test_a_log_without_the_field_has_an_empty_note() -> None:
    earlier = record()
    del earlier["device_note"]
    assert comparable(decode(earlier, None)) == comparable(STARTED)
    assert STARTED.device_note == ""


def test_a_field_without_a_default_must_not_be_missing() -> None:
    incomplete = record()
    del incomplete["device"]
    with pytest.raises(ValueError, match="field 'device' is missing"):
        decode(incomplete, None)


def test_a_note_that_is_not_a_text_is_an_error() -> None:
    with pytest.raises(ValueError, match="field 'device_note' is not str"):
        decode(record(device_note=5), None)


def test_a_note_is_read_back_and_shown_in_the_results() -> None:
    events = RunReader(create_run(RUN, with_note(NOTE)).path).read()
    state = fold(RunState(), events)
    assert summary(state)["device_note"] == NOTE
    assert summary(fold(RunState(), NIGHT))["device_note"] == ""


def test_a_note_longer_than_500_characters_is_an_error() -> None:
    folder = create_run(RUN, with_note("x" * 501))
    with pytest.raises(LogError, match="a name is longer than 500 characters"):
        RunReader(folder.path).read()


def test_the_command_line_shows_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    folder = create_run(RUN, with_note(NOTE))
    folder.record_start(STARTED)
    assert main(["runs", "show", RUN]) == 0
    lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert ["self-check", NOTE] in lines


def test_the_command_line_shows_nothing_without_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    create_run(RUN, NIGHT)
    assert main(["runs", "show", RUN]) == 0
    assert "self-check" not in capsys.readouterr().out


def test_a_finished_command_writes_a_note_to_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Results("-", None).write(fold(RunState(), with_note(NOTE)))
    out, err = capsys.readouterr()
    assert err == f"device: {NOTE}\n"
    assert json.loads(out)["device_note"] == NOTE
