"""Where the engine and those who use it meet: files below the outputs folder."""

from pathlib import Path

from core.support import environment


def engine_dir() -> Path:
    """The engine's own folder."""
    return environment.outputs_dir().absolute() / "engine"


def engine_lock() -> Path:
    """Held by the engine that serves this outputs folder; there is one at most."""
    return engine_dir() / "lock"


def engine_state() -> Path:
    """What the engine tells about itself and its queue."""
    return engine_dir() / "state.json"


def engine_output() -> Path:
    """What the engine and its workers print."""
    return engine_dir() / "output.txt"


def engine_spare() -> Path:
    """Room on the disk that is given up when it is full, so that failures can be written."""
    return engine_dir() / "spare"


def leases_dir() -> Path:
    """A lock for each program that needs the engine; without any, it ends."""
    return engine_dir() / "leases"


def queue_dir() -> Path:
    """A file for each run that waits or is asleep."""
    return environment.outputs_dir().absolute() / "queue"


def address_key() -> Path:
    """The key of the names that the queue has for network addresses."""
    return queue_dir() / ".address-key"


def failure_of(run_id: str) -> Path:
    """Why a run failed whose own folder could not be written."""
    return engine_dir() / "failed" / f"{run_id}.txt"
