"""A progress bar for a stream of events: cycle, stage, losses and remaining time."""

import sys
from collections.abc import Iterator
from typing import Any

from tqdm import tqdm

from core.runs.events import (
    EpochDone,
    Event,
    NightDone,
    NightFailed,
    NightResumed,
    NightStarted,
    NightStopped,
    PretrainingAdvanced,
    StageStarted,
)

_PRETRAINING_FIRST = "no weights for these settings yet: pre-training (saved for later runs)"


def with_progress(
    events: Iterator[Event], pretraining: str = _PRETRAINING_FIRST
) -> Iterator[Event]:
    """Yield ``events`` unchanged and show the progress of the run on standard error.

    ``pretraining`` is the title of the bar during pre-training.
    """
    with Progress(pretraining) as progress:
        for event in events:
            progress.show(event)
            yield event


class Progress:
    """A progress bar on standard error; `show` takes every event of a run, from the first on.

    ``pretraining`` is the title of the bar during pre-training.
    """

    def __init__(self, pretraining: str = _PRETRAINING_FIRST) -> None:
        self._pretraining = pretraining
        self._night: NightStarted | None = None
        self._bar: Any = None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def show(self, event: Event) -> None:
        """Update the bar with ``event``."""
        match event:
            case PretrainingAdvanced():
                self._show_pretraining(event)
            case NightStarted():  # repeated if a run ended before its first checkpoint
                replace, self._night = self._night is not None, event
                self._open_bar(self._epochs(), "epoch", "before the night", replace=replace)
            case NightResumed() if self._night is not None:
                kept = self._epochs(event.cycle)
                title = f"from the end of cycle {event.cycle}"
                self._open_bar(self._epochs(), "epoch", title, kept, replace=True)
            case _ if self._bar is not None:
                self._show_training(event)

    def _show_pretraining(self, event: PretrainingAdvanced) -> None:
        if self._bar is None or self._night is not None:
            # Steps of an earlier process must not count as fast ones, so the bar starts after them.
            self._open_bar(event.steps, "step", self._pretraining, event.step - 1)
            self._night = None
        losses = f"epoch {event.epoch} of {event.epochs}, loss {event.loss:.1f}"
        self._bar.set_postfix_str(losses, refresh=False)
        self._bar.update(event.step - self._bar.n)

    def _show_training(self, event: Event) -> None:
        match event:
            case StageStarted() if self._night is not None:
                cycles = len(self._night.cycles)
                self._bar.set_description_str(f"cycle {event.cycle} of {cycles}, {event.stage}")
            case EpochDone():
                losses = (
                    f"loss {_mean(event.total)} = reconstruction {_mean(event.reconstruction)} "
                    f"+ KL {_mean(event.kl)}"
                )
                self._bar.set_postfix_str(losses, refresh=False)
                self._bar.update()
            case NightDone():
                self._bar.set_description_str("done")
            case NightStopped():
                self._bar.set_description_str("stopped")
            case NightFailed():
                self._bar.set_description_str("failed")

    def _open_bar(
        self, total: int, unit: str, title: str, done: int = 0, *, replace: bool = False
    ) -> None:
        """Open a new bar; ``replace`` erases the previous one, whose epochs were not kept."""
        if self._bar is not None:
            self._bar.leave = not replace
            self._bar.close()
        self._bar = tqdm(
            total=total,
            initial=done,
            unit=unit,
            desc=title,
            file=sys.stderr,
            dynamic_ncols=True,
            bar_format="{desc}: {percentage:3.0f}%|{bar:20}| {elapsed}, {remaining} left{postfix}",
        )

    def _epochs(self, cycles: int | None = None) -> int:
        """Return the number of epochs in the first ``cycles`` of the night, or in all."""
        if self._night is None:
            return 0
        return sum(cycle.epochs for cycle in self._night.cycles[:cycles])


def _mean(values: tuple[float, ...]) -> str:
    return f"{sum(values) / len(values):.1f}"
