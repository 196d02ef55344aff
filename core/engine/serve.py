"""The engine's main process: one per outputs folder, for as long as it has users."""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from multiprocessing import forkserver
from typing import TYPE_CHECKING, NoReturn

from core.engine.housekeeping import start_housekeeping
from core.engine.private_folder import parent_folders, private_folder
from core.queue import engine_state
from core.queue.engine_state import EngineState
from core.queue.engine_users import remove_ended_users
from core.queue.paths import engine_folder, engine_lock_file
from core.queue.problems import engine_problem
from core.support.cpu import available_cores
from core.support.environment import scheduler_address
from core.support.errors import EngineError
from core.support.locks import Lock

if TYPE_CHECKING:
    from core.engine.dispatcher import Dispatcher

_STEP_INTERVAL_S = 0.02
_USERS_INTERVAL_S = 0.5
_HEARTBEAT_INTERVAL_S = 1.0
_NICE_INCREMENT = 5  # the page has priority; the workers inherit this
_GRACE_S = 3.0  # without users, because one command may follow another


def serve(lock: Lock | None = None, *, stay: bool, workers: int | None = None) -> None:
    """Serve the queue of the outputs folder until a signal, or until the engine has no users.

    This function does not return: it ends the process, and with it the workers.

    Parameters
    ----------
    lock : Lock, optional
        The engine's lock, if the starting process has already taken it.
    stay : bool
        Continue without users, until a signal.
    workers : int, optional
        Number of workers of a local cluster; default one per available core.

    Raises
    ------
    EngineError
        If another engine serves the folder, or if the cluster is not available.
    """
    lock = lock or engine_state.take_engine_lock()
    if lock is None:
        raise EngineError("another engine already serves this outputs folder.")
    signal_received = _install_signal_handlers()
    os.nice(_NICE_INCREMENT)
    with ExitStack() as stack:
        try:
            # Before any process starts, because the fork server and all workers inherit it.
            stack.enter_context(private_folder(parent_folders()))
            _serve_queue(stack, lock, signal_received, stay=stay, workers=workers)
        except EngineError as error:
            problem = engine_problem(error)
            _publish(EngineState(slowdown=engine_state.last_published().slowdown, problem=problem))
            raise


def _serve_queue(
    stack: ExitStack,
    lock: Lock,
    signal_received: Callable[[], bool],
    *,
    stay: bool,
    workers: int | None,
) -> NoReturn:
    # The immediate exit below leaves semaphores to Python's resource tracker, which would warn.
    # The tracker starts with the fork server and inherits this setting.
    os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker:UserWarning")
    if scheduler_address() is None:
        _start_fork_server()
    # Imported here, while the fork server imports torch in parallel.
    from core.engine.cluster import address_of_scheduler, connect
    from core.engine.dispatcher import Dispatcher

    _publish(
        replace(engine_state.last_published(), ready=False, pid=os.getpid(), running=(), waiting=())
    )
    with connect(workers or available_cores()) as client:
        start_housekeeping()
        _print(f"ready: {address_of_scheduler(client)}")
        problem = _main_loop(Dispatcher(client), lock, signal_received, stay=stay)
        if problem is not None:
            _print(problem)
        # An immediate exit loses nothing: all results are on disk, and the workers exit with
        # their parent. A regular shutdown would wait for steps whose results are discarded.
        stack.close()
        sys.stdout.flush()
        os._exit(0 if problem is None else 1)


def _start_fork_server() -> None:
    """Start the server that Dask forks the workers from, with their imports preloaded."""
    multiprocessing.set_forkserver_preload(["core.engine.fork_server_imports"])
    forkserver.ensure_running()


def _main_loop(
    dispatcher: "Dispatcher", lock: Lock, signal_received: Callable[[], bool], *, stay: bool
) -> str | None:
    """Step the dispatcher until the engine ends; return a message if it ends early, else None."""
    last_needed = last_users_check = last_heartbeat = time.monotonic()
    while not signal_received():
        if not lock.holds(engine_lock_file()):
            # A new folder of the same name belongs to another engine, so nothing is published.
            return f"ends: its folder {engine_folder()} was deleted."
        dispatcher.step()
        now = time.monotonic()
        if now - last_heartbeat >= _HEARTBEAT_INTERVAL_S:
            last_heartbeat = now
            engine_state.touch_heartbeat()
        if not stay and now - last_users_check >= _USERS_INTERVAL_S:
            last_users_check = now
            if remove_ended_users():
                last_needed = now
            elif now - last_needed > _GRACE_S:
                return None
        time.sleep(_STEP_INTERVAL_S)
    return None


def _install_signal_handlers() -> Callable[[], bool]:
    """Handle SIGTERM, SIGINT and SIGHUP; return a function that returns whether one arrived."""
    received = []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: received.append(True))
    return lambda: bool(received)


def _publish(state: EngineState) -> None:
    with suppress(OSError):  # on a full disk every run reports its own failure
        engine_state.publish(state)


def _print(message: str) -> None:
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} engine {os.getpid()} {message}", flush=True)
