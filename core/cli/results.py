"""What a night comes out as: JSON, figures, or a sentence for each of its two datasets."""

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from core.cli.terminal import say, tell
from core.runs.measures import ERROR, RECALL_ACCURACY, Measure, Memory
from core.runs.results import summary, values_by_cycle
from core.runs.state import RunState
from core.runs.statistics import mean_interval
from core.support.errors import ConfigError
from core.support.files import write_text


@dataclass(frozen=True)
class Results:
    """Where a night's numbers go: ``json`` "-" is standard output; without it, words go there."""

    json: str | None
    pdf: str | None

    def check(self) -> None:
        """Find out before the night, not after it, that its result has nowhere to go.

        Raises `ConfigError` that names the option.
        """
        if self.json != "-":
            check_writable("json", self.json)
        check_writable("pdf", self.pdf)

    def write(self, state: RunState) -> None:
        """Write the results of a night that is done."""
        if state.night is not None and state.night.device_note:
            tell(f"device: {state.night.device_note}")
        if self.pdf is not None:
            from core.runs.report import write_pdf  # it takes a second

            write_pdf(state, Path(self.pdf))
        text = json.dumps(summary(state), indent=1, allow_nan=False) + "\n"
        if self.json == "-":
            sys.stdout.write(text)
        elif self.json is not None:
            write_text(Path(self.json), text)
        if self.json != "-":
            say(*in_words(state))


def check_writable(name: str, given: str | None) -> None:
    """Raise `ConfigError` if ``given``, the value of option ``name``, cannot be written."""
    if given is None:
        return
    path = Path(given)
    if path.is_dir():
        raise ConfigError(f"{name} is {given!r}, which is a folder; give a file name.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise ConfigError(
            f"{name} is {given!r}, but nothing can be written there ({error}); "
            "choose another place."
        ) from None


def in_words(state: RunState) -> list[str]:
    """How both datasets fared so far, a sentence each; [] before anything was measured."""
    if state.night is None or not state.cycles:
        return []
    return [
        f"{memory} memories, {getattr(state.night, memory.field)}: "
        f"error {_change(state, memory, ERROR)}; "
        f"recall accuracy {_change(state, memory, RECALL_ACCURACY)}{_note(state)}"
        for memory in Memory
    ]


def _change(state: RunState, memory: Memory, measure: Measure) -> str:
    """A measure's mean over seeds before the night, and what became of it."""
    seeds = values_by_cycle(state, memory, measure)
    before, now = (mean_interval([seed[at] for seed in seeds]) for at in (0, -1))
    text = f"{measure.format(before.mean)} before the night"
    done = state.finished
    if done == 0:
        return text
    spread = "" if now.half_width is None else f" ± {measure.format_width(now.half_width)}"
    when = "after it" if state.outcome == "done" else f"after cycle {done}"
    return f"{text}, {measure.format(now.mean)}{spread} {when}"


def _note(state: RunState) -> str:
    several = len(values_by_cycle(state, Memory.OLD, ERROR)) > 1
    return " (± 95 % interval over seeds)" if several and len(state.cycles) > 1 else ""
