"""The images of the filmstrip after a cycle, of the main and the compared run."""

from app.view_data.compared_runs import ComparedRun
from app.view_data.filmstrip import Row, strips
from core.runs.events import Event
from core.runs.state import RunState, fold
from core.schedule.config import RunConfig
from tests.helpers.page_runs import night

OLD, NEW = [60, 70, 80], [600, 300, 200]
DREAMLESS = RunConfig(num_cycles=2, total_eps=4, start_fraction_rem=0, end_fraction_rem=0)


def compared_run(events: list[Event], name: str = "this run") -> ComparedRun:
    return ComparedRun(name, name.capitalize(), fold(RunState(), events))


def row_labels(cycle: int, *runs: ComparedRun) -> dict[str, list[str]]:
    return {strip.kind: [row.label for row in strip.rows] for strip in strips(runs, cycle)}


def test_a_run_without_images_has_no_strip() -> None:
    assert strips((compared_run(night(OLD, NEW)),), 2) == ()
    assert strips((compared_run([]),), 0) == ()


def test_each_memory_set_has_original_partial_and_recalled_images() -> None:
    main = compared_run(night(OLD, NEW, pictures=True))
    assert row_labels(2, main) == {
        "old": ["original", "partial", "recalled"],
        "new": ["original", "partial", "recalled"],
        "dreams": ["dreams"],
    }
    old, new, dreams = strips((main,), 2)
    assert (old.title, new.title) == ("Old memories (MNIST)", "New memories (inverted MNIST)")
    assert dreams.title == "Dreams of cycle 2"
    cues = main.state.cues
    assert cues is not None
    recalled = main.state.recalled[2]
    assert [row.array for row in old.rows] == [cues.original_1, cues.partial_1, recalled.dataset_1]
    assert [row.array for row in new.rows] == [cues.original_2, cues.partial_2, recalled.dataset_2]
    assert dreams.rows == (Row("dreams", main.state.dreams[1].images, 0),)


def test_recalled_images_are_those_of_the_first_seed() -> None:
    main = compared_run(night([(60.0, 61.0)], [(600.0, 601.0)], whole=False, pictures=True))
    for strip in strips((main,), 0):
        assert [row.index for row in strip.rows] == [None, None, 0]
        assert [row.array.ndim for row in strip.rows] == [3, 3, 4]


def test_before_the_night_there_are_recalled_images_and_no_dreams() -> None:
    main = compared_run(night(OLD, NEW, pictures=True))
    assert list(row_labels(0, main)) == ["old", "new"]
    assert strips((main,), 0)[0].rows[2].array is main.state.recalled[0].dataset_1


def test_the_compared_run_adds_a_row_with_its_name() -> None:
    main = compared_run(night(OLD, NEW, pictures=True))
    compared = compared_run(night(OLD, NEW, DREAMLESS, pictures=True), "no REM")
    expected = ["original", "partial", "recalled", "no REM"]
    assert row_labels(2, main, compared) == {"old": expected, "new": expected, "dreams": ["dreams"]}
    assert row_labels(2, compared, main)["dreams"] == ["this run"]
    dreaming = compared_run(night(OLD, NEW, pictures=True), "all REM")
    assert row_labels(1, main, dreaming)["dreams"] == ["dreams", "all REM"]


def test_a_compared_run_that_is_behind_shows_its_last_images() -> None:
    main = compared_run(night(OLD, NEW, pictures=True))
    behind = compared_run(night(OLD[:2], NEW[:2], whole=False, pictures=True), "no REM")
    recalled = strips((main, behind), 2)[0].rows[3]
    assert recalled.array is behind.state.recalled[1].dataset_1
    without = compared_run(night(OLD, NEW), "no REM")
    assert row_labels(2, main, without)["old"] == ["original", "partial", "recalled"]


def test_at_the_end_of_the_night_the_compared_run_is_shown_at_its_own_end() -> None:
    main = compared_run(night(OLD, NEW, pictures=True))
    config = RunConfig(num_cycles=4, total_eps=8)
    longer = compared_run(
        night([*OLD, 90, 95], [*NEW, 100, 50], config, pictures=True), "published"
    )
    recalled = strips((main, longer), 2)[0].rows[3]
    assert recalled.array is longer.state.recalled[4].dataset_1


def test_a_compared_run_with_other_cues_adds_no_row() -> None:
    main = compared_run(night(OLD, NEW, pictures=True))
    config = RunConfig(num_cycles=2, total_eps=4, split="digits")
    compared = compared_run(night(OLD, NEW, config, pictures=True), "other")
    assert row_labels(2, main, compared)["old"] == ["original", "partial", "recalled"]
    assert row_labels(2, main, compared)["new"] == ["original", "partial", "recalled"]
