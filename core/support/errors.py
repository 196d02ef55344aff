"""Errors with a message for users: one sentence that states the problem and the remedy."""


class SleepError(Exception):
    """Base class of errors whose message is shown to users without a traceback."""


def os_error_sentence(error: OSError) -> str:
    """Return a sentence about a file that the operating system refuses to read or write."""
    problem = f"{error.filename} cannot be used" if error.filename else "the system refuses"
    return f"{problem} ({error.strerror or error}); make room or give access there."


class ConfigError(SleepError, ValueError):
    """A setting is invalid; the sentence names the setting, its value and the remedy."""


class DataError(SleepError):
    """The images of a source cannot be loaded."""


class WeightsError(SleepError):
    """A weights file is missing or damaged, or a tensor has the wrong name, shape or type."""


class DivergedError(SleepError):
    """Training produced numbers that are not finite."""


class LogError(SleepError):
    """A file of a run is damaged; the sentence names the file, the line and the problem."""


class RunError(SleepError):
    """A run does not exist, or its state does not allow the requested action."""


class QueueError(SleepError):
    """The queue is full; the sentence names the limit and the remedy."""


class EngineError(SleepError):
    """The job engine cannot run; the sentence names the cause and the remedy."""
