"""The three scores of a run, from their definitions, and the summary in two sentences."""

import pytest

from app.view_data.compared_runs import ComparedRun
from app.view_data.scores import Score, result_text, score, what_happened, whole_percent
from core.runs.state import RunState
from core.runs.statistics import Interval
from core.schedule.config import RunConfig
from tests.helpers.page_runs import Errors, state

ONE = RunConfig(num_cycles=1, total_eps=2)


def after(old: Errors, new: Errors) -> RunState:
    """Return a run of one cycle; before it the old error is 100 and the new one 500."""
    seeds = len(old) if isinstance(old, tuple) else 1
    config = RunConfig(num_cycles=1, total_eps=2, seeds=tuple(range(seeds)))
    several = isinstance(old, tuple)
    known, unseen = ((100.0,) * seeds, (500.0,) * seeds) if several else (100.0, 500.0)
    return state([known, old], [unseen, new], config)


def means(result: Score | None) -> tuple[float, ...]:
    assert result is not None
    return result.kept.mean, result.learned.mean, result.forgotten.mean


# --- the three scores ---


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (100, 500, (1, 0, 0)),
        (500, 100, (0, 1, 1)),
        (200, 180, (0.75, 0.8, 0.25)),
        (60, 60, (1.1, 1.1, 0)),  # better than before the night
        (660, 540, (-0.4, -0.1, 1)),  # worse than unseen; forgotten is at most 1
    ],
)
def test_scores_are_shares_of_the_difference_between_known_and_unseen_images(
    old: float, new: float, expected: tuple[float, ...]
) -> None:
    assert means(score(after(old, new), 1)) == pytest.approx(expected)


def test_forgotten_refers_to_the_best_measurement_of_the_night() -> None:
    config = RunConfig(num_cycles=3, total_eps=6)
    run = state([100, 60, 220, 140], [500, 400, 300, 200], config)
    assert means(score(run, 1))[2] == 0
    assert means(score(run, 2))[2] == pytest.approx(160 / 400)
    assert means(score(run, 3))[2] == pytest.approx(80 / 400)
    assert means(score(run, 3))[0] == pytest.approx(360 / 400)


def test_scores_are_means_of_the_scores_per_seed() -> None:
    run = after((100.0, 200.0, 700.0), (500.0, 300.0, 100.0))
    result = score(run, 1)
    assert means(result) == pytest.approx(((1 + 0.75 - 0.5) / 3, 0.5, (0 + 0.25 + 1) / 3))
    assert result is not None
    assert result.learned.half_width == pytest.approx(4.302653 * 0.5 / 3**0.5)


def test_one_seed_has_no_confidence_interval() -> None:
    result = score(after(200, 180), 1)
    assert result is not None
    scores = (result.kept, result.learned, result.forgotten)
    assert {interval.half_width for interval in scores} == {None}


def test_the_score_is_that_of_the_given_cycle_or_of_the_last_finished_one() -> None:
    run = state([100, 200, 300], [500, 300, 100], whole=False)
    first, second = score(run, 1), score(run, 2)
    assert first is not None
    assert second is not None
    assert (first.cycle, second.cycle) == (1, 2)
    assert means(first) == pytest.approx((0.75, 0.5, 0.25))
    assert score(run, 9) == second
    unfinished = state([100, 200], [500, 300], whole=False)
    assert score(unfinished, 2) == first


@pytest.mark.parametrize(
    "run",
    [
        RunState(),
        state([100], [500], whole=False),
        state([100, 200], [100, 90], ONE),
        state([100, 300], [90, 80], ONE),  # the share would be 2100 %
    ],
)
def test_a_run_without_a_cycle_or_with_known_new_images_has_no_score(
    run: RunState,
) -> None:
    assert score(run, 1) is None
    assert what_happened((ComparedRun("this run", "This run", run),)) is None


def test_there_is_no_score_before_the_night() -> None:
    assert score(after(200, 180), 0) is None


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.914, "91 %"), (0, "0 %"), (1, "100 %"), (1.034, "103 %"), (-0.2, "0 %"), (0.004, "0 %")],
)
def test_a_share_is_shown_in_whole_percent_and_never_negative(share: float, text: str) -> None:
    assert whole_percent(share) == text


def test_the_result_text_has_the_kept_and_the_learned_share() -> None:
    result = Score(3, Interval(0.914, 0.01), Interval(0.84, None), Interval(0, None))
    assert result_text(result) == "kept 91 % of the old and learned 84 % of the new"


# --- the summary ---


def _summary(old: float, new: float, *others: tuple[float, float]) -> str:
    runs = [ComparedRun("this run", "This run", after(old, new))]
    runs += [ComparedRun("no REM", "Without REM", after(*errors)) for errors in others]
    summary = what_happened(tuple(runs))
    assert summary is not None
    return summary


@pytest.mark.parametrize(
    ("old", "words"),
    [
        (100, "kept almost all of the old memories (100 %)"),
        (140, "kept almost all of the old memories (90 %)"),
        (145, "kept most of the old memories (89 %)"),
        (260, "kept most of the old memories (60 %)"),
        (272, "kept some of the old memories (57 %)"),
        (400, "kept some of the old memories (25 %)"),
        (410, "kept little of the old memories (22 %)"),
        (784, "kept little of the old memories (0 %)"),
    ],
)
def test_the_first_sentence_describes_the_old_memories(old: float, words: str) -> None:
    assert _summary(old, 140).startswith(f"This run {words} and learned the new ones (90 %). ")


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
def test_the_first_sentence_describes_the_new_memories(new: float, words: str) -> None:
    assert _summary(100, new).startswith(
        f"This run kept almost all of the old memories (100 %) and {words}. "
    )


@pytest.mark.parametrize(
    ("main", "compared", "verdict"),
    [
        ((200, 200), (210, 190), "no difference of 5 percentage points or more"),
        ((150, 200), (400, 100), "this run kept more of the old and learned less of the new"),
        ((150, 200), (400, 200), "this run kept more of the old and learned no less of the new"),
        ((150, 100), (400, 200), "this run kept more of the old and learned no less of the new"),
        ((400, 100), (150, 200), "this run kept less of the old and learned more of the new"),
        ((400, 200), (150, 200), "this run kept less of the old and learned no more of the new"),
        ((400, 300), (150, 200), "this run kept less of the old and learned no more of the new"),
        (
            (200, 100),
            (200, 200),
            "this run kept about as much of the old and learned more of the new",
        ),
        (
            (200, 200),
            (200, 100),
            "this run kept about as much of the old and learned less of the new",
        ),
    ],
)
def test_the_second_sentence_compares_with_the_other_run(
    main: tuple[float, float], compared: tuple[float, float], verdict: str
) -> None:
    sentence = _summary(*main, compared)
    second = sentence.split("%). ")[1]
    assert second.startswith("Without REM the network kept ")
    assert second.endswith(f" of the new: {verdict}.")


def test_the_summary_of_a_single_run_describes_its_training() -> None:
    assert _summary(200, 200).endswith(" In REM it trained on its dreams.")
    config = RunConfig(num_cycles=1, total_eps=2, start_fraction_rem=0)
    alone = state([100, 700], [500, 100], config)
    sentence = what_happened((ComparedRun("this run", "This run", alone),))
    assert sentence is not None
    assert sentence.endswith("Without REM it trained on new images only.")


def test_a_compared_run_without_a_cycle_is_not_in_the_summary() -> None:
    runs = (
        ComparedRun("this run", "This run", after(200, 200)),
        ComparedRun("no REM", "Without REM", state([100], [500], ONE, whole=False)),
    )
    sentence = what_happened(runs)
    assert sentence is not None
    assert "Without REM" not in sentence


def test_the_summary_exists_for_almost_equal_errors_before_the_night() -> None:
    run = state([100, 300], [100 + 1e-9, 100], ONE)  # shares of about -1e11
    assert "kept little" in str(what_happened((ComparedRun("this run", "This run", run),)))
