"""What a second thread does during a night: it looks for a stop, and gives signs of life."""

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

_LOOK_S = 0.1  # how long a stop may go unseen
_LOOKS_PER_BEAT = 10


@contextmanager
def monitored(folder: RunFolder, worker: str, lock: Lock) -> Iterator[Check]:
    """Watch ``folder`` for a stop and for its deletion, and write its heartbeat during steps.

    Yields the check to call before every step. It raises `Stopped` once a stop was requested, and
    `RunError` once the file of ``lock``, which is the run's, is gone: the run was deleted, and
    nothing may be written any more. The heartbeat changes only while the check is called: that of
    a slow night does, that of a hung one does not, although its process may be well.
    """
    watch = _Watch(folder, worker, lock)
    thread = threading.Thread(target=watch.look, name=f"watch {folder.id}", daemon=True)
    thread.start()
    try:
        yield watch.check
    finally:
        watch.over.set()
        thread.join()


class _Watch:
    def __init__(self, folder: RunFolder, worker: str, lock: Lock) -> None:
        self._folder = folder
        self._lock = lock
        self._who = {"worker": worker, "host": socket.gethostname(), "pid": os.getpid()}
        self._steps = 0
        self._stop = folder.stop.exists()
        self._deleted = False
        self.over = threading.Event()

    def check(self) -> None:
        self._steps += 1
        if self._deleted:
            raise deletion_error(self._folder)
        if self._stop:
            raise Stopped

    def look(self) -> None:
        told = -1
        looks = 0
        while True:
            self._stop = self._stop or self._folder.stop.exists()
            self._deleted = self._deleted or not self._lock.holds(self._folder.lock)
            if looks % _LOOKS_PER_BEAT == 0 and self._steps != told:
                told = self._steps
                self._beat(told)
            looks += 1
            if self.over.wait(_LOOK_S):
                return

    def _beat(self, steps: int) -> None:
        with suppress(OSError):  # a full disk is found and told by the night's own log
            write_json(self._folder.heartbeat, {**self._who, "steps": steps}, durable=False)


def deletion_error(folder: RunFolder) -> RunError:
    """The error for a run whose files were removed during its night."""
    return RunError(f"run {folder.id} was deleted.")
