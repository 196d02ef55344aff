"""Paths of the files that clients and the engine share, below the outputs folder."""

from pathlib import Path

from core.support import environment


def engine_folder() -> Path:
    """Folder of the engine's files."""
    return environment.outputs_dir().absolute() / "engine"


def engine_lock_file() -> Path:
    """Lock that the outputs folder's only engine holds."""
    return engine_folder() / "lock"


def engine_state_file() -> Path:
    """State that the engine publishes, see `core.queue.engine_state`."""
    return engine_folder() / "state.json"


def engine_output_file() -> Path:
    """Standard output and standard error of the engine and its workers."""
    return engine_folder() / "output.txt"


def reserved_space_file() -> Path:
    """File that is deleted on a full disk to free space, see `core.queue.failures`."""
    return engine_folder() / "spare"


def engine_users_folder() -> Path:
    """Folder with a locked file per program that uses the engine; without any, the engine exits."""
    return engine_folder() / "leases"


def queue_folder() -> Path:
    """Folder with a file per run that is waiting or running."""
    return environment.outputs_dir().absolute() / "queue"


def address_key_file() -> Path:
    """Key of the hashed network addresses, see `core.queue.addresses`."""
    return queue_folder() / ".address-key"


def failure_file(run_id: str) -> Path:
    """Failure of a run whose log could not take it, see `core.queue.failures`."""
    return engine_folder() / "failed" / f"{run_id}.txt"
