"""The record in a run's ``config.json``, with a check of each field's type and form."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from core.runs.values import is_text, is_version_table
from core.schedule.config import RunConfig
from core.support.errors import ConfigError
from core.support.text import shorten

MAX_PERSON = 100  # characters
_MAX_THREADS = 1024
_WEIGHTS_KEYS = {"origin", "file", "sha256"}


@dataclass(frozen=True)
class RunRecord:
    """The content of ``config.json``: enough to reproduce the run on any machine.

    Attributes
    ----------
    run : str
        Id of the run, or name of the recorded night.
    submitted : str
        ISO 8601 time of submission, with its time zone.
    person : str
        Owner of the run.
    threads : int or None
        Maximum number of CPU threads; None for no maximum.
    config : RunConfig
        Config of the run.
    versions : dict of str to str
        Versions of the libraries, by name.
    device : str or None
        Torch device; None until the night has started.
    weights : dict of str to str, or None
        Origin, file and SHA-256 of the weights the night starts from; None until it has started.
    """

    run: str
    submitted: str
    person: str
    threads: int | None
    config: RunConfig
    versions: dict[str, str]
    device: str | None = None
    weights: dict[str, str] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON values."""
        return {**asdict(self), "config": self.config.to_dict()}


def parse_record(values: Mapping[str, Any], run: str) -> RunRecord:
    """Return the record of ``run`` from the JSON values of `RunRecord.to_dict`.

    Raises ValueError, which names the field, if the values are not a record of this run.
    """
    known = {field.name for field in fields(RunRecord)}
    if set(values) != known:
        differing = shorten(", ".join(sorted(set(values) ^ known)))
        raise ValueError(f"has missing or unknown fields: {differing}")
    try:
        config = RunConfig.from_dict(values["config"])
    except (ConfigError, TypeError, AttributeError) as error:
        reason = shorten(str(error)).rstrip(".")
        raise ValueError(f"does not hold valid settings: {reason}") from None
    for name, (is_valid, form) in _FORMS.items():
        if not is_valid(values[name]):
            value = shorten(repr(values[name]), 60)
            raise ValueError(f"has the {name} {value}, which is not {form}")
    if values["run"] != run:
        raise ValueError(f"belongs to run {shorten(repr(values['run']), 60)} and not to {run}")
    return RunRecord(**{**values, "config": config})


def is_person(value: object) -> bool:
    """Return whether ``value`` can be the owner of a run in its record."""
    return isinstance(value, str) and len(value) <= MAX_PERSON


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


def _is_threads(value: object) -> bool:
    return value is None or (
        isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _MAX_THREADS
    )


def _is_weights(value: object) -> bool:
    if not isinstance(value, dict):
        return value is None
    return set(value) == _WEIGHTS_KEYS and all(map(is_text, value.values()))


_FORMS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "run": (is_text, "the name of a run"),
    "submitted": (_is_time, "an ISO time"),
    "person": (is_person, f"a text of at most {MAX_PERSON} characters"),
    "threads": (_is_threads, f"a whole number from 1 to {_MAX_THREADS}"),
    "versions": (is_version_table, "a version for each library"),
    "device": (lambda value: value is None or is_text(value), "the name of a device"),
    "weights": (_is_weights, "origin, file and sha256"),
}
