"""A run's folder: what is in it, and how its name leads to it and nowhere else."""

import re
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from core.runs.events import NightStarted
from core.runs.gallery import gallery, is_name
from core.runs.record import LONGEST_PERSON, is_person, record_of
from core.runs.record import RunRecord as RunRecord
from core.schedule.config import RunConfig
from core.support import environment
from core.support.checksums import read_checked_json, write_checked_json
from core.support.errors import ConfigError, LogError, RunError
from core.support.files import make_folder, make_folders, remove_folder
from core.support.locks import held
from core.support.text import shorten
from core.support.versions import versions

SCHEMA = 1  # of everything in a run's folder
ID = r"\d{8}-\d{6}-[0-9a-f]{6}"
_ID = re.compile(ID)


@dataclass(frozen=True)
class RunFolder:
    """Where the files of a run or of a recorded night lie."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def lock(self) -> Path:
        """Held by the process that sleeps the night, for as long as it does."""
        return self.path / "lock"

    @property
    def stop(self) -> Path:
        """Is there when somebody asked for the run to stop."""
        return self.path / "stop"

    @property
    def pin(self) -> Path:
        """Marker file: the run is never removed to make room."""
        return self.path / "pinned"

    @property
    def heartbeat(self) -> Path:
        """Changes as long as the night's steps go on."""
        return self.path / "heartbeat.json"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def record_file(self) -> Path:
        return self.path / "config.json"

    @property
    def recorded(self) -> bool:
        """Whether it is a recorded night, in whose folder nothing is ever written."""
        return self.path.parent == gallery()

    def asleep(self) -> bool:
        """Whether a process sleeps this night now."""
        return not self.recorded and held(self.lock)

    def record(self) -> RunRecord:
        """What the run was asked to do; raises `LogError` that names the file."""
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
                f"{SCHEMA}; "
                "use the version of the program that wrote it."
            )
        try:
            return record_of(values, self.id)
        except ValueError as error:
            raise LogError(f"{self.record_file} {error}.") from None

    def write_record(self, record: RunRecord) -> None:
        """Replace ``config.json``."""
        write_checked_json(self.record_file, {"schema": SCHEMA, **record.to_dict()})

    def note_start(self, night: NightStarted) -> None:
        """Add to ``config.json`` what is known once the night begins."""
        record = self.record()
        begun = replace(
            record,
            device=night.device,
            weights=asdict(night.weights),
            versions=night.versions,
        )
        if begun != record:
            self.write_record(begun)


def runs_dir() -> Path:
    """Where all runs lie; absolute, because workers start elsewhere."""
    return environment.outputs_dir().absolute() / "runs"


def new_run(config: RunConfig, person: str, threads: int | None) -> RunFolder:
    """Make the folder of a new run.

    Raises `ConfigError` for what cannot be a person, and OSError where nothing can be written.
    """
    if not is_person(person):
        odd = shorten(repr(person), 60)
        raise ConfigError(f"person is {odd}; give a text of at most {LONGEST_PERSON} characters.")
    now = datetime.now().astimezone()
    folder = RunFolder(runs_dir() / f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}")
    make_folders(folder.path.parent)
    make_folder(folder.path)
    submitted = now.isoformat(timespec="seconds")
    try:
        folder.write_record(RunRecord(folder.id, submitted, person, threads, config, versions()))
    except BaseException:
        delete_run(folder)  # without a record it is no run
        raise
    return folder


def find_run(run_id: str) -> RunFolder:
    """The folder of a run or of a recorded night, whose name may come from a URL.

    Raises `RunError` if there is none of that name.
    """
    for is_one, place in ((_ID.fullmatch, runs_dir()), (is_name, gallery())):
        if isinstance(run_id, str) and is_one(run_id) and _is_folder(place / run_id):
            return RunFolder(place / run_id)
    raise RunError(
        f"run is {run_id!r}, and there is no run of that name; "
        "`python -m core runs list` names those there are."
    )


def own_run(run_id: str) -> RunFolder:
    """The folder of a run that may be changed; raises `RunError` for a recorded night too."""
    folder = find_run(run_id)
    if folder.recorded:
        raise RunError(
            f"run {run_id} is a recorded night; it can be followed, shown and exported, "
            "and nothing else."
        )
    return folder


def all_runs() -> list[RunFolder]:
    """All runs there are, the oldest first; recorded nights are not among them."""
    try:
        names = sorted(entry.name for entry in runs_dir().iterdir() if _is_folder(entry))
    except FileNotFoundError:
        return []
    return [RunFolder(runs_dir() / name) for name in names if _ID.fullmatch(name)]


def _is_folder(path: Path) -> bool:
    """Whether ``path`` is a folder and no link, which could lead to files of anybody's."""
    return path.is_dir() and not path.is_symlink()


def delete_run(folder: RunFolder) -> None:
    """Remove a run and all its files. It must not be asleep or wanted: see `core.jobs.delete`."""
    remove_folder(folder.path)
