"""`core.runs.report`: the PDF of a finished night."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes

from core.runs.events import (
    CycleDone,
    Event,
    NightDone,
    NightStarted,
    Scores,
    StageEvaluated,
    WeightsUsed,
)
from core.runs.report import error_figure, schedule_figure, unique_path, write_pdf
from core.runs.state import RunState, fold
from core.schedule.config import RunConfig
from core.schedule.hypnogram import hypnogram


def night_of(seeds: tuple[int, ...]) -> RunState:
    """Return a night of two cycles, with errors 50, 60, 70 (old) and 600, 300, 100 (new) + seed."""
    config = RunConfig(seeds=seeds, num_cycles=2, total_eps=10)
    cycles = hypnogram(config)
    weights = WeightsUsed("cached", "a.safetensors", "0" * 64)
    events: list[Event] = [
        NightStarted(config.to_dict(), cycles, "MNIST", "inverted MNIST", weights, "cpu", 1, {})
    ]
    for cycle, (old, new) in enumerate([(50.0, 600.0), (60.0, 300.0), (70.0, 100.0)]):
        scores = [scores_of(tuple(value + seed for seed in seeds)) for value in (old, new)]
        events.append(StageEvaluated(cycle, "REM" if cycle else "before", *scores))
        if cycle:
            events.append(CycleDone(cycle))
    return fold(RunState(), [*events, NightDone(1.0)])


def scores_of(errors: tuple[float, ...]) -> Scores:
    zeros = np.zeros((len(errors), 1), dtype=np.float32)
    return Scores(1, errors, errors, tuple(0.5 for _ in errors), zeros, zeros)


def curves(axes: Axes) -> dict[str, list[float]]:
    """Return the mean curve of each dataset, by the first two words of its label."""
    return {
        " ".join(bars.get_label().split()[:2]): list(bars.lines[0].get_ydata())
        for bars in axes.containers
    }


def test_error_curves_are_means_over_seeds_with_95_percent_confidence_intervals() -> None:
    state = night_of((0, 2, 4))
    assert state.night is not None
    axes = error_figure(state, state.night).axes[0]
    assert curves(axes) == {"old memories": [52, 62, 72], "new memories": [602, 302, 102]}
    assert "95 % confidence interval" in axes.get_title()
    low, high = axes.containers[0].lines[2][0].get_segments()[0][:, 1]
    assert (high - low) / 2 == pytest.approx(4.3027 * 2 / np.sqrt(3), rel=1e-4)


def test_one_seed_has_no_confidence_interval() -> None:
    state = night_of((3,))
    assert state.night is not None
    axes = error_figure(state, state.night).axes[0]
    assert axes.containers[0].lines[2] == ()
    assert axes.get_title() == "1 seed: no confidence interval"


def test_the_schedule_plot_shows_every_stage_at_its_epochs() -> None:
    state = night_of((0,))
    assert state.night is not None
    axes = schedule_figure(state.night).axes[0]
    spans = sorted(
        (path.vertices[:, 0].min(), path.vertices[:, 0].max())
        for bars in axes.collections
        for path in bars.get_paths()
    )
    edges = np.cumsum(
        [0] + [epochs for _, nrem, rem in state.night.cycles for epochs in (nrem, rem)]
    )
    assert spans == list(pairwise(edges))


def test_the_pdf_has_two_pages_and_no_other_file_is_written(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "night.pdf"
    write_pdf(night_of((0, 1)), path)
    content = path.read_bytes()
    assert content.startswith(b"%PDF")
    assert b"/Count 2" in content
    assert list(path.parent.iterdir()) == [path]


def test_paths_created_at_the_same_time_differ(tmp_path: Path) -> None:
    assert len({unique_path(tmp_path) for _ in range(100)}) == 100


def test_a_night_that_was_not_measured_has_no_pdf(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not been measured"):
        write_pdf(RunState(), tmp_path / "night.pdf")
