"""The page's address: the runs that it shows, and the values of the controls.

An address contains only what differs from a base: the settings of the run that it shows, or the
defaults. Invalid parts of it fall back to the base, with one note each.
"""

from collections.abc import Mapping

from app.settings import SETTINGS, Value, Values, config_of, preset_values
from core.schedule.presets import PRESETS
from core.support.errors import ConfigError
from core.support.validation import lookup

RUN, COMPARED = "run", "with"  # ids of the shown runs
COMPARE = "compare"  # name of the condition of the next run
PRESET = "preset"  # a schedule by name, for links written by hand

_MAX_SHOWN = 40  # characters of a value in a note
_MAX_NAMED = 3  # unknown names that a note lists; it counts the others


def read(address: Mapping[str, str], base: Values) -> tuple[Values, tuple[str, ...]]:
    """Return the values at ``address``, and one sentence for each invalid part of it."""
    given: Values = {}
    notes = []
    if PRESET in address:
        try:
            given |= preset_values(lookup(PRESET, shortened(address[PRESET]), PRESETS))
        except ConfigError as error:
            notes.append(str(error))
    for key in SETTINGS:
        if key not in address:
            continue
        try:
            given[key] = _parsed(key, address[key])
        except ConfigError as error:
            notes.append(str(error))
    values, contradictions = _combine(base, given)
    return values, (*notes, *contradictions)


def unknown(address: Mapping[str, str]) -> tuple[str, ...]:
    """Return a sentence for each unknown name in ``address``; one that counts if there are many."""
    known = {*SETTINGS, RUN, COMPARED, COMPARE, PRESET}
    names = [name for name in address if name not in known]
    listed = [shortened(name) for name in names[:_MAX_NAMED]]
    if len(names) <= _MAX_NAMED:
        return tuple(f"{name} is not a setting of this page." for name in listed)
    rest = len(names) - _MAX_NAMED
    return (f"{', '.join(listed)} and {rest} more are not settings of this page.",)


def shortened(text: str) -> str:
    """Return ``text`` from the address, cut to the length that a note shows."""
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 1]}…"


def write(values: Values, base: Values) -> dict[str, str]:
    """Return the parameters of the address: the values that differ from ``base``."""
    return {key: _text(values[key]) for key in SETTINGS if values[key] != base[key]}


def _combine(base: Values, given: Values) -> tuple[Values, tuple[str, ...]]:
    """``base`` with as much of ``given`` as is valid together; two values may contradict."""
    try:
        config_of(base | given)
    except ConfigError:
        values, notes = dict(base), []
        for key, value in given.items():
            try:
                config_of({**values, key: value})
            except ConfigError as error:
                contradiction = f"{key} is {_text(value)!r} in the address, but {error}"
                is_about_key = str(error).startswith(f"{key} ")
                notes.append(str(error) if is_about_key else contradiction)
            else:
                values[key] = value
        return values, tuple(notes)
    return base | given, ()


def _parsed(key: str, text: str) -> Value:
    setting = SETTINGS[key]
    try:
        value = setting.parse(text)
    except (ValueError, OverflowError):
        value = None
    if value is None or not setting.accepts(value):
        raise ConfigError(f"{key} is {shortened(text)!r} in the address; {setting.hint}.")
    return value


def _text(value: Value) -> str:
    if not isinstance(value, float):
        return str(value)
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
