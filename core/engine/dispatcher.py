"""The dispatcher: starts queued runs in fair order and handles workers that exit or hang."""

import logging
import math
import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import zip_longest

from distributed import Client, Future

from core.engine.cluster import address_of_scheduler, count_workers, replace_lost_workers
from core.engine.fair_order import RoundRobin, start_order
from core.engine.worker import WorkerResult, execute_run_in_worker
from core.queue import engine_state, entries
from core.queue.engine_state import EngineState
from core.queue.entry import Entry
from core.queue.estimates import Slowdown, start_times
from core.queue.failures import record_failure
from core.runs.folder import RunFolder, find_run
from core.support import environment
from core.support.errors import EngineError, SleepError
from core.support.files import read_bytes

MAX_WORKER_DEATHS = 5  # during one cycle; then the run counts as their cause and fails
_RETRY_S = 1.0
_MAX_HEARTBEAT_BYTES = 10_000
_CONNECTED = ("running", "connecting", "newly-created")

_logger = logging.getLogger(__name__)


@dataclass
class _RunningRun:
    """A run that was submitted to a worker; times are seconds of the monotonic clock.

    Attributes
    ----------
    entry : Entry
        The run's entry in the queue.
    folder : RunFolder
        The run's folder.
    future : Future
        Result of `execute_run_in_worker`.
    started_at : float
        Time of its start.
    expected_s : float
        Expected duration in seconds.
    heartbeat_at : float
        Time at which the heartbeat file last changed, or of the start.
    heartbeat : bytes
        Content of the heartbeat file at that time.
    """

    entry: Entry
    folder: RunFolder
    future: Future[WorkerResult]
    started_at: float
    expected_s: float
    heartbeat_at: float
    heartbeat: bytes = b""


@dataclass
class _WorkerDeaths:
    """Number of workers that were lost during a run since it last finished a cycle."""

    cycles: int = 0
    count: int = 0


class Dispatcher:
    """Assigns queued runs to the workers of a Dask cluster; call `step` repeatedly.

    ``client`` is connected to the cluster. Every ``slow_interval_s`` seconds the dispatcher also
    checks what changes slowly: the workers, the heartbeats and the published start times.
    """

    def __init__(self, client: Client, slow_interval_s: float = 1.0) -> None:
        self._client = client
        self._slow_interval_s = slow_interval_s
        self._last_slow_check = -math.inf
        self._workers = 0
        self._queue: list[Entry] = []
        self._queue_modified: int | None = None
        self._round_robin = RoundRobin()
        self._running: dict[str, _RunningRun] = {}
        self._retry_at: dict[str, float] = {}
        self._worker_deaths: dict[str, _WorkerDeaths] = {}
        self._slowdown = Slowdown(engine_state.last_published().slowdown)
        self._published: EngineState | None = None

    def step(self) -> None:
        """Collect ended runs, restart hung workers, start queued runs and publish the state.

        Raises `EngineError` if the connection to the scheduler is lost.
        """
        if self._client.status not in _CONNECTED:
            raise EngineError("the connection to the Dask scheduler is lost; start it again.")
        now = time.monotonic()
        self._collect_ended_runs(now)
        slow_check = now - self._last_slow_check >= self._slow_interval_s
        if slow_check:
            self._last_slow_check = now
            replace_lost_workers(self._client)
            self._workers = count_workers(self._client)
            self._restart_hung_workers(now)
        if slow_check or entries.modification_time() != self._queue_modified:
            self._read_queue()
        self._start_runs(now)
        if slow_check or self._publication_is_outdated():
            self._publish(now)

    # --- runs that end ---

    def _collect_ended_runs(self, now: float) -> None:
        for run_id, run in list(self._running.items()):
            status = run.future.status
            if status == "pending":
                continue
            del self._running[run_id]
            if status == "finished":
                self._collect_result(run, run.future.result(), now)
            elif status == "error":
                self._collect_error(run, run.future.exception())
            else:  # Dask cancelled or lost the task
                self._retry_at[run_id] = now + _RETRY_S

    def _collect_result(self, run: _RunningRun, result: WorkerResult, now: float) -> None:
        if not result["ended"]:  # another process executes it
            self._retry_at[run.folder.id] = now + _RETRY_S
            return
        if result["problem"] is not None:
            self._fail(run.folder, run.entry, result["problem"])
        self._worker_deaths.pop(run.folder.id, None)
        if result["seconds"] is not None:
            with suppress(SleepError):
                self._slowdown = self._slowdown.updated(
                    run.folder.record().config, result["seconds"]
                )

    def _collect_error(self, run: _RunningRun, error: BaseException) -> None:
        """Fail a run that raised an unexpected error, or whose workers were killed repeatedly."""
        if type(error).__name__ != "KilledWorker":
            _logger.error("run %s", run.folder.id, exc_info=error)
            sentence = f"its worker could not execute it ({type(error).__name__}: {error})."
            self._fail(run.folder, run.entry, sentence)
            return
        deaths = self._worker_deaths.setdefault(run.folder.id, _WorkerDeaths())
        cycles = _checkpointed_cycles(run.folder)
        if cycles > deaths.cycles:
            deaths.cycles, deaths.count = cycles, 0
        deaths.count += 1
        _logger.warning("run %s lost worker number %s in one cycle", run.folder.id, deaths.count)
        if deaths.count >= MAX_WORKER_DEATHS:
            self._fail(
                run.folder,
                run.entry,
                f"{MAX_WORKER_DEATHS} workers were killed during the same cycle, which usually "
                "means that memory is short; choose fewer seeds or images.",
            )

    def _fail(self, folder: RunFolder, entry: Entry, sentence: str) -> None:
        record_failure(folder, sentence)
        entries.remove(folder.id, entry)

    # --- runs that hang ---

    def _restart_hung_workers(self, now: float) -> None:
        for run in self._running.values():
            with suppress(OSError):
                heartbeat = read_bytes(run.folder.heartbeat, _MAX_HEARTBEAT_BYTES)
                if heartbeat != run.heartbeat:
                    run.heartbeat, run.heartbeat_at = heartbeat, now
            if now - run.heartbeat_at > environment.hung_after_s():
                run.heartbeat_at = now
                self._restart_worker(run)

    def _restart_worker(self, run: _RunningRun) -> None:
        keys_by_worker = self._client.processing()
        addresses = [worker for worker, keys in keys_by_worker.items() if run.future.key in keys]
        _logger.warning("run %s is hung; restarting %s", run.folder.id, addresses)

        def restart() -> None:
            try:
                self._client.restart_workers(addresses, timeout="20s", raise_for_error=False)
            except Exception:
                _logger.exception("%s cannot be restarted", addresses)

        # In a separate thread, because a frozen process delays the restart by its timeout.
        threading.Thread(target=restart, daemon=True).start()

    # --- runs that wait ---

    def _read_queue(self) -> None:
        self._queue_modified = entries.modification_time()
        self._queue = entries.read_all()
        known = {entry.run for entry in self._queue} | self._running.keys()
        self._retry_at = {run: at for run, at in self._retry_at.items() if run in known}
        self._worker_deaths = {
            run: deaths for run, deaths in self._worker_deaths.items() if run in known
        }
        self._round_robin.forget_all_but(entry.person for entry in self._queue)

    def _waiting(self) -> list[Entry]:
        """Return the queued entries that no worker has, in the order of their starts."""
        waiting = [entry for entry in self._queue if entry.run not in self._running]
        return start_order(waiting, self._round_robin.last_start)

    def _start_runs(self, now: float) -> None:
        free_workers = self._workers - len(self._running)
        for entry in self._waiting():
            if free_workers <= 0:
                return
            if self._retry_at.get(entry.run, -math.inf) <= now and self._start_run(entry, now):
                free_workers -= 1

    def _start_run(self, entry: Entry, now: float) -> bool:
        """Submit a run to the cluster; return False if it cannot start."""
        try:
            folder = find_run(entry.run)
        except SleepError:  # its folder was deleted by hand
            entries.remove(entry.run, entry)
            return False
        try:
            expected_s = self._slowdown.seconds(folder.record().config)
        except SleepError as error:
            self._fail(folder, entry, str(error))
            return False
        # Of two runs of one person, the second has a lower priority, so that the first result
        # appears as early as possible.
        lower_priority = any(run.entry.person == entry.person for run in self._running.values())
        future = self._client.submit(
            execute_run_in_worker, str(folder.path), lower_priority, pure=False, retries=0
        )
        self._running[entry.run] = _RunningRun(entry, folder, future, now, expected_s, now)
        self._round_robin.mark_started(entry.person)
        return True

    # --- the published state ---

    def _publication_is_outdated(self) -> bool:
        """Return whether other runs are running or waiting than the published state lists."""
        if self._published is None:
            return True
        running, waiting = tuple(self._running), tuple(entry.run for entry in self._waiting())
        published_waiting = tuple(run for run, _ in self._published.waiting)
        return (running, waiting) != (self._published.running, published_waiting)

    def _publish(self, now: float) -> None:
        waiting = self._waiting()
        remaining_s = [
            max(run.started_at + run.expected_s - now, 1.0) for run in self._running.values()
        ]
        # From the entries, because reading all records of a long queue would take seconds.
        expected_s = [self._slowdown.factor * entry.reference_seconds for entry in waiting]
        starts = start_times(remaining_s, expected_s, self._workers)
        waits_s = [round(seconds, 1) for seconds in starts]
        state = EngineState(
            ready=True,
            workers=self._workers,
            scheduler=address_of_scheduler(self._client),
            pid=os.getpid(),
            slowdown=self._slowdown.factor,
            running=tuple(self._running),
            waiting=tuple(zip_longest((entry.run for entry in waiting), waits_s)),
        )
        if state == self._published:
            return
        self._published = state
        try:
            engine_state.publish(state)
        except OSError:  # on a full disk the runs continue, and the next slow check tries again
            self._published = replace(state, ready=False)  # unequal to every later state


def _checkpointed_cycles(folder: RunFolder) -> int:
    """Return the cycle of the newest checkpoint, 0 without one; reading a long log is slow."""
    names = sorted(path.stem for path in folder.checkpoints.glob(f"cycle-{'[0-9]' * 6}.json"))
    return int(names[-1].removeprefix("cycle-")) if names else 0
