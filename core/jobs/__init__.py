"""Nights as jobs, for the page, the command line and notebooks alike.

    from core import jobs
    from core.schedule.config import RunConfig

    run = jobs.submit(RunConfig(num_cycles=5))
    for event in jobs.follow(run):
        print(event)

The program that submits keeps an engine going for as long as it runs itself; what is not done
then goes on when an engine is there again. Nothing in here imports torch or Dask.
"""

import getpass
import socket
from collections.abc import Iterator
from contextlib import nullcontext, suppress

from core.jobs.engine_info import engine_ready, expected_seconds
from core.jobs.engine_process import keep_engine
from core.jobs.follow import Follower, Snapshot, Status
from core.jobs.follow import events as _events
from core.jobs.ownership import check_owner
from core.queue import entries
from core.queue.estimates import reference_seconds
from core.queue.failures import delete_failure
from core.runs.events import Event, NightStopped
from core.runs.folder import all_runs, delete_run, find_run, new_run, own_run
from core.runs.log import RunLog, RunReader
from core.runs.state import RunState, fold
from core.schedule.config import RunConfig
from core.support.errors import LogError, RunError
from core.support.files import remove_file, write_text
from core.support.locks import acquire
from core.support.validation import integer

__all__ = [
    "Follower",
    "Snapshot",
    "Status",
    "delete",
    "engine_ready",
    "expected_seconds",
    "follow",
    "keep_engine",
    "resume",
    "runs",
    "state",
    "stop",
    "submit",
    "unfinished",
    "whoever",
]


def submit(
    config: RunConfig,
    *,
    person: str | None = None,
    address: str | None = None,
    threads: int | None = None,
) -> str:
    """Ask for a night, and give the run's id at once.

    ``person`` owns the run and is whose turn it takes (default: the user of this machine).
    ``address`` is the network address of a visitor, for whom more limits hold, see
    `core.queue.limits`. ``threads`` is the most CPU threads that the run may use (default: all
    cores that other nights leave). Raises `QueueError` when a limit is reached, and OSError when
    the outputs folder cannot be written.
    """
    person = current_user() if person is None else person
    if threads is not None:
        threads = integer("threads", threads, 1, 1024)
    expected = reference_seconds(config)
    entries.check_limits(person, address, expected)  # before anything is written
    keep_engine()
    folder = new_run(config, person, threads)
    try:
        entries.add(folder.id, person, address, expected)
    except Exception:
        delete_run(folder)  # it has no place in the queue, so it is no run
        raise
    return folder.id


def resume(run_id: str, *, person: str | None = None, address: str | None = None) -> None:
    """Ask for the rest of a night that was stopped, has failed or was interrupted.

    ``person`` is who asks and whose turn it takes: the run's owner, or None for the host.
    ``address`` is as for `submit`. Raises `RunError` if there is no such run, it is a recorded
    night or not that person's, or nothing is left of it, else as `submit` does.
    """
    folder = own_run(run_id)
    check_owner(folder, person, "resume")
    now = unfinished(run_id)
    if now.active:
        if folder.stop.exists():
            raise RunError(f"run {run_id} is just being stopped; try again in a moment.")
        keep_engine()
        return
    record = folder.record()
    RunReader(folder.path).read()  # raises for a damaged log, which cannot be resumed
    keep_engine()
    remove_file(folder.stop)
    left = reference_seconds(record.config) * (1 - now.state.progress)
    entries.add(run_id, current_user() if person is None else person, address, left)
    delete_failure(run_id)


def stop(run_id: str, *, person: str | None = None) -> None:
    """Stop a night within a step; its finished cycles are kept, and it can be resumed.

    A run that is over stays as it is. ``person`` is who asks: the run's owner, or None for the
    host. Raises `RunError` if there is no such run, and for a recorded night or another person's.
    """
    folder = own_run(run_id)
    check_owner(folder, person, "stop")
    # Not only if it is active: a damaged one may wait or be asleep as well.
    if not (folder.asleep() or entries.contains(run_id)):
        return
    write_text(folder.stop, "")
    lock = acquire(folder.lock)
    if lock is None:  # asleep: the night itself sees the stop
        return
    with lock:
        try:
            # A damaged one cannot say that it was stopped, and says that it is damaged.
            with suppress(LogError), RunLog(folder.path) as log:
                if fold(RunState(), log.earlier).outcome is None:
                    log.append(NightStopped())
        finally:
            entries.remove(run_id)


def unfinished(run_id: str) -> Snapshot:
    """Where a run is of which something is left; raises `RunError` if nothing is."""
    own_run(run_id)
    now = state(run_id)
    if now.status == "done":
        raise RunError(f"run {run_id} is done; there is nothing left of its night.")
    return now


def state(run_id: str) -> Snapshot:
    """Where a run is now; raises `RunError` if there is no such run."""
    return Follower(run_id).update()


def follow(run_id: str) -> Iterator[Event]:
    """The run's events from the first on, each as it comes, until it is over.

    Raises `RunError` for what is not a run and `LogError` for one whose log is damaged.
    """
    find_run(run_id)
    return _events(run_id)


def runs() -> list[str]:
    """The ids of all runs, the oldest first; recorded nights are not among them."""
    return [folder.id for folder in all_runs()]


def delete(run_id: str, *, person: str | None = None) -> None:
    """Remove a run and all its files.

    ``person`` is who asks: the run's owner, or None for the host. Raises `RunError` if the run is
    not over, and for a recorded night or another person's.
    """
    folder = own_run(run_id)
    check_owner(folder, person, "delete")
    lock = acquire(folder.lock)
    with lock or nullcontext():  # or this process would keep it, and the run could not be slept
        if lock is None or entries.contains(run_id):
            raise RunError(f"run {run_id} is waiting or running; stop it first.")
        delete_run(folder)
    delete_failure(run_id)


def current_user() -> str:
    """The user of this machine, by name."""
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (OSError, KeyError):  # a container's user may have no name
        return socket.gethostname()
