"""A night that is done as a recorded night, which ships with the program."""

import shutil
from dataclasses import replace
from pathlib import Path

from core.errors import ConfigError, RunError
from core.events import Event, NightFailed
from core.files import make_folders, sync_folder, write_bytes
from core.replay import RunState, fold
from core.store import ARRAYS, LOG, RunReader
from core.store.folder import RunFolder, RunRecord, own_run
from core.store.gallery import check_name, gallery
from core.store.locks import acquire

_PERSON = "recorded"  # instead of somebody's name and machine


def keep(run_id: str, name: str) -> Path:
    """Copy the run into the gallery as ``name``, whole or not at all; the folder it is in then.

    Its settings, events and arrays are kept, and nothing of who slept it and where. Raises
    `ConfigError` for a name that is odd or taken, `RunError` for a run that is not done, would
    tell of this machine, or has no place to go to, and `LogError` for a damaged one.
    """
    run = own_run(run_id)
    check_name(name)
    target = gallery() / name
    if target.exists():
        raise ConfigError(f"name is '{name}', which is there already; give another name.")
    record = run.record()
    lock = acquire(run.lock)
    if lock is None:
        raise RunError(f"run {run_id} is in use by another process; try again in a moment.")
    with lock:
        _check(run, record, RunReader(run.path).read())
        # One name for each run, so that what a killed process left is found and removed.
        scratch = RunFolder(gallery() / f".{run_id}.tmp")
        _copy(run, replace(record, run=name, person=_PERSON), scratch, target)
    return target


def _copy(run: RunFolder, record: RunRecord, scratch: RunFolder, target: Path) -> None:
    """Copy ``run``, with ``record`` as its own, to ``target``; raises `RunError`."""
    shutil.rmtree(scratch.path, ignore_errors=True)
    try:
        make_folders(scratch.path / ARRAYS)
        for file in (run.path / LOG, *(run.path / ARRAYS).glob("*.npz")):
            write_bytes(scratch.path / file.relative_to(run.path), file.read_bytes())
        scratch.write_record(record)
        scratch.path.rename(target)
        sync_folder(target.parent)
    except OSError as error:
        raise RunError(
            f"run {run.id} cannot be kept in {gallery()} ({error.strerror or error}); make room or "
            "give access there, or point SLEEP_GALLERY_DIR at another folder."
        ) from None
    finally:
        shutil.rmtree(scratch.path, ignore_errors=True)


def _check(run: RunFolder, record: RunRecord, told: list[Event]) -> None:
    """Raise `RunError` if this night may not be shown to everybody for ever."""
    if fold(RunState(), told).outcome != "done":
        raise RunError(f"run {run.id} is not done; only a whole night is kept as a recorded one.")
    if record.config.weights is not None:
        raise RunError(
            f"run {run.id} starts from weights at '{record.config.weights}', a place on this "
            "machine; keep a night that starts from the program's own."
        )
    if any(isinstance(event, NightFailed) for event in told):
        raise RunError(
            f"run {run.id} failed on its way, in words that may name places on this machine; "
            "sleep the night again and keep that."
        )
