"""Monitor of a run in a second thread: detect a stop request and write the heartbeat file."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from core.runs.folder import RunFolder
from core.support.errors import RunError
from core.support.files import write_json
from core.support.locks import Lock
from core.support.stopping import Check, Stopped

POLL_S = 0.1  # the longest time until a stop request is detected
POLLS_PER_HEARTBEAT = 10


@contextmanager
def monitor_run(
    folder: RunFolder, worker: str, lock: Lock, poll_s: float = POLL_S
) -> Iterator[Check]:
    """Monitor a run and yield the function that its training calls before every step.

    The heartbeat changes only while this function is called. So the heartbeat of a slow run
    changes, and that of a hung run does not, although its process still runs.

    Parameters
    ----------
    folder : RunFolder
        Folder of the run. Its stop file is polled and its heartbeat file is written.
    worker : str
        Address of the worker, written to the heartbeat file.
    lock : Lock
        The run's lock, held by this process.
    poll_s : float, default POLL_S
        Seconds between two polls.

    Yields
    ------
    Check
        Raises `Stopped` once a stop was requested, and `RunError` once the file of ``lock`` is
        gone: the run was deleted, and nothing may be written any more.
    """
    monitor = _Monitor(folder, worker, lock, poll_s)
    name = f"monitor {folder.id}"
    thread = threading.Thread(target=monitor.poll_until_over, name=name, daemon=True)
    thread.start()
    try:
        yield monitor.check
    finally:
        monitor.over.set()
        thread.join()


class _Monitor:
    def __init__(self, folder: RunFolder, worker: str, lock: Lock, poll_s: float) -> None:
        self._folder = folder
        self._lock = lock
        self._poll_s = poll_s
        self._process = {"worker": worker, "host": socket.gethostname(), "pid": os.getpid()}
        self._steps = 0
        self._stop_requested = folder.stop.exists()
        self._deleted = False
        self.over = threading.Event()

    def check(self) -> None:
        self._steps += 1
        if self._deleted:
            raise deletion_error(self._folder)
        if self._stop_requested:
            raise Stopped

    def poll_until_over(self) -> None:
        written_steps = -1
        polls = 0
        while True:
            self._stop_requested = self._stop_requested or self._folder.stop.exists()
            self._deleted = self._deleted or not self._lock.holds(self._folder.lock)
            if polls % POLLS_PER_HEARTBEAT == 0 and self._steps != written_steps:
                written_steps = self._steps
                self._write_heartbeat(written_steps)
            polls += 1
            if self.over.wait(self._poll_s):
                return

    def _write_heartbeat(self, steps: int) -> None:
        with suppress(OSError):  # the run's log reports a full disk
            write_json(self._folder.heartbeat, {**self._process, "steps": steps}, durable=False)


def deletion_error(folder: RunFolder) -> RunError:
    """Return the error of a run whose files were removed while it was running."""
    return RunError(f"run {folder.id} was deleted.")
