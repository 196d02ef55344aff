"""`core.engine.dispatcher` with a long queue and a fake Dask client: the published state."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from core.engine.dispatcher import Dispatcher
from core.queue import engine_state, entries
from core.queue.engine_state import EngineState
from core.queue.estimates import reference_seconds
from core.runs.folder import RunFolder, find_run, new_run
from core.schedule.config import RunConfig

pytestmark = pytest.mark.usefixtures("outputs")

LONG = RunConfig(total_eps=100_000, num_cycles=100_000, num=1)


class FakeClient:
    """Dask client of a cluster with one worker, on which no run ever ends."""

    status = "running"
    cluster = None
    scheduler = SimpleNamespace(address="tcp://fake")

    def scheduler_info(self, **_: Any) -> dict[str, Any]:
        return {"workers": {"tcp://worker": {}}}

    def submit(self, *_: Any, **__: Any) -> Any:
        return SimpleNamespace(status="pending", key="key")

    def processing(self) -> dict[str, Any]:
        return {}


def queue_runs(number: int) -> Iterator[str]:
    """Queue this many long runs, one per person, and yield their ids."""
    for person in range(number):
        folder = new_run(LONG, str(person), 1)
        entries.add(folder.id, str(person), None, reference_seconds(LONG))
        yield folder.id


def test_publishing_the_state_of_190_long_waiting_runs_reads_no_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running, *waiting = list(queue_runs(191))
    engine_state.publish(EngineState(slowdown=2.0))
    dispatcher = Dispatcher(FakeClient())  # type: ignore[arg-type]
    records_read: list[str] = []
    record = RunFolder.record

    def noted_record(folder: RunFolder) -> Any:
        records_read.append(folder.id)
        return record(folder)

    monkeypatch.setattr(RunFolder, "record", noted_record)
    dispatcher.step()
    state = engine_state.last_published()
    assert state.running == (running,)
    assert [run for run, _ in state.waiting] == waiting
    assert records_read == [running]
    for index in (0, 1, 189):
        _, wait_s = state.waiting[index]
        assert wait_s == pytest.approx((index + 1) * 2.0 * reference_seconds(LONG), rel=1e-3)


def test_a_queue_entry_without_its_work_from_an_earlier_version_is_published_as_waiting() -> None:
    first, second = (new_run(LONG, person, 1) for person in ("a", "b"))
    entries.add(first.id, "a", None, reference_seconds(LONG))
    entries.add(second.id, "b")  # without its work
    Dispatcher(FakeClient()).step()  # type: ignore[arg-type]
    assert [run for run, _ in engine_state.last_published().waiting] == [second.id]
    assert find_run(second.id).record().config == LONG
