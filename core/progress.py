"""A progress bar beside a stream of events: cycle, stage, losses and time left."""

import sys
from collections.abc import Iterator
from typing import Any

from tqdm import tqdm

from core.events import (
    EpochDone,
    Event,
    NightDone,
    NightStarted,
    PretrainingAdvanced,
    StageStarted,
)

_FIRST = "no such weights yet, so pre-training first (kept for next time)"


def with_progress(events: Iterator[Event], pretraining: str = _FIRST) -> Iterator[Event]:
    """Pass ``events`` on as they are, and show on standard error how far the run is.

    ``pretraining`` names the bar of a pre-training, which tells why it goes on.
    """
    bar = None
    cycles = 0
    try:
        for event in events:
            match event:
                case PretrainingAdvanced():
                    bar = bar or _bar(event.steps, "step", pretraining, event.step - 1)
                    bar.set_postfix_str(
                        f"epoch {event.epoch} of {event.epochs}, loss {event.loss:.1f}", False
                    )
                    bar.update(event.step - bar.n)
                case NightStarted():
                    _close(bar)
                    cycles = len(event.cycles)
                    epochs = sum(nrem + rem for _, nrem, rem in event.cycles)
                    bar = _bar(epochs, "epoch", "before the night")
                case StageStarted() if bar:
                    bar.set_description_str(f"cycle {event.cycle} of {cycles}, {event.stage}")
                case EpochDone() if bar:
                    bar.set_postfix_str(
                        f"loss {_mean(event.total)} = reconstruction "
                        f"{_mean(event.reconstruction)} + KL {_mean(event.kl)}",
                        False,
                    )
                    bar.update()
                case NightDone() if bar:
                    bar.set_description_str("night done")
            yield event
    finally:
        _close(bar)


def _bar(total: int, unit: str, description: str, done: int = 0) -> Any:
    return tqdm(
        total=total,
        initial=done,  # a resumed pre-training must not count what it did before as fast
        unit=unit,
        desc=description,
        file=sys.stderr,
        dynamic_ncols=True,
        bar_format="{desc}: {percentage:3.0f}%|{bar:20}| {elapsed}, {remaining} left{postfix}",
    )


def _mean(values: tuple[float, ...]) -> str:
    return f"{sum(values) / len(values):.1f}"


def _close(bar: Any) -> None:
    if bar is not None:
        bar.close()
