"""`core.engine.dispatcher`: what it publishes of a long queue. Dask is played by a stand-in."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.engine.dispatcher import Dispatcher
from core.queue import engine_state, entries
from core.queue.engine_state import EngineState
from core.queue.estimates import reference_seconds
from core.runs.folder import RunFolder, find_run, new_run
from core.schedule.config import RunConfig
from tests.helpers.engines import own_outputs

LONG = RunConfig(total_eps=100_000, num_cycles=100_000, num=1)


class Dask:
    """A client of a cluster with one worker, on which nothing ever ends."""

    status = "running"
    cluster = None
    scheduler = SimpleNamespace(address="tcp://stand-in")

    def scheduler_info(self, **_: Any) -> dict[str, Any]:
        return {"workers": {"tcp://worker": {}}}

    def submit(self, *_: Any, **__: Any) -> Any:
        return SimpleNamespace(status="pending", key="key")

    def processing(self) -> dict[str, Any]:
        return {}


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return own_outputs(tmp_path / "outputs", monkeypatch)


def put_many(number: int) -> Iterator[str]:
    for person in range(number):
        folder = new_run(LONG, str(person), 1)
        entries.add(folder.id, str(person), None, reference_seconds(LONG))
        yield folder.id


def test_publishing_the_state_of_190_long_waiting_runs_reads_no_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, *others = list(put_many(191))
    engine_state.publish(EngineState(pace=2.0))
    dispatcher = Dispatcher(Dask())  # type: ignore[arg-type]
    read: list[str] = []
    record = RunFolder.record

    def noted(folder: RunFolder) -> Any:
        read.append(folder.id)
        return record(folder)

    monkeypatch.setattr(RunFolder, "record", noted)
    dispatcher.step()
    told = engine_state.last_published()
    assert told.asleep == (first,)
    assert [run for run, _ in told.waiting] == others
    assert read == [first]  # the one that starts
    for place in (0, 1, 189):
        assert told.waiting[place][1] == pytest.approx(
            (place + 1) * 2.0 * reference_seconds(LONG), rel=1e-3
        )


def test_a_waiting_run_of_an_earlier_version_has_a_turn_too() -> None:
    first, second = (new_run(LONG, person, 1) for person in ("a", "b"))
    entries.add(first.id, "a", None, reference_seconds(LONG))
    entries.add(second.id, "b")  # without its work, as an earlier version wrote it
    Dispatcher(Dask()).step()  # type: ignore[arg-type]
    assert [run for run, _ in engine_state.last_published().waiting] == [second.id]
    assert find_run(second.id).record().config == LONG
