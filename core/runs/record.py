"""The record in a run's ``config.json``, each field checked by type and form."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from core.runs.values import is_text, is_versions
from core.schedule.config import RunConfig
from core.support.errors import ConfigError
from core.support.text import shorten

LONGEST_PERSON = 100  # characters
MOST_THREADS = 1024
_WEIGHTS = {"origin", "file", "sha256"}


@dataclass(frozen=True)
class RunRecord:
    """The content of ``config.json``: enough to run the night again on any machine.

    ``submitted`` is an ISO time with its zone, ``person`` the owner of the run. ``device`` and
    ``weights`` (origin, file and SHA-256) are known once the night has begun.
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
        """The record as JSON values."""
        return {**asdict(self), "config": self.config.to_dict()}


def record_of(values: Mapping[str, Any], run: str) -> RunRecord:
    """The record that `RunRecord.to_dict` described, which must be that of ``run``.

    Raises ValueError that names the field for anything else.
    """
    known = {field.name for field in fields(RunRecord)}
    if set(values) != known:
        odd = shorten(", ".join(sorted(set(values) ^ known)))
        raise ValueError(f"has missing or unknown fields: {odd}")
    try:
        config = RunConfig.from_dict(values["config"])
    except (ConfigError, TypeError, AttributeError) as error:
        raise ValueError(f"holds no night's settings: {shorten(str(error))}".rstrip(".")) from None
    for name, (is_good, what) in _FORMS.items():
        if not is_good(values[name]):
            odd = shorten(repr(values[name]), 60)
            raise ValueError(f"has the {name} {odd}, which is not {what}")
    if values["run"] != run:
        raise ValueError(f"is that of run {shorten(repr(values['run']), 60)}, and not of {run}")
    return RunRecord(**{**values, "config": config})


def is_person(value: object) -> bool:
    """Whether a record may have ``value`` as the person who asked for the run."""
    return isinstance(value, str) and len(value) <= LONGEST_PERSON


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


def _is_threads(value: object) -> bool:
    return value is None or (
        isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_THREADS
    )


def _is_weights(value: object) -> bool:
    return value is None or (
        isinstance(value, dict) and set(value) == _WEIGHTS and all(map(is_text, value.values()))
    )


_FORMS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "run": (is_text, "a run's name"),
    "submitted": (_is_time, "an ISO time"),
    "person": (is_person, f"a text of at most {LONGEST_PERSON} characters"),
    "threads": (_is_threads, f"a whole number from 1 to {MOST_THREADS}"),
    "versions": (is_versions, "a version for each library"),
    "device": (lambda value: value is None or is_text(value), "a device's name"),
    "weights": (_is_weights, "origin, file and sha256"),
}
