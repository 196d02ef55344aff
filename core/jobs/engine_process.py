"""Keeping an engine alive for as long as this program is: started, and started again if killed."""

import functools
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from core.queue.engine_state import EngineState, last_published, publish, take_engine_lock
from core.queue.engine_users import EngineUser, register_user
from core.queue.paths import engine_folder, engine_lock_file, engine_output_file
from core.support import environment
from core.support.locks import held

_LOOK_S = 0.5
_SHORT_LIFE_S = 20.0
_LONGEST_PAUSE_S = 30.0


def keep_engine() -> None:
    """See to it that an engine serves the outputs folder from now on, until this program ends.

    Returns at once, without waiting for the engine to be ready. Raises OSError where the outputs
    folder cannot be written.
    """
    _keep(engine_folder())


@functools.cache
def _keep(folder: Path) -> None:
    """Start keeping an engine, once per program and outputs folder."""
    lease = register_user()
    try:
        child = start_engine()
    except OSError:
        lease.release()  # the next call takes another
        raise
    arguments = (folder, lease, child)
    threading.Thread(target=_look_after, args=arguments, name="engine", daemon=True).start()


def _look_after(folder: Path, lease: EngineUser, child: subprocess.Popen[bytes] | None) -> None:
    children = [child]  # one whose folder was deleted ends after the next has started
    pause = _LOOK_S
    began = time.monotonic()
    while True:
        time.sleep(pause)
        # Also so that a dead one does not stay as a zombie.
        children = [each for each in children if each is not None and each.poll() is None]
        try:
            if engine_folder() != folder:
                continue
            lease = _counting(lease)
            if held(engine_lock_file()):
                pause = _LOOK_S if last_published().ready else pause
                continue
            # Why the last one ended stays told until the new one is ready.
            children.append(start_engine(last_published().problem))
        except OSError:
            pass
        short = time.monotonic() - began < _SHORT_LIFE_S
        pause = min(2 * pause, _LONGEST_PAUSE_S) if short else _LOOK_S
        began = time.monotonic()


def _counting(lease: EngineUser) -> EngineUser:
    """``lease``, or another if its file is gone: the outputs folder was deleted, for example.

    Without a lease that it sees, each engine would end after its grace period.
    """
    if lease.counts():
        return lease
    taken = register_user()
    lease.release()
    return taken


def start_engine(problem: str | None = None) -> subprocess.Popen[bytes] | None:
    """Start an engine in a process of its own; None if there is one already.

    ``problem`` is told until it is ready. Raises OSError where that is not possible.
    """
    lock = take_engine_lock()
    if lock is None:
        return None
    # The engine inherits the lock, so that nobody can start another before it is up.
    with lock, engine_output_file().open("ab") as output:
        # What another told before does not hold any more.
        publish(EngineState(pace=last_published().pace, problem=problem))
        return subprocess.Popen(
            [sys.executable, "-m", "core.engine", str(lock.descriptor)],
            cwd=environment.PROJECT,
            env={**os.environ, **_places()},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=(lock.descriptor,),
            process_group=0,  # Ctrl-C is meant for the program in the terminal, not for its engine
        )


def _places() -> dict[str, str]:
    """Where things lie for this program, for one that starts in another folder."""
    places = {
        "SLEEP_CACHE_DIR": environment.cache_dir(),
        "SLEEP_DATA_DIR": environment.data_dir(),
        "SLEEP_OUTPUTS_DIR": environment.outputs_dir(),
    }
    return {name: str(place.absolute()) for name, place in places.items()}
