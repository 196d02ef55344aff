"""The page for its tests, and runs written by hand: without torch, an engine or training."""

import numpy as np
from streamlit.testing.v1 import AppTest

from core import settings
from core.config import RunConfig
from core.events import (
    CycleDone,
    EpochDone,
    Event,
    NightDone,
    NightStarted,
    Scores,
    StageEvaluated,
    StageStarted,
    WeightsUsed,
)
from core.schedule import hypnogram
from core.store import RunLog
from core.store.folder import RunFolder, RunRecord, runs_dir

RUN = "20260102-030405-0a1b2c"


def scores(*errors: float) -> Scores:
    """One dataset's scores with these reconstruction errors, one a seed."""
    zeros = tuple(0.0 for _ in errors)
    each = np.zeros((len(errors), 3), dtype=np.float32)
    return Scores(3, errors, zeros, zeros, each, each)


def night(
    old: list[float], new: list[float], config: RunConfig | None = None, *, whole: bool = True
) -> list[Event]:
    """A night's events whose errors after each cycle are these, index 0 before the night.

    It ends with `NightDone` if it is ``whole``, else in the middle of the cycle after the last.
    """
    config = config or RunConfig(num_cycles=2, total_eps=4)
    cycles = hypnogram(config)
    events: list[Event] = [
        NightStarted(
            config.to_dict(),
            tuple((cycle.rem_fraction, cycle.nrem_epochs, cycle.rem_epochs) for cycle in cycles),
            "MNIST",
            "inverted MNIST",
            WeightsUsed("cached", "vae.safetensors", "0" * 64),
            "cpu",
            1,
            {},
        ),
        StageEvaluated(0, "before", scores(old[0]), scores(new[0])),
    ]
    for number, (old_error, new_error) in enumerate(zip(old[1:], new[1:], strict=True), start=1):
        for stage, epochs in cycles[number - 1].stages:
            events.append(StageStarted(number, stage.value, epochs, epochs * config.num))
            events += [
                EpochDone(number, stage.value, epoch + 1, (1.0,), (1.0,), (0.0,))
                for epoch in range(epochs)
            ]
            measured = StageEvaluated(number, stage.value, scores(old_error), scores(new_error))
            events.append(measured)
        events.append(CycleDone(number))
    if whole:
        events.append(NightDone(12.3))
    elif len(old) <= len(cycles):
        events.append(StageStarted(len(old), "NREM", 1, config.num))
    return events


def write(events: list[Event], config: RunConfig | None = None, *, run_id: str = RUN) -> RunFolder:
    """Write a run whose log holds ``events``, and whose night's config is theirs if not given."""
    if config is None:
        nights = [event for event in events if isinstance(event, NightStarted)]
        config = RunConfig.from_dict(nights[0].config) if nights else RunConfig()
    folder = RunFolder(runs_dir() / run_id)
    folder.path.mkdir(parents=True)
    folder.write_record(RunRecord(run_id, "2026-01-02T03:04:05+00:00", "tester", 1, config, {}))
    with RunLog(folder.path) as log:
        for event in events:
            log.append(event)
    return folder


def open_page(run_id: str | None = None) -> AppTest:
    """The page at the address of a run, drawn once. The test must see to it that no engine starts.

    An engine is started by `core.jobs.keep_engine`.
    """
    page = AppTest.from_file(str(settings.PROJECT / "app" / "main.py"), default_timeout=60)
    if run_id is not None:
        page.query_params["run"] = run_id
    page.run()
    assert not page.exception
    return page


def text_of(page: AppTest) -> str:
    """All that the page says in sentences."""
    shown = [*page.markdown, *page.caption, *page.error, *page.warning]
    return "\n".join(element.value.replace("\\", "") for element in shown)


def buttons_of(page: AppTest) -> set[str]:
    """The keys of the page's buttons that can be pressed."""
    return {str(button.key) for button in page.button if not button.disabled}
