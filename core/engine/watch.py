"""What goes on beside a night while it is slept: looking for a stop, and giving signs of life."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from core.files import write_json
from core.stopping import Check, Stopped
from core.store.folder import RunFolder

_LOOK_S = 0.1  # how long a stop may go unseen
_LOOKS_PER_BEAT = 10


@contextmanager
def watched(folder: RunFolder, worker: str) -> Iterator[Check]:
    """Watch ``folder`` for a stop, and write its heartbeat while steps go on.

    Yields the check to call before every step: it raises `Stopped` once a stop was seen. The
    heartbeat changes only while the check is called: a slow night's does, a hung one's does not,
    although its process may be well.
    """
    watch = _Watch(folder, worker)
    thread = threading.Thread(target=watch.look, name=f"watch {folder.id}", daemon=True)
    thread.start()
    try:
        yield watch.check
    finally:
        watch.over.set()
        thread.join()


class _Watch:
    def __init__(self, folder: RunFolder, worker: str) -> None:
        self._folder = folder
        self._who = {"worker": worker, "host": socket.gethostname(), "pid": os.getpid()}
        self._steps = 0
        self._stop = folder.stop.exists()
        self.over = threading.Event()

    def check(self) -> None:
        self._steps += 1
        if self._stop:
            raise Stopped

    def look(self) -> None:
        told = -1
        looks = 0
        while True:
            self._stop = self._stop or self._folder.stop.exists()
            if looks % _LOOKS_PER_BEAT == 0 and self._steps != told:
                told = self._steps
                self._beat(told)
            looks += 1
            if self.over.wait(_LOOK_S):
                return

    def _beat(self, steps: int) -> None:
        with suppress(OSError):  # a full disk is found and told by the night's own log
            write_json(self._folder.heartbeat, {**self._who, "steps": steps}, durable=False)
