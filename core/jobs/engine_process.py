"""Start the engine, and restart it after a crash, for as long as this program runs."""

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
from core.queue.problems import Problem
from core.support import environment
from core.support.locks import is_locked

_CHECK_INTERVAL_S = 0.5
_SHORT_LIFE_S = 20.0  # an engine that exits sooner is restarted only after a longer pause
_LONGEST_PAUSE_S = 30.0


def keep_engine() -> None:
    """Keep an engine running for the outputs folder until this program ends.

    Returns at once, without waiting until the engine is ready. Later calls do nothing. Raises
    OSError if the outputs folder cannot be written.
    """
    _start_supervisor(engine_folder())


@functools.cache
def _start_supervisor(folder: Path) -> None:
    """Start an engine and a thread that restarts it, once per program and outputs folder."""
    user = register_user()
    try:
        child = start_engine()
    except OSError:
        user.release()  # the next call registers again
        raise
    arguments = (folder, user, child)
    threading.Thread(target=_supervise, args=arguments, name="engine", daemon=True).start()


def _supervise(folder: Path, user: EngineUser, child: subprocess.Popen[bytes] | None) -> None:
    # Several, because an engine whose folder was deleted exits after the next one has started.
    children = [child]
    pause = _CHECK_INTERVAL_S
    started = time.monotonic()
    while True:
        time.sleep(pause)
        # `poll` also reaps an engine that has exited, which would remain as a zombie.
        children = [child for child in children if child is not None and child.poll() is None]
        try:
            if engine_folder() != folder:
                continue
            user = _registered(user)
            if is_locked(engine_lock_file()):
                pause = _CHECK_INTERVAL_S if last_published().ready else pause
                continue
            # The problem of the last engine stays published until the new one is ready.
            children.append(start_engine(last_published().problem))
        except OSError:
            pass
        short_life = time.monotonic() - started < _SHORT_LIFE_S
        pause = min(2 * pause, _LONGEST_PAUSE_S) if short_life else _CHECK_INTERVAL_S
        started = time.monotonic()


def _registered(user: EngineUser) -> EngineUser:
    """Return ``user``, or a new registration if its file was deleted with the outputs folder.

    Without a registered user each engine would exit after its grace period.
    """
    if user.is_registered():
        return user
    new_user = register_user()
    user.release()
    return new_user


def start_engine(problem: Problem | None = None) -> subprocess.Popen[bytes] | None:
    """Start an engine in a new process; return None if an engine is running already.

    ``problem`` is published until the engine is ready. Raises OSError if it cannot be started.
    """
    lock = take_engine_lock()
    if lock is None:
        return None
    # The engine inherits the lock, so that no other process can start one while it starts.
    with lock, engine_output_file().open("ab") as output:
        # Overwrite the state of the last engine, except for the measured slowdown.
        publish(EngineState(slowdown=last_published().slowdown, problem=problem))
        return subprocess.Popen(
            [sys.executable, "-m", "core.engine", str(lock.descriptor)],
            cwd=environment.PROJECT,
            env={**os.environ, **_folder_variables()},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=(lock.descriptor,),
            process_group=0,  # Ctrl-C in the terminal interrupts this program, not the engine
        )


def _folder_variables() -> dict[str, str]:
    """Return this program's folders as absolute paths, because the engine starts elsewhere."""
    folders = {
        "SLEEP_CACHE_DIR": environment.cache_dir(),
        "SLEEP_DATA_DIR": environment.data_dir(),
        "SLEEP_OUTPUTS_DIR": environment.outputs_dir(),
    }
    return {name: str(folder.absolute()) for name, folder in folders.items()}
