"""Problems of runs and of the engine: a code, its parameters, and the sentence built from both."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from string import Formatter

from core.support.errors import EngineError

Parameter = str | int


class ProblemCode(StrEnum):
    """Kind of a problem. The engine's state file stores these values.

    Every problem of a run has the parameters ``run``, its id, and ``reason``.
    """

    RUN_FAILED = "run_failed"
    """The last event in the run's log is a failure."""

    RUN_FAILED_UNLOGGED = "run_failed_unlogged"
    """The run failed and its log does not contain the failure."""

    LOG_DAMAGED = "log_damaged"
    """The run's log cannot be read. The reason names the file and the line."""

    RECORD_DAMAGED = "record_damaged"
    """The run's record cannot be read. The reason names the file."""

    FILES_UNREADABLE = "files_unreadable"
    """The run's folder cannot be read."""

    SCHEDULER_UNREACHABLE = "scheduler_unreachable"
    """No Dask scheduler answers at the configured address. Parameters: address, reason."""

    ENGINE_FAILED = "engine_failed"
    """The engine exited with an error. Parameter: reason."""

    ENGINE_SILENT = "engine_silent"
    """The engine's process is running but does not respond. Parameters: pid, since."""

    ENGINE_START_SILENT = "engine_start_silent"
    """The engine's process has been starting for too long. Parameter: since."""


_NO_ANSWER = (
    "has not answered since {since}, so no run can start; if it does not recover, end that "
    "process, and the page or a waiting command starts another."
)
_TEMPLATES = {
    ProblemCode.RUN_FAILED: "{reason}",
    ProblemCode.RUN_FAILED_UNLOGGED: "{reason}",
    ProblemCode.LOG_DAMAGED: "{reason}",
    ProblemCode.RECORD_DAMAGED: "{reason}",
    ProblemCode.FILES_UNREADABLE: "the files of run {run} cannot be read ({reason}).",
    ProblemCode.SCHEDULER_UNREACHABLE: (
        "DASK_SCHEDULER_ADDRESS is '{address}', and no scheduler answers there ({reason}); "
        "start one or unset the variable."
    ),
    ProblemCode.ENGINE_FAILED: "{reason}",
    ProblemCode.ENGINE_SILENT: f"the job engine (process {{pid}}) {_NO_ANSWER}",
    ProblemCode.ENGINE_START_SILENT: f"the job engine (its process is starting) {_NO_ANSWER}",
}


@dataclass(frozen=True)
class Problem:
    """Problem of a run or of the engine. Programs compare ``code``, people read ``sentence``.

    ``parameters`` holds the values that the sentence of ``code`` contains, see `ProblemCode`.
    Raises ValueError if one of them is missing.
    """

    code: ProblemCode
    parameters: Mapping[str, Parameter]

    def __post_init__(self) -> None:
        names = {name for _, name, _, _ in Formatter().parse(_TEMPLATES[self.code]) if name}
        if missing := names - self.parameters.keys():
            raise ValueError(f"problem {self.code} lacks {', '.join(sorted(missing))}")

    @property
    def sentence(self) -> str:
        """The problem as one English sentence, with what to do about it where that is known."""
        return _TEMPLATES[self.code].format_map(self.parameters)

    def __str__(self) -> str:
        return self.sentence

    @classmethod
    def from_values(cls, values: Mapping[str, object]) -> "Problem":
        """Return the problem that a JSON object with "code" and "parameters" describes.

        Raises KeyError, TypeError or ValueError for any other object.
        """
        parameters = values["parameters"]
        if not isinstance(parameters, dict):
            raise TypeError(f"parameters is {type(parameters).__name__}, not an object")
        return cls(ProblemCode(str(values["code"])), parameters)


class EngineProblemError(EngineError):
    """Engine error that carries its problem; the message is the problem's sentence."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.sentence)
        self.problem = problem


def engine_problem(error: EngineError) -> Problem:
    """Return the problem that ``error`` carries, or its message with code ENGINE_FAILED."""
    if isinstance(error, EngineProblemError):
        return error.problem
    return Problem(ProblemCode.ENGINE_FAILED, {"reason": str(error)})
