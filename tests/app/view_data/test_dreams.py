"""The content of dreams, as means over seeds."""

import numpy as np

from app.view_data.dreams import DreamContent, dream_content
from core.runs.events import DreamsMade, Event
from core.runs.state import RunState, fold
from core.schedule.config import RunConfig
from tests.helpers.page_runs import night_started, state


def test_a_night_without_rem_has_no_dream_content() -> None:
    config = RunConfig(num_cycles=2, total_eps=4, start_fraction_rem=0, end_fraction_rem=0)
    assert dream_content(state([60, 70, 80], [600, 300, 200], config)) == ()
    assert dream_content(RunState()) == ()


def test_the_content_of_each_rem_stage_is_a_mean_over_seeds() -> None:
    images = np.zeros((2, 2, 28, 28), np.uint8)
    events: list[Event] = [
        night_started(RunConfig(num_cycles=2, total_eps=4, seeds=(0, 1))),
        DreamsMade(1, (0.5, 1.0), (0.25, 0.0), (0.25, 0.0), (7, 10), (2, 0), images),
        DreamsMade(2, (0.0, 0.0), (0.0, 0.5), (1.0, 0.5), (0, 0), (0, 1), images),
    ]
    assert dream_content(fold(RunState(), events)) == (
        DreamContent(1, 0.75, 0.125, 0.125, 8.5, 1),
        DreamContent(2, 0, 0.25, 0.75, 0, 0.5),
    )
