"""Who sleeps next, and what becomes of nights whose worker dies or hangs."""

import logging
import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from distributed import Client, Future

from core.engine.cluster import address_of, replace_lost_workers, workers_of
from core.engine.fair_order import RoundRobin, start_order
from core.engine.worker import execute_run_in_worker
from core.queue import engine_state, entries
from core.queue.engine_state import EngineState
from core.queue.entry import Entry
from core.queue.estimates import Speed, start_times
from core.queue.failures import record_failure
from core.runs.folder import RunFolder, find_run
from core.support import environment
from core.support.errors import EngineError, SleepError
from core.support.files import read_bytes

MOST_DEATHS = 5  # of workers over one cycle, before the night is thought to be what kills them
_LATER_S = 1.0
_LARGEST_HEARTBEAT = 10_000  # bytes
_LOOK_S = 1.0  # between looks at what changes slowly

_logger = logging.getLogger(__name__)


@dataclass
class _Night:
    """A night that a worker sleeps: since when, and its last sign of life."""

    entry: Entry
    folder: RunFolder
    future: Future[dict[str, Any]]
    began: float
    expected_s: float
    heartbeat: bytes = b""
    beat_at: float = 0.0


@dataclass
class _Deaths:
    """How many workers have died over a night since it last finished a cycle."""

    cycles: int = 0
    count: int = 0


class Dispatcher:
    """Hands waiting nights to the workers of ``client``; call `step` again and again."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._nights: dict[str, _Night] = {}
        self._turns = RoundRobin()
        self._deaths: dict[str, _Deaths] = {}
        self._later: dict[str, float] = {}  # not before then
        self._pace = Speed(engine_state.last_published().pace)
        self._queue: list[Entry] = []
        self._queue_seen: object = None
        self._looked = 0.0
        self._workers = 0
        self._told: EngineState | None = None

    def step(self) -> None:
        """Look once at all there is to do; raises `EngineError` when the cluster is gone."""
        if self._client.status not in ("running", "connecting", "newly-created"):
            raise EngineError("the connection to the Dask scheduler is lost; start it again.")
        now = time.monotonic()
        self._collect()
        look = now - self._looked >= _LOOK_S
        if look:
            self._looked = now
            replace_lost_workers(self._client)
            self._workers = workers_of(self._client)
            self._find_hung(now)
        self._read_queue(anyway=look)
        self._start(now)
        if look or self._told is None or self._changed():
            self._tell(now)

    # --- nights that end ---

    def _collect(self) -> None:
        for run_id, night in list(self._nights.items()):
            if night.future.status == "pending":
                continue
            del self._nights[run_id]
            if night.future.status == "finished":
                self._ended(night, night.future.result())
            elif night.future.status == "error":
                self._lost(night, night.future.exception())
            else:
                self._later[run_id] = time.monotonic() + _LATER_S

    def _ended(self, night: _Night, result: dict[str, Any]) -> None:
        if not result["ended"]:  # another process sleeps it
            self._later[night.folder.id] = time.monotonic() + _LATER_S
            return
        if result["problem"] is not None:
            self._fail(night.folder, night.entry, result["problem"])
        self._deaths.pop(night.folder.id, None)
        if result["seconds"] is not None:
            with suppress(SleepError):
                self._pace = self._pace.after(night.folder.record().config, result["seconds"])

    def _lost(self, night: _Night, error: BaseException) -> None:
        """The worker died, or could not even begin."""
        if type(error).__name__ != "KilledWorker":
            _logger.error("run %s", night.folder.id, exc_info=error)
            sentence = f"its worker could not sleep it ({type(error).__name__}: {error})."
            self._fail(night.folder, night.entry, sentence)
            return
        deaths = self._deaths.setdefault(night.folder.id, _Deaths())
        cycles = _cycles_kept(night.folder)
        if cycles > deaths.cycles:
            deaths.cycles, deaths.count = cycles, 0
        deaths.count += 1
        _logger.warning("run %s lost its worker, time %s", night.folder.id, deaths.count)
        if deaths.count >= MOST_DEATHS:
            self._fail(
                night.folder,
                night.entry,
                f"{MOST_DEATHS} workers died over the same cycle of it, as they do when memory "
                "is short; choose fewer seeds or images.",
            )

    def _fail(self, folder: RunFolder, entry: Entry, sentence: str) -> None:
        record_failure(folder, sentence)
        entries.remove(folder.id, entry)

    # --- nights that hang ---

    def _find_hung(self, now: float) -> None:
        for night in self._nights.values():
            with suppress(OSError):
                heartbeat = read_bytes(night.folder.heartbeat, _LARGEST_HEARTBEAT)
                if heartbeat != night.heartbeat:
                    night.heartbeat, night.beat_at = heartbeat, now
            if now - night.beat_at > environment.hung_after_s():
                night.beat_at = now
                self._restart(night)

    def _restart(self, night: _Night) -> None:
        holders = self._client.processing()
        addresses = [worker for worker, keys in holders.items() if night.future.key in keys]
        _logger.warning("run %s takes no step any more; restarting %s", night.folder.id, addresses)

        def restart() -> None:
            try:
                self._client.restart_workers(addresses, timeout="20s", raise_for_error=False)
            except Exception:
                _logger.exception("%s cannot be restarted", addresses)

        # Of its own, for the others must not wait until a frozen process is given up.
        threading.Thread(target=restart, daemon=True).start()

    # --- nights that wait ---

    def _read_queue(self, *, anyway: bool) -> None:
        seen = entries.modification_time()
        if anyway or seen != self._queue_seen:
            self._queue_seen = seen
            self._queue = entries.read_all()
            known = {entry.run for entry in self._queue} | self._nights.keys()
            self._later = {run: at for run, at in self._later.items() if run in known}
            self._deaths = {run: each for run, each in self._deaths.items() if run in known}
            self._turns.keep(entry.person for entry in self._queue)

    def _waiting(self) -> list[Entry]:
        waiting = [entry for entry in self._queue if entry.run not in self._nights]
        return start_order(waiting, self._turns.last)

    def _start(self, now: float) -> None:
        free = self._workers - len(self._nights)
        for entry in self._waiting():
            if free <= 0:
                return
            if self._later.get(entry.run, 0.0) > now:
                continue
            if self._begin(entry, now):
                free -= 1

    def _begin(self, entry: Entry, now: float) -> bool:
        try:
            folder = find_run(entry.run)
        except SleepError:  # deleted by hand
            entries.remove(entry.run, entry)
            return False
        try:
            expected = self._pace.seconds(folder.record().config)
        except SleepError as error:
            self._fail(folder, entry, str(error))
            return False
        # The second of two nights beside each other, so that one's own is seen as soon as can be.
        second = any(night.entry.person == entry.person for night in self._nights.values())
        future = self._client.submit(
            execute_run_in_worker, str(folder.path), second, pure=False, retries=0
        )
        self._nights[entry.run] = _Night(entry, folder, future, now, expected, beat_at=now)
        self._turns.took(entry.person)
        return True

    # --- what is told ---

    def _changed(self) -> bool:
        assert self._told is not None
        waiting = tuple(entry.run for entry in self._waiting())
        told = tuple(run for run, _ in self._told.waiting)
        return (tuple(self._nights), waiting) != (self._told.asleep, told)

    def _tell(self, now: float) -> None:
        waiting = self._waiting()
        rest = [max(night.began + night.expected_s - now, 1.0) for night in self._nights.values()]
        # From the entries, because reading the record of each would take seconds for long queues.
        expected = [self._pace.factor * entry.work for entry in waiting]
        starts = start_times(rest, expected, self._workers)
        in_s = [round(seconds, 1) for seconds in starts]
        told = EngineState(
            ready=True,
            workers=self._workers,
            scheduler=address_of(self._client),
            pid=os.getpid(),
            pace=self._pace.factor,
            asleep=tuple(self._nights),
            waiting=tuple(zip_longest((entry.run for entry in waiting), in_s)),
        )
        if told != self._told:
            try:
                engine_state.publish(told)
            except OSError:  # a full disk: the nights matter more, and the next look tries again
                told = replace(told, ready=False)  # which differs from what it will be then
            self._told = told


def _cycles_kept(folder: RunFolder) -> int:
    """The cycle of the newest checkpoint, 0 without one. The log of a long night takes too long."""
    names = sorted(path.stem for path in folder.checkpoints.glob(f"cycle-{'[0-9]' * 6}.json"))
    return int(names[-1].removeprefix("cycle-")) if names else 0
