"""`core.runs.consistency`: a log whose events no run of its config could have told."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.runs.consistency import Place
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
from core.support.errors import LogError
from tests.conftest import of_kind, plain
from tools.sample_runs import EVENTS, assert_sentence, configs, made_night, put_run, write_events

CONFIG = RunConfig(seeds=(3, 5), num_cycles=2, total_eps=4, num=2)
NIGHT = made_night(CONFIG, pretraining=2)
FIRST = NIGHT.index(CycleDone(1))


def follow(events: list[Event], config: RunConfig | None = CONFIG) -> Place:
    place = Place.start(config)
    for event in events:
        place = place.after(event)
    return place


def refusal(events: list[Event], config: RunConfig | None = CONFIG) -> str:
    """Why the last of ``events`` cannot come there; those before it can."""
    place = follow(events[:-1], config)
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the caller looks at its words)
        place.after(events[-1])
    return str(caught.value)


def where(kind: type[Event], number: int = 0) -> int:
    return NIGHT.index(of_kind(NIGHT, kind)[number])


# --- what runs tell ---


@given(config=configs(), data=st.data())
def test_every_night_that_breaks_off_anywhere_and_is_taken_up_again_is_one(
    config: RunConfig, data: st.DataObject
) -> None:
    night = made_night(config)
    told: list[Event] = []
    for _ in range(data.draw(st.integers(0, 4))):
        told += night[: data.draw(st.integers(0, len(night) - 1))]
        told += data.draw(st.sampled_from([[], [NightStopped()], [NightFailed("so.")]]))
        finished = follow(told, config).finished
        if finished:
            cycle = data.draw(st.integers(1, finished))
            place = night.index(CycleDone(cycle)) + 1
            told += [NightResumed(cycle, {}), *night[place : data.draw(st.integers(place, 99))]]
            if NightDone in map(type, told):
                told.append(NightFailed("after its end."))
    told += night
    assert follow(told, config).finished == config.num_cycles
    assert follow(told, None).finished == config.num_cycles


@pytest.mark.parametrize("left_out", [CuesShown, ImagesRecalled])
def test_a_night_of_a_version_that_showed_no_pictures_is_one(left_out: type[Event]) -> None:
    told = [event for event in NIGHT if not isinstance(event, left_out)]
    assert follow(told).finished == 2


def test_a_run_of_every_kind_of_event_is_read_with_and_without_its_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path))
    folder = put_run(events=EVENTS)
    assert len(RunReader(folder.path).read()) == len(EVENTS)
    folder.record_file.unlink()
    assert len(RunReader(folder.path).read()) == len(EVENTS)


# --- what no run tells: the order ---


def test_a_night_of_before_a_setting_existed_opens_with_its_default(tmp_path: Path) -> None:
    config = RunConfig(num_cycles=2, total_eps=4, num=2)
    started, *rest = made_night(config)
    assert isinstance(started, NightStarted)
    earlier = {name: value for name, value in started.config.items() if name != "mask_fraction"}
    write_events(tmp_path, [dataclasses.replace(started, config=earlier), *rest])
    found = RunReader(tmp_path).read()
    assert plain(found[0]) == plain(started)
    assert len(found) == 1 + len(rest)


def test_an_event_that_comes_too_early_names_what_should_come() -> None:
    assert refusal([*NIGHT[: where(EpochDone)], CycleDone(1)]) == (
        "CycleDone (cycle 1) was found where EpochDone (cycle 1, NREM, epoch 1) was expected"
    )
    assert refusal([*NIGHT[: where(CuesShown)], NightDone(1.0)]) == (
        "NightDone was found where CuesShown or StageEvaluated (before) was expected"
    )
    assert refusal([StageStarted(1, "NREM", 1, 2)]) == (
        "StageStarted (cycle 1, NREM) was found where NightStarted or NightResumed was expected"
    )


@pytest.mark.parametrize("kind", [StageStarted, EpochDone, DreamsMade, StageEvaluated, CycleDone])
@pytest.mark.parametrize("number", [0, 1])
def test_an_event_that_is_missing_or_there_twice_is_refused(kind: type[Event], number: int) -> None:
    place = where(kind, number)
    assert " was found where " in refusal([*NIGHT[:place], NIGHT[place + 1]])
    assert " was found where " in refusal([*NIGHT[: place + 1], NIGHT[place]])


@pytest.mark.parametrize("place", range(3, len(NIGHT)))
def test_nothing_but_a_new_beginning_follows_a_stop(place: int) -> None:
    assert "NightStarted or NightResumed" in refusal([*NIGHT[:place], NightStopped(), NIGHT[place]])


@pytest.mark.parametrize("cycle", [-1, 2, 10**30])
def test_a_night_does_not_go_on_after_a_cycle_that_was_not_finished(cycle: int) -> None:
    sentence = refusal([*NIGHT[: FIRST + 1], NightResumed(cycle, {})])
    assert sentence == f"NightResumed continues after cycle {cycle}, but 1 were finished"


@pytest.mark.parametrize("told", [[], NIGHT[:2], NIGHT[:3], [*NIGHT[:FIRST], NIGHT[0]]])
def test_a_night_that_was_not_measured_does_not_go_on(told: list[Event]) -> None:
    assert "before any night had been measured" in refusal([*told, NightResumed(0, {})])


@pytest.mark.parametrize("event", [NIGHT[0], NIGHT[2], NightResumed(2, {})])
def test_a_night_that_is_done_does_not_begin_again(event: Event) -> None:
    assert refusal([*NIGHT, event]).endswith("was found after the night was done")
    follow([*NIGHT, NightFailed("its folder was full."), event])


# --- what no run tells: the values ---


def changed(event: Any, **changes: Any) -> Event:
    found: Event = dataclasses.replace(event, **changes)
    return found


def with_config(**changes: Any) -> Callable[[NightStarted], Event]:
    return lambda night: changed(night, config={**night.config, **changes})


def with_scores(**changes: Any) -> Callable[[StageEvaluated], Event]:
    def change(stage: StageEvaluated) -> Event:
        scores: Scores = dataclasses.replace(stage.dataset_2, **changes)
        return changed(stage, dataset_2=scores)

    return change


ODD: list[tuple[type[Event], Callable[[Any], Event], str]] = [
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
    (NightStarted, lambda e: changed(e, cycles=((9.0, 1, 1),) * 2), "'cycles' is 9.0"),
    (NightStarted, lambda e: changed(e, cycles=((0.5, -1, 2),) * 2), "'cycles' is -1"),
    (NightStarted, lambda e: changed(e, cycles=((0.5, 0, 0),) * 2), "'cycles' is 0"),
    (NightStarted, lambda e: changed(e, cycles=((0.5, 2, 2),) * 2), "has 8 epochs"),
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


@pytest.mark.parametrize(("kind", "change", "why"), ODD, ids=[why for _, _, why in ODD])
def test_a_value_that_no_run_tells_is_refused_by_name(
    kind: type[Event], change: Callable[[Any], Event], why: str
) -> None:
    place = where(kind)
    assert why in refusal([*NIGHT[:place], change(NIGHT[place])])


def test_an_event_that_no_run_tells_is_a_log_error_that_names_the_line(tmp_path: Path) -> None:
    told = [*NIGHT[:5], CycleDone(7)]
    log = write_events(tmp_path, told)
    reader = RunReader(tmp_path, CONFIG)
    for _ in range(2):
        with pytest.raises(LogError) as caught:
            reader.read()
        assert_sentence(caught.value, f"{log}, line 6: CycleDone (cycle 7) was found where ")
    assert reader.offset == 0


def test_a_reader_that_has_read_before_knows_where_the_night_is(tmp_path: Path) -> None:
    reader = RunReader(tmp_path, CONFIG)
    for event in NIGHT:
        write_events(tmp_path, [event])
        assert len(reader.read()) == 1
    write_events(tmp_path, NIGHT[-1:])
    with pytest.raises(LogError, match=f"line {len(NIGHT) + 1}: NightDone was found"):
        reader.read()


def test_the_config_is_that_of_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path))
    folder = put_run()  # of another config
    write_events(folder.path, NIGHT)
    with pytest.raises(LogError, match="line 3: the night's settings differ from those"):
        RunReader(folder.path).read()
    assert plain(RunReader(folder.path, CONFIG).read()[0]) == plain(NIGHT[0])
    assert (folder.path / LOG).exists()
