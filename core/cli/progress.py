"""A progress bar beside a stream of events: cycle, stage, losses and time left."""

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

_FIRST = "no such weights yet, so pre-training first (kept for next time)"


def with_progress(events: Iterator[Event], pretraining: str = _FIRST) -> Iterator[Event]:
    """Pass ``events`` on as they are, and show on standard error how far the run is.

    ``pretraining`` names the bar of a pre-training, which tells why it goes on.
    """
    with Progress(pretraining) as progress:
        for event in events:
            progress.show(event)
            yield event


class Progress:
    """The bar on standard error; `show` it each event, from the run's first on."""

    def __init__(self, pretraining: str = _FIRST) -> None:
        self._pretraining = pretraining
        self._night: NightStarted | None = None
        self._bar: Any = None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def show(self, event: Event) -> None:
        """Bring the bar to where the run is after ``event``."""
        match event:
            case PretrainingAdvanced():
                self._pretrain(event)
            case NightStarted():  # for the second time where nothing was kept of the first
                again, self._night = self._night is not None, event
                self._start(self._epochs(), "epoch", "before the night", again=again)
            case NightResumed() if self._night is not None:
                kept = self._epochs(event.cycle)
                what = f"from the end of cycle {event.cycle}"
                self._start(self._epochs(), "epoch", what, kept, again=True)
            case _ if self._bar is not None:
                self._go_on(event)

    def _pretrain(self, event: PretrainingAdvanced) -> None:
        if self._bar is None or self._night is not None:
            # What an earlier process did must not count as fast.
            self._start(event.steps, "step", self._pretraining, event.step - 1)
            self._night = None
        losses = f"epoch {event.epoch} of {event.epochs}, loss {event.loss:.1f}"
        self._bar.set_postfix_str(losses, refresh=False)
        self._bar.update(event.step - self._bar.n)

    def _go_on(self, event: Event) -> None:
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
                self._bar.set_description_str("night done")
            case NightStopped():
                self._bar.set_description_str("stopped")
            case NightFailed():
                self._bar.set_description_str("failed")

    def _start(
        self, total: int, unit: str, what: str, done: int = 0, *, again: bool = False
    ) -> None:
        """A new bar; ``again``: in the place of the one there was, whose epochs did not last."""
        if self._bar is not None:
            self._bar.leave = not again
            self._bar.close()
        self._bar = tqdm(
            total=total,
            initial=done,
            unit=unit,
            desc=what,
            file=sys.stderr,
            dynamic_ncols=True,
            bar_format="{desc}: {percentage:3.0f}%|{bar:20}| {elapsed}, {remaining} left{postfix}",
        )

    def _epochs(self, cycles: int | None = None) -> int:
        """The epochs of the night's first ``cycles``, of all by default."""
        if self._night is None:
            return 0
        return sum(cycle.epochs for cycle in self._night.cycles[:cycles])


def _mean(values: tuple[float, ...]) -> str:
    return f"{sum(values) / len(values):.1f}"
