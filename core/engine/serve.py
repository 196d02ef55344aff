"""The engine's process: one for an outputs folder, for as long as anybody needs it."""

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
from core.engine.private_folder import bases, private_folder
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

_TICK_S = 0.02
_LEASES_S = 0.5
_BEAT_S = 1.0
_NICE = 5  # the page goes first; workers inherit it
_GRACE_S = 3.0  # one command may follow another


def serve(lock: Lock | None = None, *, stay: bool, workers: int | None = None) -> None:
    """Serve the outputs folder's queue, until a signal or, without ``stay``, until nobody needs it.

    ``lock`` is the engine's lock, if whoever started this process took it already. Does not
    return: the process ends here, and its workers with it. Raises `EngineError` when another
    engine serves the folder, or the cluster is not to be had.
    """
    lock = lock or engine_state.take_engine_lock()
    if lock is None:
        raise EngineError("an engine serves this outputs folder already.")
    ended = _signals()
    os.nice(_NICE)
    with ExitStack() as stack:
        try:
            # First of all, because the fork server and all workers inherit it.
            stack.enter_context(private_folder(bases()))
            _serve(stack, lock, ended, stay=stay, workers=workers)
        except EngineError as error:
            problem = engine_problem(error)
            _tell(EngineState(pace=engine_state.last_published().pace, problem=problem))
            raise


def _serve(
    stack: ExitStack,
    lock: Lock,
    ended: Callable[[], bool],
    *,
    stay: bool,
    workers: int | None,
) -> NoReturn:
    # Leaving at once, as below, leaves semaphores to Python's tracker, which need not say so. It
    # starts with the fork server.
    os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker:UserWarning")
    if scheduler_address() is None:
        _warm_fork_server()
    # Late, for the fork server imports torch meanwhile.
    from core.engine.cluster import address_of, connect
    from core.engine.dispatcher import Dispatcher

    _tell(
        replace(engine_state.last_published(), ready=False, pid=os.getpid(), asleep=(), waiting=())
    )
    with connect(workers or available_cores()) as client:
        start_housekeeping()
        _say(f"ready: {address_of(client)}")
        problem = _run(Dispatcher(client), lock, ended, stay=stay)
        if problem is not None:
            _say(problem)
        # Nothing is lost by leaving at once: all that counts is on disk, and workers end with
        # their parent. A polite end would wait for steps that are thrown away anyhow.
        stack.close()
        sys.stdout.flush()
        os._exit(0 if problem is None else 1)


def _warm_fork_server() -> None:
    """Start the server that Dask forks our workers from, with all imported that they need."""
    multiprocessing.set_forkserver_preload(["core.engine.fork_server"])
    forkserver.ensure_running()


def _run(
    dispatcher: "Dispatcher", lock: Lock, ended: Callable[[], bool], *, stay: bool
) -> str | None:
    """Work until the engine's end; the sentence for an end before its time, else None."""
    needed = looked = beaten = time.monotonic()
    while not ended():
        if not lock.holds(engine_lock_file()):
            # Another engine may serve a new folder of that name, whose state is not ours to write.
            return f"ends, because its folder {engine_folder()} was deleted."
        dispatcher.step()
        now = time.monotonic()
        if now - beaten >= _BEAT_S:
            beaten = now
            engine_state.touch_heartbeat()
        if not stay and now - looked >= _LEASES_S:
            looked = now
            if remove_ended_users():
                needed = now
            elif now - needed > _GRACE_S:
                return None
        time.sleep(_TICK_S)
    return None


def _signals() -> Callable[[], bool]:
    asked = []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: asked.append(True))
    return lambda: bool(asked)


def _tell(told: EngineState) -> None:
    with suppress(OSError):  # a full disk is each night's own matter
        engine_state.publish(told)


def _say(what: str) -> None:
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} engine {os.getpid()} {what}", flush=True)
