"""A night that is done as a recorded night, which ships with the program."""

import shutil
from dataclasses import replace
from pathlib import Path

from core.runs.arrays import arrays_of, files_of
from core.runs.events import Event, NightFailed
from core.runs.folder import RunFolder, RunRecord, own_run
from core.runs.gallery import check_name, gallery
from core.runs.log import ARRAYS, LOG, RunReader
from core.runs.state import RunState, fold
from core.support.errors import ConfigError, RunError
from core.support.files import atomic_file, make_folders, sync_folder
from core.support.locks import acquire

_PERSON = "recorded"  # instead of somebody's name and machine


def record_run(run_id: str, name: str) -> Path:
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
        reader = RunReader(run.path, record.config)
        told = reader.read()
        _check(run, record, told)
        # One name for each run, so that what a killed process left is found and removed.
        scratch = RunFolder(gallery() / f".{run_id}.tmp")
        shutil.rmtree(scratch.path, ignore_errors=True)
        try:
            _copy(reader, told, scratch.path)
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


def _copy(reader: RunReader, told: list[Event], folder: Path) -> None:
    """Copy the log and the arrays that it names, and no other file, to ``folder``.

    Raises `LogError` for an array that is damaged, and OSError where nothing can be written.
    """
    make_folders(folder / ARRAYS)
    with atomic_file(folder / LOG) as log:
        reader.copy(log)
    for array in arrays_of(told):
        array.load()  # for it is shown to everybody
    for name, array in files_of(told).items():
        with atomic_file(folder / ARRAYS / name) as file:
            array.copy(file)


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
