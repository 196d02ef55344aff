"""The progress bar on standard error."""

import dataclasses
import re
from collections.abc import Iterator

import pytest

from core.cli.progress import with_progress
from core.runs.events import (
    CycleDone,
    EpochDone,
    Event,
    NightDone,
    NightFailed,
    NightResumed,
    NightStarted,
    NightStopped,
    PretrainingAdvanced,
    StageStarted,
    WeightsUsed,
)
from core.schedule.config import RunConfig
from core.schedule.hypnogram import Cycle

USED = WeightsUsed("cached", "a.safetensors", "0" * 64)
NIGHT = NightStarted(
    RunConfig(num_cycles=1, total_eps=2).to_dict(),
    (Cycle(0.5, 1, 1),),
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
    capsys: pytest.CaptureFixture[str],
) -> None:
    list(with_progress(iter(EVENTS)))
    shown = capsys.readouterr().err
    assert "no such weights yet, so pre-training first" in shown
    assert re.search(r"epoch 2 of 2, loss 100.0", shown)
    assert re.search(r"cycle 1 of 1, REM: .*loss 15.0 = reconstruction 12.0 \+ KL 3.0", shown)
    assert " left" in shown
    assert "night done: 100%" in shown


TWO_CYCLES = dataclasses.replace(NIGHT, cycles=((0.0, 3, 0), (0.0, 1, 0)))


def epochs(cycle: int, count: int) -> list[Event]:
    return [
        EpochDone(cycle, "NREM", number, (1.0,), (1.0,), (0.0,)) for number in range(1, count + 1)
    ]


def shown(events: list[Event], capsys: pytest.CaptureFixture[str]) -> list[tuple[str, int]]:
    """What the bar said at each drawing, and how many per cent."""
    assert list(with_progress(iter(events))) == events
    drawn = re.findall(r"([^\r\n]+?): +(\d+)%\|", capsys.readouterr().err)
    return [(what, int(percent)) for what, percent in drawn]


def test_a_resumed_night_goes_on_from_the_epochs_that_are_kept(
    capsys: pytest.CaptureFixture[str],
) -> None:
    begun = [TWO_CYCLES, StageStarted(1, "NREM", 3, 3), *epochs(1, 3), CycleDone(1)]
    lost = [*epochs(2, 1), StageStarted(2, "REM", 1, 1)]  # which draws the bar
    rest = [StageStarted(2, "NREM", 1, 1), *epochs(2, 1), CycleDone(2), NightDone(1.0)]
    resumed = [*begun, *lost, NightResumed(1, {}), *rest]
    said = shown(resumed, capsys)
    assert ("cycle 2 of 2, REM", 100) in said
    again = said[said.index(("from the end of cycle 1", 75)) :]
    assert min(percent for _, percent in again) == 75
    assert max(percent for _, percent in said) == 100
    assert said[-1] == ("night done", 100)


def test_a_night_that_starts_over_starts_the_bar_over(
    capsys: pytest.CaptureFixture[str],
) -> None:
    begun = [TWO_CYCLES, *epochs(1, 2)]
    said = shown([*begun, NightStopped(), *begun], capsys)
    assert ("stopped", 50) in said
    assert said[said.index(("stopped", 50)) + 1 :][-1] == ("before the night", 50)
    assert ("before the night", 0) in said[said.index(("stopped", 50)) :]


def test_a_bar_says_that_a_night_failed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = shown([TWO_CYCLES, *epochs(1, 1), NightFailed("why.")], capsys)
    assert said[-1] == ("failed", 25)


def test_pretraining_that_comes_again_after_a_night_began_has_its_own_bar(
    capsys: pytest.CaptureFixture[str],
) -> None:
    events = [TWO_CYCLES, *epochs(1, 1), PretrainingAdvanced(30, 40, 3, 4, 9.0), TWO_CYCLES]
    said = shown(events, capsys)
    assert ("no such weights yet, so pre-training first (kept for next time)", 75) in said
    assert said[-1] == ("before the night", 0)


def test_an_end_without_a_beginning_shows_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert shown([NightResumed(1, {}), NightFailed("why.")], capsys) == []


def test_an_error_in_the_night_closes_the_bar_and_goes_on_up(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken() -> Iterator[Event]:
        yield NIGHT
        raise RuntimeError("lost")

    with pytest.raises(RuntimeError, match="lost"):
        list(with_progress(broken()))
    assert capsys.readouterr().err.endswith("\n")
