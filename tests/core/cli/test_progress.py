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

WEIGHTS = WeightsUsed("cached", "a.safetensors", "0" * 64)
STARTED = NightStarted(
    RunConfig(num_cycles=1, total_eps=2).to_dict(),
    (Cycle(0.5, 1, 1),),
    "MNIST",
    "inverted MNIST",
    WEIGHTS,
    "cpu",
    1,
    {},
)
EVENTS: list[Event] = [
    PretrainingAdvanced(5, 10, 1, 2, 200.0),
    PretrainingAdvanced(10, 10, 2, 2, 100.0),
    STARTED,
    StageStarted(1, "NREM", 1, 4),
    EpochDone(1, "NREM", 1, (10.0, 20.0), (8.0, 16.0), (2.0, 4.0)),
    StageStarted(1, "REM", 1, 4),
    EpochDone(1, "REM", 1, (9.0, 11.0), (8.0, 9.0), (1.0, 2.0)),
    CycleDone(1),
    NightDone(1.0),
]
PRETRAINING = "no weights for these settings yet: pre-training (saved for later runs)"
TWO_CYCLES = dataclasses.replace(STARTED, cycles=(Cycle(0.0, 3, 0), Cycle(0.0, 1, 0)))


def test_events_are_yielded_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(with_progress(iter(EVENTS))) == EVENTS
    assert capsys.readouterr().out == ""


def test_bar_shows_cycle_stage_mean_losses_and_remaining_time(
    capsys: pytest.CaptureFixture[str],
) -> None:
    list(with_progress(iter(EVENTS)))
    output = capsys.readouterr().err
    assert PRETRAINING in output
    assert re.search(r"epoch 2 of 2, loss 100.0", output)
    assert re.search(r"cycle 1 of 1, REM: .*loss 15.0 = reconstruction 12.0 \+ KL 3.0", output)
    assert " left" in output
    assert re.search(r"[\r\n]done: 100%", output)


def epochs(cycle: int, count: int) -> list[Event]:
    return [
        EpochDone(cycle, "NREM", number, (1.0,), (1.0,), (0.0,)) for number in range(1, count + 1)
    ]


def bars(events: list[Event], capsys: pytest.CaptureFixture[str]) -> list[tuple[str, int]]:
    """Return title and percentage of every bar that is printed for ``events``, in order."""
    assert list(with_progress(iter(events))) == events
    printed = re.findall(r"([^\r\n]+?): +(\d+)%\|", capsys.readouterr().err)
    return [(title, int(percent)) for title, percent in printed]


def test_a_resumed_run_continues_from_the_epochs_of_its_finished_cycles(
    capsys: pytest.CaptureFixture[str],
) -> None:
    finished = [TWO_CYCLES, StageStarted(1, "NREM", 3, 3), *epochs(1, 3), CycleDone(1)]
    lost = [*epochs(2, 1), StageStarted(2, "REM", 1, 1)]  # a new stage prints the bar
    rest = [StageStarted(2, "NREM", 1, 1), *epochs(2, 1), CycleDone(2), NightDone(1.0)]
    printed = bars([*finished, *lost, NightResumed(1, {}), *rest], capsys)
    assert ("cycle 2 of 2, REM", 100) in printed
    resumed = printed[printed.index(("from the end of cycle 1", 75)) :]
    assert min(percent for _, percent in resumed) == 75
    assert max(percent for _, percent in printed) == 100
    assert printed[-1] == ("done", 100)


def test_a_restarted_night_restarts_the_bar(capsys: pytest.CaptureFixture[str]) -> None:
    start = [TWO_CYCLES, *epochs(1, 2)]
    printed = bars([*start, NightStopped(), *start], capsys)
    assert ("stopped", 50) in printed
    assert printed[printed.index(("stopped", 50)) + 1 :][-1] == ("before the night", 50)
    assert ("before the night", 0) in printed[printed.index(("stopped", 50)) :]


def test_the_bar_of_a_failed_run_is_titled_failed(capsys: pytest.CaptureFixture[str]) -> None:
    printed = bars([TWO_CYCLES, *epochs(1, 1), NightFailed("why.")], capsys)
    assert printed[-1] == ("failed", 25)


def test_pretraining_that_repeats_after_the_start_of_a_night_opens_a_new_bar(
    capsys: pytest.CaptureFixture[str],
) -> None:
    events = [TWO_CYCLES, *epochs(1, 1), PretrainingAdvanced(30, 40, 3, 4, 9.0), TWO_CYCLES]
    printed = bars(events, capsys)
    assert (PRETRAINING, 75) in printed
    assert printed[-1] == ("before the night", 0)


def test_an_end_without_a_start_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert bars([NightResumed(1, {}), NightFailed("why.")], capsys) == []


def test_an_exception_closes_the_bar_and_propagates(capsys: pytest.CaptureFixture[str]) -> None:
    def failing() -> Iterator[Event]:
        yield STARTED
        raise RuntimeError("lost")

    with pytest.raises(RuntimeError, match="lost"):
        list(with_progress(failing()))
    assert capsys.readouterr().err.endswith("\n")
