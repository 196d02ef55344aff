"""`core.jobs.ownership`: who may stop, resume and delete a run."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core import jobs
from core.queue import entries
from core.support.errors import RunError
from tests.helpers.engines import use_outputs_folder
from tests.helpers.job_runs import LOGS, file_contents, write_run
from tools.sample_runs import RUN


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return use_outputs_folder(tmp_path / "outputs", monkeypatch)


OWNED: dict[str, Callable[..., object]] = {
    "stop": jobs.stop,
    "resume": jobs.resume,
    "delete": jobs.delete,
}


@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize("verb", OWNED)
def test_only_the_owner_and_the_host_can_stop_resume_or_delete_a_run(
    verb: str, log: str, outputs: Path
) -> None:
    write_run(log)
    entries.add(RUN, "alice")
    contents = file_contents(outputs)
    for person in ("bob", "", "ALICE", "alice\n"):
        with pytest.raises(RunError) as caught:
            OWNED[verb](RUN, person=person)
        assert str(caught.value) == (
            f"run {RUN} is not yours to {verb}; only the visitor who started it and the host's "
            f"command line can {verb} it."
        )
    assert file_contents(outputs) == contents


@pytest.mark.parametrize("person", [None, "alice"])
def test_the_owner_and_the_host_can_stop_resume_and_delete_a_run(person: str | None) -> None:
    write_run("started")
    entries.add(RUN, "alice")
    jobs.stop(RUN, person=person)
    assert jobs.state(RUN).status == "stopped"
    jobs.resume(RUN, person=person)
    assert [entry.person for entry in entries.read_all()] == [person or jobs.current_user()]
    jobs.stop(RUN, person=person)
    jobs.delete(RUN, person=person)
    assert jobs.runs() == []


@pytest.mark.parametrize("verb", OWNED)
@pytest.mark.parametrize("record", [None, "", "{}", '{"person": "alice"}'])
def test_a_run_with_a_damaged_record_belongs_to_the_host(record: str | None, verb: str) -> None:
    folder = write_run("started")
    entries.add(RUN, "alice")
    if record is None:
        folder.record_file.unlink()
    else:
        folder.record_file.write_text(record)
    with pytest.raises(RunError, match="only the visitor who started it and the host's"):
        OWNED[verb](RUN, person="alice")
    assert entries.contains(RUN)
    jobs.stop(RUN)
    jobs.delete(RUN)
    assert jobs.runs() == []
