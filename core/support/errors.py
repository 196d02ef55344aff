"""What can go wrong for a person, each told in one sentence with the way out."""


class SleepError(Exception):
    """Base of every error whose message is meant for a person, never as a traceback."""


def os_error_sentence(error: OSError) -> str:
    """The sentence for a file that the system does not let us read or write."""
    where = f"{error.filename} cannot be used" if error.filename else "the system refuses"
    return f"{where} ({error.strerror or error}); make room or give access there."


class ConfigError(SleepError, ValueError):
    """A setting is out of bounds; the sentence names the field, the value and the fix."""


class DataError(SleepError):
    """The images of a source could not be had."""


class WeightsError(SleepError):
    """A weights file is missing, damaged or of the wrong shape."""


class DivergedError(SleepError):
    """Training produced numbers that are not finite."""


class LogError(SleepError):
    """A run's files cannot be read; the sentence names file, line and what is wrong."""


class RunError(SleepError):
    """There is no such run, or it is not in a state for what was asked of it."""


class QueueError(SleepError):
    """The queue is full; the sentence says whose limit it is and what to do."""


class EngineError(SleepError):
    """The job engine cannot work; the sentence says why and what to do."""
