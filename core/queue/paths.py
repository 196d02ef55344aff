"""Where the engine and those who use it meet: files below the outputs folder."""

from pathlib import Path

from core.support import environment


def engine_folder() -> Path:
    """The engine's own folder."""
    return environment.outputs_dir().absolute() / "engine"


def engine_lock_file() -> Path:
    """Held by the engine that serves this outputs folder; there is one at most."""
    return engine_folder() / "lock"


def engine_state_file() -> Path:
    """What the engine tells about itself and its queue."""
    return engine_folder() / "state.json"


def engine_output_file() -> Path:
    """What the engine and its workers print."""
    return engine_folder() / "output.txt"


def reserved_space_file() -> Path:
    """Room on the disk that is given up when it is full, so that failures can be written."""
    return engine_folder() / "spare"


def engine_users_folder() -> Path:
    """A lock for each program that needs the engine; without any, it ends."""
    return engine_folder() / "leases"


def queue_folder() -> Path:
    """A file for each run that waits or is asleep."""
    return environment.outputs_dir().absolute() / "queue"


def address_key_file() -> Path:
    """The key of the names that the queue has for network addresses."""
    return queue_folder() / ".address-key"


def failure_file(run_id: str) -> Path:
    """Why a run failed whose own folder could not be written."""
    return engine_folder() / "failed" / f"{run_id}.txt"
