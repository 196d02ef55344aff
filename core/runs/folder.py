"""The folder of a run: its files, and the safe lookup of a run by its id."""

import re
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from core.runs.events import NightStarted
from core.runs.gallery import gallery, is_night_name
from core.runs.record import MAX_PERSON, is_person, parse_record
from core.runs.record import RunRecord as RunRecord
from core.schedule.config import RunConfig
from core.support import environment
from core.support.checksums import read_checked_json, write_checked_json
from core.support.errors import ConfigError, LogError, RunError
from core.support.files import create_folder, create_folders, remove_folder
from core.support.locks import is_locked
from core.support.text import shorten
from core.support.versions import versions

SCHEMA = 1  # version of the format of all files in a run's folder
ID = r"\d{8}-\d{6}-[0-9a-f]{6}"
_ID = re.compile(ID)


@dataclass(frozen=True)
class RunFolder:
    """The paths of the files of a run or a recorded night."""

    path: Path

    @property
    def id(self) -> str:
        """The id of the run, or the name of the recorded night."""
        return self.path.name

    @property
    def lock(self) -> Path:
        """Lock file: held by the process that runs the night."""
        return self.path / "lock"

    @property
    def stop(self) -> Path:
        """Marker file: a stop was requested."""
        return self.path / "stop"

    @property
    def pin(self) -> Path:
        """Marker file: the run is never removed to free disk space."""
        return self.path / "pinned"

    @property
    def heartbeat(self) -> Path:
        """File that is rewritten while the night's steps advance."""
        return self.path / "heartbeat.json"

    @property
    def checkpoints(self) -> Path:
        """Folder of the night's checkpoints."""
        return self.path / "checkpoints"

    @property
    def record_file(self) -> Path:
        """File with the run's `RunRecord`."""
        return self.path / "config.json"

    @property
    def recorded(self) -> bool:
        """Whether this is a recorded night, whose folder is never written to."""
        return self.path.parent == gallery()

    def is_running(self) -> bool:
        """Return whether a process is running this night."""
        return not self.recorded and is_locked(self.lock)

    def record(self) -> RunRecord:
        """Read the run's record; raises `LogError`, which names the file, if it is damaged."""
        try:
            values = read_checked_json(self.record_file)
        except OSError as error:
            reason = error.strerror or error
            raise LogError(f"{self.record_file} cannot be read ({reason}).") from None
        except ValueError as error:
            raise LogError(f"{self.record_file} is damaged: {error}.") from None
        return self._record(values)

    def _record(self, values: dict[str, Any]) -> RunRecord:
        schema = values.pop("schema", None)
        if schema != SCHEMA:
            raise LogError(
                f"{self.record_file} has schema {shorten(repr(schema), 60)} and this program reads "
                f"{SCHEMA}; use the version of the program that wrote it."
            )
        try:
            return parse_record(values, self.id)
        except ValueError as error:
            raise LogError(f"{self.record_file} {error}.") from None

    def write_record(self, record: RunRecord) -> None:
        """Replace ``config.json``."""
        write_checked_json(self.record_file, {"schema": SCHEMA, **record.to_dict()})

    def record_start(self, night: NightStarted) -> None:
        """Write the night's device, weights and library versions to ``config.json``."""
        record = self.record()
        started = replace(
            record,
            device=night.device,
            weights=asdict(night.weights),
            versions=night.versions,
        )
        if started != record:
            self.write_record(started)


def runs_dir() -> Path:
    """Return the folder of all runs; absolute, as workers have another working directory."""
    return environment.outputs_dir().absolute() / "runs"


def new_run(config: RunConfig, person: str, threads: int | None) -> RunFolder:
    """Create the folder of a new run.

    Parameters
    ----------
    config : RunConfig
        Config of the run.
    person : str
        Owner of the run.
    threads : int or None
        Maximum number of CPU threads; None for no maximum.

    Returns
    -------
    RunFolder
        The new folder, which holds only the run's record.

    Raises
    ------
    ConfigError
        If ``person`` is not a text of at most 100 characters.
    OSError
        If the folder cannot be written.
    """
    if not is_person(person):
        value = shorten(repr(person), 60)
        raise ConfigError(f"person is {value}; give a text of at most {MAX_PERSON} characters.")
    now = datetime.now().astimezone()
    folder = RunFolder(runs_dir() / f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}")
    create_folders(folder.path.parent)
    create_folder(folder.path)
    submitted = now.isoformat(timespec="seconds")
    try:
        folder.write_record(RunRecord(folder.id, submitted, person, threads, config, versions()))
    except BaseException:
        delete_run(folder)  # a folder without a record is not a run
        raise
    return folder


def find_run(run_id: str) -> RunFolder:
    """Return the folder of a run or a recorded night; ``run_id`` may come from a URL.

    Raises `RunError` if there is no such run.
    """
    for is_valid, parent in ((_ID.fullmatch, runs_dir()), (is_night_name, gallery())):
        if isinstance(run_id, str) and is_valid(run_id) and _is_folder(parent / run_id):
            return RunFolder(parent / run_id)
    raise RunError(
        f"run is {run_id!r}, and there is no run of that name; "
        "`python -m core runs list` lists the runs."
    )


def find_changeable_run(run_id: str) -> RunFolder:
    """Return the folder of a run that may be changed.

    Raises `RunError` if there is no such run or it is a recorded night.
    """
    folder = find_run(run_id)
    if folder.recorded:
        raise RunError(
            f"run {run_id} is a recorded night; it can only be followed, shown and exported."
        )
    return folder


def all_runs() -> list[RunFolder]:
    """Return all runs, oldest first, without the recorded nights."""
    try:
        names = sorted(entry.name for entry in runs_dir().iterdir() if _is_folder(entry))
    except FileNotFoundError:
        return []
    return [RunFolder(runs_dir() / name) for name in names if _ID.fullmatch(name)]


def _is_folder(path: Path) -> bool:
    """Return whether ``path`` is a folder and not a link, which could lead anywhere."""
    return path.is_dir() and not path.is_symlink()


def delete_run(folder: RunFolder) -> None:
    """Delete a run and all its files; `core.jobs.delete` first checks that it is not in use."""
    remove_folder(folder.path)
