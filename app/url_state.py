"""The page's address: which run it shows, and where the dials stand.

An address names only what differs from its base: the settings of the run that it shows, or the
defaults where it shows none. Nonsense in it falls back to the base, with a note for each piece.
"""

from collections.abc import Mapping

from app.settings import SETTINGS, Values, config_of, preset_values
from core.schedule.presets import PRESETS
from core.support.errors import ConfigError
from core.support.validation import lookup

RUN, COMPARED = "run", "with"  # the runs that the page shows
COMPARE = "compare"  # what the next one is compared with
PRESET = "preset"  # a schedule by name, for links made by hand

_LONGEST = 40  # of what is told of a value
_NAMED = 3  # unknown names that are spelled out; the others are counted


def read(address: Mapping[str, str], base: Values) -> tuple[Values, tuple[str, ...]]:
    """Where the dials stand at ``address``, and a sentence for each piece that is not followed."""
    asked: Values = {}
    notes = []
    if PRESET in address:
        try:
            asked |= preset_values(lookup(PRESET, shortened(address[PRESET]), PRESETS))
        except ConfigError as error:
            notes.append(str(error))
    for key in SETTINGS:
        if key not in address:
            continue
        try:
            asked[key] = _value(key, address[key])
        except ConfigError as error:
            notes.append(str(error))
    values, contradiction = _together(base, asked)
    return values, (*notes, *contradiction)


def unknown(address: Mapping[str, str]) -> tuple[str, ...]:
    """A sentence for each name in ``address`` that means nothing; for many, one that counts."""
    known = {*SETTINGS, RUN, COMPARED, COMPARE, PRESET}
    names = [name for name in address if name not in known]
    named = [shortened(name) for name in names[:_NAMED]]
    if len(names) <= _NAMED:
        return tuple(f"{name} is not a setting of this page." for name in named)
    rest = len(names) - _NAMED
    return (f"{', '.join(named)} and {rest} more are not settings of this page.",)


def shortened(text: str) -> str:
    """As much of a value in the address as a sentence shows."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def write(values: Values, base: Values) -> dict[str, str]:
    """What an address says of the dials: those that do not stand where ``base`` has them."""
    return {key: _text(values[key]) for key in SETTINGS if values[key] != base[key]}


def _together(base: Values, asked: Values) -> tuple[Values, tuple[str, ...]]:
    """``base`` with as much of ``asked`` as makes a night, for two may contradict each other."""
    try:
        config_of(base | asked)
    except ConfigError:
        values, notes = dict(base), []
        for key, value in asked.items():
            try:
                config_of({**values, key: value})
            except ConfigError as error:
                told = f"{key} is {_text(value)!r} in the address, but {error}"
                notes.append(str(error) if str(error).startswith(f"{key} ") else told)
            else:
                values[key] = value
        return values, tuple(notes)
    return base | asked, ()


def _value(key: str, text: str) -> int | float | str:
    dial = SETTINGS[key]
    try:
        value = dial.parse(text)
    except (ValueError, OverflowError):
        value = None
    if value is None or not dial.accepts(value):
        raise ConfigError(f"{key} is {shortened(text)!r} in the address; {dial.fix}.")
    return value


def _text(value: int | float | str) -> str:
    if not isinstance(value, float):
        return str(value)
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
