"""Submit, follow, stop, resume and delete runs."""

import getpass
import socket
from collections.abc import Iterator
from contextlib import nullcontext, suppress

from core.jobs.engine_process import keep_engine
from core.jobs.follower import Follower, Snapshot, events
from core.jobs.ownership import check_owner
from core.queue import entries
from core.queue.estimates import reference_seconds
from core.queue.failures import delete_failure
from core.runs.events import Event, NightStopped
from core.runs.folder import all_runs, delete_run, find_changeable_run, find_run, new_run
from core.runs.log import RunLog, RunReader
from core.runs.state import RunState, fold
from core.schedule.config import RunConfig
from core.support.errors import LogError, RunError
from core.support.files import remove_file, write_text
from core.support.locks import acquire
from core.support.validation import integer


def submit(
    config: RunConfig,
    *,
    person: str | None = None,
    address: str | None = None,
    threads: int | None = None,
) -> str:
    """Create a run, put it into the queue and return at once.

    Parameters
    ----------
    config : RunConfig
        Settings of the run.
    person : str or None, default None
        Owner of the run. Persons take turns in the queue. None means the user of this machine.
    address : str or None, default None
        Network address of a visitor, to whom more limits apply, see `core.queue.limits`. None
        means that a program of the host submits the run.
    threads : int or None, default None
        Largest number of CPU threads that the run may use, 1 to 1024. None means all cores that
        other runs leave free.

    Returns
    -------
    str
        Id of the run.

    Raises
    ------
    ConfigError
        If ``threads`` is out of range.
    QueueError
        If the run exceeds a limit.
    OSError
        If the outputs folder cannot be written.
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
        delete_run(folder)  # no engine would ever run it
        raise
    return folder.id


def resume(run_id: str, *, person: str | None = None, address: str | None = None) -> None:
    """Put the rest of a stopped, failed or interrupted run into the queue.

    A run that is waiting or running stays as it is.

    Parameters
    ----------
    run_id : str
        Id of the run.
    person : str or None, default None
        Who requests it. A person must own the run; None means the host, who may resume every run.
    address : str or None, default None
        Network address of a visitor, as for `submit`.

    Raises
    ------
    RunError
        If there is no such run, it is a recorded run, another person owns it, it is done, or it
        is being stopped.
    LogError
        If the run's files are damaged.
    QueueError
        If the rest of the run exceeds a limit.
    OSError
        If the outputs folder cannot be written.
    """
    folder = find_changeable_run(run_id)
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
    expected = reference_seconds(record.config) * (1 - now.state.progress)
    entries.add(run_id, current_user() if person is None else person, address, expected)
    delete_failure(run_id)


def stop(run_id: str, *, person: str | None = None) -> None:
    """Stop a run within one training step; its finished cycles are kept, and it can be resumed.

    A run that has ended stays as it is. ``person`` must own the run; None means the host, who may
    stop every run. Raises `RunError` if there is no such run, it is a recorded run, or another
    person owns it.
    """
    folder = find_changeable_run(run_id)
    check_owner(folder, person, "stop")
    # Not `Snapshot.active`, because a run with a damaged log may be waiting or running too.
    if not (folder.is_running() or entries.contains(run_id)):
        return
    write_text(folder.stop, "")
    lock = acquire(folder.lock)
    if lock is None:  # the process that runs it checks for the stop marker
        return
    with lock:
        try:
            # A damaged log takes no event; the run's status is then "failed".
            with suppress(LogError), RunLog(folder.path) as log:
                if fold(RunState(), log.earlier_events).outcome is None:
                    log.append(NightStopped())
        finally:
            entries.remove(run_id)


def unfinished(run_id: str) -> Snapshot:
    """Return the state of a run that is not done. Raises `RunError` if it is done or missing."""
    find_changeable_run(run_id)
    now = state(run_id)
    if now.status == "done":
        raise RunError(f"run {run_id} is done; there is nothing left of its night.")
    return now


def state(run_id: str) -> Snapshot:
    """Return the current state of a run. Raises `RunError` if there is no such run."""
    return Follower(run_id).update()


def follow(run_id: str) -> Iterator[Event]:
    """Yield the run's events from the first one, waiting for each new one until the run has ended.

    Raises `RunError` if there is no such run, and `LogError` if its log is damaged or does not
    contain the run's failure.
    """
    find_run(run_id)
    return events(run_id)


def runs() -> list[str]:
    """Return the ids of all runs, the oldest first, without the recorded runs."""
    return [folder.id for folder in all_runs()]


def delete(run_id: str, *, person: str | None = None) -> None:
    """Delete a run and all its files.

    ``person`` must own the run; None means the host, who may delete every run. Raises `RunError`
    if there is no such run, it is waiting or running, it is a recorded run, or another person
    owns it.
    """
    folder = find_changeable_run(run_id)
    check_owner(folder, person, "delete")
    lock = acquire(folder.lock)
    # Released also after an error, because no other process could run it while this one holds it.
    with lock or nullcontext():
        if lock is None or entries.contains(run_id):
            raise RunError(f"run {run_id} is waiting or running; stop it first.")
        delete_run(folder)
    delete_failure(run_id)


def current_user() -> str:
    """Return the name of this process's user as ``user@host``, or the host alone if unknown."""
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (OSError, KeyError):  # a container's user may have no name
        return socket.gethostname()
