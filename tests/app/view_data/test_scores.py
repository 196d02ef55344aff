"""The night's result in three numbers, from their definitions, and in two sentences."""

import pytest

from app.view_data.compared_runs import ComparedRun
from app.view_data.scores import Score, result_text, score, what_happened, whole_percent
from core.runs.state import RunState
from core.runs.statistics import Interval
from core.schedule.config import RunConfig
from tests.helpers.page_runs import Errors, state

ONE = RunConfig(num_cycles=1, total_eps=2)


def after(old: Errors, new: Errors) -> RunState:
    """A night of one cycle: the old error was 100 before it and the new one 500."""
    seeds = len(old) if isinstance(old, tuple) else 1
    config = RunConfig(num_cycles=1, total_eps=2, seeds=tuple(range(seeds)))
    ends = ((100.0,) * seeds, (500.0,) * seeds) if isinstance(old, tuple) else (100.0, 500.0)
    return state([ends[0], old], [ends[1], new], config)


def parts(found: Score | None) -> tuple[float, ...]:
    assert found is not None
    return found.kept.mean, found.learned.mean, found.forgotten.mean


# --- the three numbers ---


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (100, 500, (1, 0, 0)),
        (500, 100, (0, 1, 1)),
        (200, 180, (0.75, 0.8, 0.25)),
        (60, 60, (1.1, 1.1, 0)),  # better than ever
        (660, 540, (-0.4, -0.1, 1)),  # worse than unseen; nothing more than all can be forgotten
    ],
)
def test_kept_learned_and_forgotten_are_shares_of_the_way_between_known_and_unseen(
    old: float, new: float, expected: tuple[float, ...]
) -> None:
    assert parts(score(after(old, new), 1)) == pytest.approx(expected)


def test_forgotten_is_counted_from_the_best_of_the_night() -> None:
    config = RunConfig(num_cycles=3, total_eps=6)
    run = state([100, 60, 220, 140], [500, 400, 300, 200], config)
    assert parts(score(run, 1))[2] == 0
    assert parts(score(run, 2))[2] == pytest.approx(160 / 400)
    assert parts(score(run, 3))[2] == pytest.approx(80 / 400)
    assert parts(score(run, 3))[0] == pytest.approx(360 / 400)


def test_seeds_are_scored_each_and_then_averaged() -> None:
    run = after((100.0, 200.0, 700.0), (500.0, 300.0, 100.0))
    found = score(run, 1)
    assert parts(found) == pytest.approx(((1 + 0.75 - 0.5) / 3, 0.5, (0 + 0.25 + 1) / 3))
    assert found is not None
    assert found.learned.half_width == pytest.approx(4.302653 * 0.5 / 3**0.5)


def test_one_seed_shows_no_spread() -> None:
    found = score(after(200, 180), 1)
    assert found is not None
    assert {found.kept.half_width, found.learned.half_width, found.forgotten.half_width} == {None}


def test_the_score_is_that_of_the_cycle_asked_for_or_of_the_last_one_over() -> None:
    run = state([100, 200, 300], [500, 300, 100], whole=False)
    first, second = score(run, 1), score(run, 2)
    assert first is not None
    assert second is not None
    assert (first.cycle, second.cycle) == (1, 2)
    assert parts(first) == pytest.approx((0.75, 0.5, 0.25))
    assert score(run, 9) == second
    unfinished = state([100, 200], [500, 300], whole=False)
    assert score(unfinished, 2) == first


@pytest.mark.parametrize(
    "run",
    [
        RunState(),
        state([100], [500], whole=False),
        state([100, 200], [100, 90], ONE),
        state([100, 300], [90, 80], ONE),  # or what is lost would be "kept 2100 %"
    ],
)
def test_there_is_no_score_without_a_cycle_or_where_new_images_are_not_the_stranger_ones(
    run: RunState,
) -> None:
    assert score(run, 1) is None
    assert what_happened((ComparedRun("this night", "This night", run),)) is None


def test_before_the_night_there_is_no_score() -> None:
    assert score(after(200, 180), 0) is None


@pytest.mark.parametrize(
    ("share", "told"),
    [(0.914, "91 %"), (0, "0 %"), (1, "100 %"), (1.034, "103 %"), (-0.2, "0 %"), (0.004, "0 %")],
)
def test_a_share_is_told_whole_and_never_below_nothing(share: float, told: str) -> None:
    assert whole_percent(share) == told


def test_a_result_is_told_in_a_few_words() -> None:
    found = Score(3, Interval(0.914, 0.01), Interval(0.84, None), Interval(0, None))
    assert result_text(found) == "kept 91 % of the old, learned 84 % of the new"


# --- what happened ---


def told(old: float, new: float, *others: tuple[float, float]) -> str:
    arms = [ComparedRun("this night", "This night", after(old, new))]
    arms += [ComparedRun("no REM", "Without REM", after(*errors)) for errors in others]
    sentence = what_happened(tuple(arms))
    assert sentence is not None
    return sentence


@pytest.mark.parametrize(
    ("old", "words"),
    [
        (100, "kept almost all of the old memories (100 %)"),
        (140, "kept almost all of the old memories (90 %)"),
        (145, "kept most of the old memories (89 %)"),
        (260, "kept most of the old memories (60 %)"),
        (272, "kept a part of the old memories (57 %)"),
        (400, "kept a part of the old memories (25 %)"),
        (410, "lost nearly all of the old memories (22 %)"),
        (784, "lost nearly all of the old memories (0 %)"),
    ],
)
def test_the_first_sentence_says_what_became_of_the_old_memories(old: float, words: str) -> None:
    assert told(old, 140).startswith(f"This night {words} and learned the new ones (90 %). ")


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (100, "learned the new ones (100 %)"),
        (145, "mostly learned the new ones (89 %)"),
        (272, "partly learned the new ones (57 %)"),
        (410, "hardly learned the new ones (22 %)"),
        (600, "hardly learned the new ones (0 %)"),
    ],
)
def test_and_of_the_new_ones(new: float, words: str) -> None:
    assert told(100, new).startswith(
        f"This night kept almost all of the old memories (100 %) and {words}. "
    )


@pytest.mark.parametrize(
    ("mine", "other", "verdict"),
    [
        ((200, 200), (210, 190), "no difference"),
        ((150, 200), (400, 100), "this night saved old memories at a price in new ones"),
        ((150, 200), (400, 200), "this night saved old memories, and the new ones cost nothing"),
        ((150, 100), (400, 200), "this night saved old memories, and the new ones cost nothing"),
        ((400, 100), (150, 200), "this night learned more, and paid for it with old memories"),
        ((400, 200), (150, 200), "this night lost more of the old, and gained nothing for it"),
        ((400, 300), (150, 200), "this night lost more of the old, and gained nothing for it"),
        ((200, 100), (200, 200), "the old memories fared alike, the new ones did not"),
        ((200, 200), (200, 100), "the old memories fared alike, the new ones did not"),
    ],
)
def test_the_second_sentence_compares_with_the_other_night(
    mine: tuple[float, float], other: tuple[float, float], verdict: str
) -> None:
    sentence = told(*mine, other)
    second = sentence.split("%). ")[1]
    assert second.startswith("Without REM the network kept ")
    assert second.endswith(f" of the new: {verdict}.")


def test_a_night_alone_is_told_by_what_it_trained_on() -> None:
    assert told(200, 200).endswith(" Between replays it trained on its own dreams of the old.")
    config = RunConfig(num_cycles=1, total_eps=2, start_fraction_rem=0)
    alone = state([100, 700], [500, 100], config)
    sentence = what_happened((ComparedRun("this night", "This night", alone),))
    assert sentence is not None
    assert sentence.endswith("It had no REM sleep: nothing but new images was trained on.")


def test_another_night_without_a_cycle_is_not_spoken_of() -> None:
    arms = (
        ComparedRun("this night", "This night", after(200, 200)),
        ComparedRun("no REM", "Without REM", state([100], [500], ONE, whole=False)),
    )
    sentence = what_happened(arms)
    assert sentence is not None
    assert "Without REM" not in sentence


def test_images_that_the_network_hardly_tells_from_known_ones_are_told_of_too() -> None:
    run = state([100, 300], [100 + 1e-9, 100], ONE)  # shares of minus a hundred thousand million
    assert "lost nearly all" in str(what_happened((ComparedRun("this night", "This night", run),)))
