"""`core.runs.consistency`: logs with events that no run of their config can have."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.runs.consistency import LogPosition
from core.runs.events import (
    CuesShown,
    CycleDone,
    DreamsMade,
    EpochDone,
    Event,
    ImagesRecalled,
    NightDone,
    NightFailed,
    NightResumed,
    NightStarted,
    NightStopped,
    PretrainingAdvanced,
    Scores,
    StageEvaluated,
    StageStarted,
)
from core.runs.log import LOG, RunReader
from core.schedule.config import RunConfig
from core.schedule.hypnogram import Cycle
from core.support.errors import LogError
from tests.conftest import comparable, events_of_type
from tools.sample_runs import (
    EVENTS,
    assert_sentence,
    create_run,
    night_events,
    small_configs,
    write_events,
)

CONFIG = RunConfig(seeds=(3, 5), num_cycles=2, total_eps=4, num=2)
NIGHT = night_events(CONFIG, pretraining=2)
FIRST = NIGHT.index(CycleDone(1))


def position_after(events: list[Event], config: RunConfig | None = CONFIG) -> LogPosition:
    position = LogPosition.start(config)
    for event in events:
        position = position.after(event)
    return position


def rejection(events: list[Event], config: RunConfig | None = CONFIG) -> str:
    """Return why the last of ``events`` is not allowed; the others must be."""
    position = position_after(events[:-1], config)
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the caller checks the message)
        position.after(events[-1])
    return str(caught.value)


def index_of(kind: type[Event], number: int = 0) -> int:
    return NIGHT.index(events_of_type(NIGHT, kind)[number])


# --- valid logs ---


@given(config=small_configs(), data=st.data())
def test_a_night_that_is_interrupted_anywhere_and_resumed_is_valid(
    config: RunConfig, data: st.DataObject
) -> None:
    night = night_events(config)
    events: list[Event] = []
    for _ in range(data.draw(st.integers(0, 4))):
        events += night[: data.draw(st.integers(0, len(night) - 1))]
        events += data.draw(st.sampled_from([[], [NightStopped()], [NightFailed("so.")]]))
        finished = position_after(events, config).finished_cycles
        if finished:
            cycle = data.draw(st.integers(1, finished))
            start = night.index(CycleDone(cycle)) + 1
            events += [NightResumed(cycle, {}), *night[start : data.draw(st.integers(start, 99))]]
            if NightDone in map(type, events):
                events.append(NightFailed("after its end."))
    events += night
    assert position_after(events, config).finished_cycles == config.num_cycles
    assert position_after(events, None).finished_cycles == config.num_cycles


@pytest.mark.parametrize("missing", [CuesShown, ImagesRecalled])
def test_a_night_of_an_earlier_version_without_images_is_valid(missing: type[Event]) -> None:
    events = [event for event in NIGHT if not isinstance(event, missing)]
    assert position_after(events).finished_cycles == 2


def test_a_run_with_every_kind_of_event_is_read_with_and_without_its_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path))
    folder = create_run(events=EVENTS)
    assert len(RunReader(folder.path).read()) == len(EVENTS)
    folder.record_file.unlink()
    assert len(RunReader(folder.path).read()) == len(EVENTS)


def test_a_night_of_an_earlier_version_without_a_setting_gets_its_default(tmp_path: Path) -> None:
    config = RunConfig(num_cycles=2, total_eps=4, num=2)
    started, *rest = night_events(config)
    assert isinstance(started, NightStarted)
    earlier = {name: value for name, value in started.config.items() if name != "mask_fraction"}
    write_events(tmp_path, [dataclasses.replace(started, config=earlier), *rest])
    events = RunReader(tmp_path).read()
    assert comparable(events[0]) == comparable(started)
    assert len(events) == 1 + len(rest)


# --- invalid order ---


def test_an_event_that_comes_too_early_raises_with_the_expected_event() -> None:
    assert rejection([*NIGHT[: index_of(EpochDone)], CycleDone(1)]) == (
        "CycleDone (cycle 1) was found where EpochDone (cycle 1, NREM, epoch 1) was expected"
    )
    assert rejection([*NIGHT[: index_of(CuesShown)], NightDone(1.0)]) == (
        "NightDone was found where CuesShown or StageEvaluated (before) was expected"
    )
    assert rejection([StageStarted(1, "NREM", 1, 2)]) == (
        "StageStarted (cycle 1, NREM) was found where NightStarted or NightResumed was expected"
    )


@pytest.mark.parametrize("kind", [StageStarted, EpochDone, DreamsMade, StageEvaluated, CycleDone])
@pytest.mark.parametrize("number", [0, 1])
def test_a_missing_or_repeated_event_raises(kind: type[Event], number: int) -> None:
    index = index_of(kind, number)
    assert " was found where " in rejection([*NIGHT[:index], NIGHT[index + 1]])
    assert " was found where " in rejection([*NIGHT[: index + 1], NIGHT[index]])


@pytest.mark.parametrize("index", range(3, len(NIGHT)))
def test_after_a_stop_the_night_must_start_or_resume(index: int) -> None:
    events = [*NIGHT[:index], NightStopped(), NIGHT[index]]
    assert "NightStarted or NightResumed" in rejection(events)


@pytest.mark.parametrize("cycle", [-1, 2, 10**30])
def test_a_night_cannot_resume_after_an_unfinished_cycle(cycle: int) -> None:
    sentence = rejection([*NIGHT[: FIRST + 1], NightResumed(cycle, {})])
    assert sentence == f"NightResumed continues after cycle {cycle}, but 1 were finished"


@pytest.mark.parametrize("events", [[], NIGHT[:2], NIGHT[:3], [*NIGHT[:FIRST], NIGHT[0]]])
def test_a_night_cannot_resume_before_its_first_measurement(events: list[Event]) -> None:
    assert "before the first measurement of a night" in rejection([*events, NightResumed(0, {})])


@pytest.mark.parametrize("event", [NIGHT[0], NIGHT[2], NightResumed(2, {})])
def test_a_finished_night_cannot_start_again_unless_it_failed_afterwards(event: Event) -> None:
    assert rejection([*NIGHT, event]).endswith("was found after the night was done")
    position_after([*NIGHT, NightFailed("its folder was full."), event])


# --- invalid values ---


def changed(event: Any, **changes: Any) -> Event:
    result: Event = dataclasses.replace(event, **changes)
    return result


def with_config(**changes: Any) -> Callable[[NightStarted], Event]:
    return lambda night: changed(night, config={**night.config, **changes})


def with_scores(**changes: Any) -> Callable[[StageEvaluated], Event]:
    def change(stage: StageEvaluated) -> Event:
        scores: Scores = dataclasses.replace(stage.dataset_2, **changes)
        return changed(stage, dataset_2=scores)

    return change


INVALID: list[tuple[type[Event], Callable[[Any], Event], str]] = [
    (PretrainingAdvanced, lambda e: changed(e, steps=0), "'steps' is 0"),
    (PretrainingAdvanced, lambda e: changed(e, step=10**400), "'step' is 1000"),
    (PretrainingAdvanced, lambda e: changed(e, epoch=9), "'epoch' is 9"),
    (PretrainingAdvanced, lambda e: changed(e, epochs=-1), "'epochs' is -1"),
    (PretrainingAdvanced, lambda e: changed(e, loss=1e300), "'loss' is 1e+300"),
    (NightStarted, with_config(lr=0.5), "differ from those of the run"),
    (NightStarted, with_config(seeds=[3]), "differ from those of the run"),
    (NightStarted, with_config(lr=-1.0), "lr is -1.0"),
    (NightStarted, with_config(dream=1), "dream is not a setting"),
    (NightStarted, lambda e: changed(e, config={}), "differ from those of the run"),
    (NightStarted, with_config(weights=5), "not written as the program"),
    (NightStarted, lambda e: changed(e, cycles=e.cycles[:1]), "'cycles' has 1 cycles"),
    (NightStarted, lambda e: changed(e, cycles=(Cycle(9.0, 1, 1),) * 2), "'cycles' is 9.0"),
    (NightStarted, lambda e: changed(e, cycles=(Cycle(0.5, -1, 2),) * 2), "'cycles' is -1"),
    (NightStarted, lambda e: changed(e, cycles=(Cycle(0.5, 0, 0),) * 2), "'cycles' is 0"),
    (NightStarted, lambda e: changed(e, cycles=(Cycle(0.5, 2, 2),) * 2), "has 8 epochs"),
    (NightStarted, lambda e: changed(e, dataset_1="x" * 501), "longer than 500"),
    (NightStarted, lambda e: changed(e, threads=0), "'threads' is 0"),
    (NightStarted, lambda e: changed(e, versions={"torch": 2}), "'versions'"),
    (StageStarted, lambda e: changed(e, epochs=2), "the stage has 2 epochs"),
    (StageStarted, lambda e: changed(e, steps=1), "the stage has 1 epochs and 1 steps"),
    (StageStarted, lambda e: changed(e, stage="LSD"), "StageStarted (cycle 1, LSD) was found"),
    (EpochDone, lambda e: changed(e, total=(1.0,)), "'total' has 1 values"),
    (EpochDone, lambda e: changed(e, kl=(1.0, 1e308)), "'kl' is 1e+308"),
    (StageEvaluated, with_scores(images=0), "'images' is 0"),
    (StageEvaluated, with_scores(images=2_001), "'images' is 2001"),
    (StageEvaluated, with_scores(error=(1.0, 785.0)), "'error' is 785.0"),
    (StageEvaluated, with_scores(recall_error=(-0.1, 1.0)), "'recall_error' is -0.1"),
    (StageEvaluated, with_scores(recall_accuracy=(1.0,)), "'recall_accuracy' has 1 values"),
    (StageEvaluated, with_scores(recall_accuracy=(0.0, 1.5)), "'recall_accuracy' is 1.5"),
    (StageEvaluated, with_scores(error=(5e-324, 0.0)), "a measure is 5e-324"),
    (DreamsMade, lambda e: changed(e, old=(2.0, 0.0)), "'old' is 2.0"),
    (DreamsMade, lambda e: changed(e, neither=()), "'neither' has 0 values"),
    (DreamsMade, lambda e: changed(e, new_classes=(1, 99)), "'new_classes' is 99"),
    (NightDone, lambda e: changed(e, seconds=-1.0), "'seconds' is -1.0"),
    (NightDone, lambda e: changed(e, seconds=1e300), "'seconds' is 1e+300"),
]


@pytest.mark.parametrize(
    ("kind", "change", "reason"), INVALID, ids=[reason for _, _, reason in INVALID]
)
def test_an_impossible_value_raises_with_the_name_of_its_field(
    kind: type[Event], change: Callable[[Any], Event], reason: str
) -> None:
    index = index_of(kind)
    assert reason in rejection([*NIGHT[:index], change(NIGHT[index])])


def test_an_impossible_event_is_a_log_error_that_names_the_line(tmp_path: Path) -> None:
    log = write_events(tmp_path, [*NIGHT[:5], CycleDone(7)])
    reader = RunReader(tmp_path, CONFIG)
    for _ in range(2):
        with pytest.raises(LogError) as caught:
            reader.read()
        assert_sentence(caught.value, f"{log}, line 6: CycleDone (cycle 7) was found where ")
    assert reader.offset == 0


def test_a_reader_remembers_its_position_in_the_night_between_reads(tmp_path: Path) -> None:
    reader = RunReader(tmp_path, CONFIG)
    for event in NIGHT:
        write_events(tmp_path, [event])
        assert len(reader.read()) == 1
    write_events(tmp_path, NIGHT[-1:])
    with pytest.raises(LogError, match=f"line {len(NIGHT) + 1}: NightDone was found"):
        reader.read()


def test_the_reader_takes_the_config_of_the_record_unless_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path))
    folder = create_run()  # of another config
    write_events(folder.path, NIGHT)
    with pytest.raises(LogError, match="line 3: the night's settings differ from those"):
        RunReader(folder.path).read()
    assert comparable(RunReader(folder.path, CONFIG).read()[0]) == comparable(NIGHT[0])
    assert (folder.path / LOG).exists()
