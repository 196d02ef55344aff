"""What can go wrong for a person, each told in one sentence with the way out."""


class SleepError(Exception):
    """Base of every error whose message is meant for a person, never as a traceback."""


class ConfigError(SleepError, ValueError):
    """A setting is out of bounds; the sentence names the field, the value and the fix."""


class DataError(SleepError):
    """The images of a source could not be had."""


class WeightsError(SleepError):
    """A weights file is missing, damaged or of the wrong shape."""


class DivergedError(SleepError):
    """Training produced numbers that are not finite."""
