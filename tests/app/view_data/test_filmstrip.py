"""The filmstrip: which images are shown after a cycle, and from which night."""

from app.view_data.compared_runs import ComparedRun
from app.view_data.filmstrip import Row, strips
from core.runs.events import Event
from core.runs.state import RunState, fold
from core.schedule.config import RunConfig
from tests.helpers.page_runs import night

OLD, NEW = [60, 70, 80], [600, 300, 200]
DREAMLESS = RunConfig(num_cycles=2, total_eps=4, start_fraction_rem=0, end_fraction_rem=0)


def arm(events: list[Event], name: str = "this night") -> ComparedRun:
    return ComparedRun(name, name.capitalize(), fold(RunState(), events))


def rows(cycle: int, *arms: ComparedRun) -> dict[str, list[str]]:
    return {strip.kind: [row.label for row in strip.rows] for strip in strips(arms, cycle)}


def test_a_run_without_pictures_has_no_strip() -> None:
    assert strips((arm(night(OLD, NEW)),), 2) == ()
    assert strips((arm([]),), 0) == ()


def test_old_and_new_memories_are_shown_whole_in_part_and_recalled() -> None:
    own = arm(night(OLD, NEW, pictures=True))
    assert rows(2, own) == {
        "old": ["original", "partial", "recalled"],
        "new": ["original", "partial", "recalled"],
        "dreams": ["dreams"],
    }
    old, new, dreams = strips((own,), 2)
    assert (old.title, new.title) == ("Old memories (MNIST)", "New memories (inverted MNIST)")
    assert dreams.title == "Dreams of cycle 2"
    cues = own.state.cues
    assert cues is not None
    recalled = own.state.recalled[2]
    assert [row.array for row in old.rows] == [cues.original_1, cues.partial_1, recalled.dataset_1]
    assert [row.array for row in new.rows] == [cues.original_2, cues.partial_2, recalled.dataset_2]
    assert dreams.rows == (Row("dreams", own.state.dreams[1].images, 0),)


def test_the_first_seed_is_picked_where_there_are_several() -> None:
    own = arm(night([(60.0, 61.0)], [(600.0, 601.0)], whole=False, pictures=True))
    for strip in strips((own,), 0):
        assert [row.index for row in strip.rows] == [None, None, 0]
        assert [row.array.ndim for row in strip.rows] == [3, 3, 4]


def test_before_the_night_there_are_pictures_and_no_dreams() -> None:
    own = arm(night(OLD, NEW, pictures=True))
    assert list(rows(0, own)) == ["old", "new"]
    assert strips((own,), 0)[0].rows[2].array is own.state.recalled[0].dataset_1


def test_the_night_beside_adds_a_row_in_its_name() -> None:
    own = arm(night(OLD, NEW, pictures=True))
    other = arm(night(OLD, NEW, DREAMLESS, pictures=True), "no REM")
    expected = ["original", "partial", "recalled", "no REM"]
    assert rows(2, own, other) == {"old": expected, "new": expected, "dreams": ["dreams"]}
    assert rows(2, other, own)["dreams"] == ["this night"]
    dreaming = arm(night(OLD, NEW, pictures=True), "all REM")
    assert rows(1, own, dreaming)["dreams"] == ["dreams", "all REM"]


def test_a_night_beside_that_is_not_as_far_shows_its_last_pictures() -> None:
    own = arm(night(OLD, NEW, pictures=True))
    behind = arm(night(OLD[:2], NEW[:2], whole=False, pictures=True), "no REM")
    recalled = strips((own, behind), 2)[0].rows[3]
    assert recalled.array is behind.state.recalled[1].dataset_1
    without = arm(night(OLD, NEW), "no REM")
    assert rows(2, own, without)["old"] == ["original", "partial", "recalled"]


def test_at_the_nights_end_the_other_is_shown_at_its_own_end() -> None:
    own = arm(night(OLD, NEW, pictures=True))
    config = RunConfig(num_cycles=4, total_eps=8)
    longer = arm(night([*OLD, 90, 95], [*NEW, 100, 50], config, pictures=True), "published")
    recalled = strips((own, longer), 2)[0].rows[3]
    assert recalled.array is longer.state.recalled[4].dataset_1


def test_recalled_images_of_other_originals_are_not_set_under_these() -> None:
    own = arm(night(OLD, NEW, pictures=True))
    config = RunConfig(num_cycles=2, total_eps=4, split="digits")
    other = arm(night(OLD, NEW, config, pictures=True), "other")
    assert rows(2, own, other)["old"] == ["original", "partial", "recalled"]
    assert rows(2, own, other)["new"] == ["original", "partial", "recalled"]
