"""The progress bar on standard error."""

import re
from collections.abc import Iterator

import pytest

from core.config import RunConfig
from core.events import (
    CycleDone,
    EpochDone,
    Event,
    NightDone,
    NightStarted,
    PretrainingAdvanced,
    StageStarted,
    WeightsUsed,
)
from core.progress import with_progress

USED = WeightsUsed("cached", "a.safetensors", "0" * 64)
NIGHT = NightStarted(
    RunConfig(num_cycles=1, total_eps=2).to_dict(),
    ((0.5, 1, 1),),
    "MNIST",
    "inverted MNIST",
    USED,
    "cpu",
    1,
    {},
)
EVENTS: list[Event] = [
    PretrainingAdvanced(5, 10, 1, 2, 200.0),
    PretrainingAdvanced(10, 10, 2, 2, 100.0),
    NIGHT,
    StageStarted(1, "NREM", 1, 4),
    EpochDone(1, "NREM", 1, (10.0, 20.0), (8.0, 16.0), (2.0, 4.0)),
    StageStarted(1, "REM", 1, 4),
    EpochDone(1, "REM", 1, (9.0, 11.0), (8.0, 9.0), (1.0, 2.0)),
    CycleDone(1),
    NightDone(1.0),
]


def test_events_pass_through_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(with_progress(iter(EVENTS))) == EVENTS
    assert capsys.readouterr().out == ""


def test_bar_shows_cycle_stage_mean_losses_and_time_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TQDM_MININTERVAL", "0")  # draw every step, however fast
    list(with_progress(iter(EVENTS)))
    shown = capsys.readouterr().err
    assert "no such weights yet, so pre-training first" in shown
    assert re.search(r"epoch 2 of 2, loss 100.0", shown)
    assert re.search(r"cycle 1 of 1, REM: .*loss 15.0 = reconstruction 12.0 \+ KL 3.0", shown)
    assert " left" in shown
    assert "night done: 100%" in shown


def test_an_error_in_the_night_closes_the_bar_and_goes_on_up(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken() -> Iterator[Event]:
        yield NIGHT
        raise RuntimeError("lost")

    with pytest.raises(RuntimeError, match="lost"):
        list(with_progress(broken()))
    assert capsys.readouterr().err.endswith("\n")
