"""The results of a run: JSON, figures, or one sentence per dataset."""

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from core.cli.terminal import print_error, print_lines
from core.runs.measures import ERROR, RECALL_ACCURACY, Measure, Memory
from core.runs.results import summary, values_by_cycle
from core.runs.state import RunState
from core.runs.statistics import mean_interval
from core.support.errors import ConfigError
from core.support.files import write_text


@dataclass(frozen=True)
class Results:
    """Files for the results of a run.

    ``json`` is a file, "-" for standard output, or None; unless it is "-", sentences are printed
    on standard output. ``pdf`` is a file for the figures, or None.
    """

    json: str | None
    pdf: str | None

    def check(self) -> None:
        """Raise `ConfigError`, which names the option, if a file cannot be written.

        Called before the run, so that no run ends without its results.
        """
        if self.json != "-":
            check_writable("json", self.json)
        check_writable("pdf", self.pdf)

    def write(self, state: RunState) -> None:
        """Write the results of a finished run."""
        if state.night is not None and state.night.device_note:
            print_error(f"device: {state.night.device_note}")
        if self.pdf is not None:
            from core.runs.report import write_pdf  # imported late: matplotlib takes a second

            write_pdf(state, Path(self.pdf))
        text = json.dumps(summary(state), indent=1, allow_nan=False) + "\n"
        if self.json == "-":
            sys.stdout.write(text)
        elif self.json is not None:
            write_text(Path(self.json), text)
        if self.json != "-":
            print_lines(*result_sentences(state))


def check_writable(name: str, value: str | None) -> None:
    """Raise `ConfigError` if the path ``value`` of the option ``name`` cannot be written."""
    if value is None:
        return
    path = Path(value)
    if path.is_dir():
        raise ConfigError(f"{name} is {value!r}, which is a folder; give a file name.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise ConfigError(
            f"{name} is {value!r}, but nothing can be written there ({error}); "
            "choose another place."
        ) from None


def result_sentences(state: RunState) -> list[str]:
    """Return one sentence per dataset about its measures; [] before the first measurement."""
    if state.night is None or not state.cycles:
        return []
    return [
        f"{memory} memories, {getattr(state.night, memory.field)}: "
        f"{ERROR.label} {_change(state, memory, ERROR)}; "
        f"{RECALL_ACCURACY.label} {_change(state, memory, RECALL_ACCURACY)}{_note(state)}"
        for memory in Memory
    ]


def _change(state: RunState, memory: Memory, measure: Measure) -> str:
    """Return the mean over seeds before the night and after the last finished cycle."""
    seeds = values_by_cycle(state, memory, measure)
    first, last = (mean_interval([values[index] for values in seeds]) for index in (0, -1))
    text = f"{measure.format(first.mean)} before the night"
    cycles = state.finished_cycles
    if cycles == 0:
        return text
    interval = "" if last.half_width is None else f" ± {measure.format_width(last.half_width)}"
    when = "after it" if state.outcome == "done" else f"after cycle {cycles}"
    return f"{text}, {measure.format(last.mean)}{interval} {when}"


def _note(state: RunState) -> str:
    several = len(values_by_cycle(state, Memory.OLD, ERROR)) > 1
    return " (± 95 % confidence interval over seeds)" if several and len(state.cycles) > 1 else ""
