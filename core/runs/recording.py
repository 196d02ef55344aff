"""Copy a finished run into the gallery of recorded nights, which ship with the program."""

import shutil
from dataclasses import replace
from pathlib import Path

from core.runs.arrays import array_files, stored_arrays
from core.runs.events import Event, NightFailed
from core.runs.folder import RunFolder, RunRecord, find_changeable_run
from core.runs.gallery import check_night_name, gallery
from core.runs.log import ARRAYS, LOG, RunReader
from core.runs.state import RunState, fold
from core.support.errors import ConfigError, RunError
from core.support.files import atomic_file, create_folders, sync_folder
from core.support.locks import acquire

_PERSON = "recorded"  # replaces the owner's name and machine


def record_run(run_id: str, name: str) -> Path:
    """Copy a run into the gallery as ``name``, whole or not at all, and return the new folder.

    The copy has the run's settings, events and arrays, but not its owner. Raises `ConfigError` if
    the name is invalid or taken, `RunError` if the run is not done, would reveal paths on this
    machine or cannot be written to the gallery, and `LogError` if it is damaged.
    """
    run = find_changeable_run(run_id)
    check_night_name(name)
    target = gallery() / name
    if target.exists():
        raise ConfigError(f"name is '{name}', which exists already; give another name.")
    record = run.record()
    lock = acquire(run.lock)
    if lock is None:
        raise RunError(f"run {run_id} is in use by another process; try again in a moment.")
    with lock:
        reader = RunReader(run.path, record.config)
        events = reader.read()
        _check(run, record, events)
        # The name depends on the run, so that the folder that a killed process left is replaced.
        scratch = RunFolder(gallery() / f".{run_id}.tmp")
        shutil.rmtree(scratch.path, ignore_errors=True)
        try:
            _copy(reader, events, scratch.path)
            scratch.write_record(replace(record, run=name, person=_PERSON))
            scratch.path.rename(target)
            sync_folder(target.parent)
        except OSError as error:
            raise RunError(
                f"run {run_id} cannot be kept in {gallery()} ({error.strerror or error}); make "
                "room or give access there, or point SLEEP_GALLERY_DIR at another folder."
            ) from None
        finally:
            shutil.rmtree(scratch.path, ignore_errors=True)
    return target


def _copy(reader: RunReader, events: list[Event], folder: Path) -> None:
    """Copy the log and the array files that it names, and no other file, to ``folder``.

    Raises `LogError` if an array is damaged, and OSError if ``folder`` cannot be written.
    """
    create_folders(folder / ARRAYS)
    with atomic_file(folder / LOG) as log:
        reader.copy(log)
    for array in stored_arrays(events):
        array.load()  # raises if it is damaged
    for name, array in array_files(events).items():
        with atomic_file(folder / ARRAYS / name) as file:
            array.copy(file)


def _check(run: RunFolder, record: RunRecord, events: list[Event]) -> None:
    """Raise `RunError` if this night may not be published."""
    if fold(RunState(), events).outcome != "done":
        raise RunError(f"run {run.id} is not done; only a finished night can be recorded.")
    if record.config.weights is not None:
        raise RunError(
            f"run {run.id} starts from weights at '{record.config.weights}', a path on this "
            "machine; record a night that starts from the weights of the program."
        )
    if any(isinstance(event, NightFailed) for event in events):
        raise RunError(
            f"run {run.id} failed before it was resumed, and the error message may name paths on "
            "this machine; run the night again and record that run."
        )
