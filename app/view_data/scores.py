"""The result of a run as three scores and as sentences."""

from dataclasses import dataclass

from app.view_data.compared_runs import ComparedRun, ComparedRuns
from core.runs.measures import ERROR, Memory
from core.runs.results import values_by_cycle
from core.runs.state import RunState
from core.runs.statistics import Interval, forgetting, known_share, mean_interval

# The wording for a score of at least the given share.
_OLD = (
    (0.9, "kept almost all"),
    (0.6, "kept most"),
    (0.25, "kept some"),
    (float("-inf"), "kept little"),
)
_NEW = (
    (0.9, "learned"),
    (0.6, "mostly learned"),
    (0.25, "partly learned"),
    (float("-inf"), "hardly learned"),
)
_DIFFERENCE = 0.05  # smaller differences are not reported


@dataclass(frozen=True)
class Score:
    """Scores after a cycle: means over seeds with their 95 % confidence intervals.

    All are shares of the same scale, where 0 is nothing and 1 is all, see
    `core.runs.statistics.known_share`.

    Attributes
    ----------
    cycle : int
        The cycle after which the run was measured.
    kept : Interval
        Share of the old memories that is kept.
    learned : Interval
        Share of the new memories that is learned.
    forgotten : Interval
        Share of the old memories that is lost since their best measurement in this night.
    """

    cycle: int
    kept: Interval
    learned: Interval
    forgotten: Interval


def score(state: RunState, cycle: int) -> Score | None:
    """Return the score after ``cycle`` or the last finished cycle; None before the first one.

    None also if the old memories had the higher error before the night: then new images are no
    less known than old ones, and the scale is undefined.
    """
    old, new = (
        [seed[: cycle + 1] for seed in values_by_cycle(state, memory, ERROR)] for memory in Memory
    )
    if not old or len(old[0]) < 2:
        return None
    kept, learned, forgotten = [], [], []
    for old_errors, new_errors in zip(old, new, strict=True):
        known, unseen = old_errors[0], new_errors[0]
        kept_share = known_share(old_errors[-1], known, unseen)
        learned_share = known_share(new_errors[-1], known, unseen)
        if kept_share is None or learned_share is None or unseen < known:
            return None
        kept.append(kept_share)
        learned.append(learned_share)
        lost = forgetting(old_errors, higher_is_better=ERROR.higher_is_better)
        forgotten.append(min(lost / (unseen - known), 1.0))
    return Score(
        len(old[0]) - 1, mean_interval(kept), mean_interval(learned), mean_interval(forgotten)
    )


def whole_percent(share: float) -> str:
    """Return a share in whole percent: 0.914 -> "91 %"; negative shares are "0 %"."""
    return f"{max(round(100 * share), 0)} %"


def result_text(result: Score) -> str:
    """Return the result in a few words: "kept 91 % of the old and learned 84 % of the new"."""
    kept, learned = whole_percent(result.kept.mean), whole_percent(result.learned.mean)
    return f"kept {kept} of the old and learned {learned} of the new"


def what_happened(runs: ComparedRuns) -> str | None:
    """Return two sentences on the result of finished runs; None if the main run has no score."""
    results = [(run, score(run.state, len(run.state.cycles))) for run in runs]
    (main, main_score), *others = results
    if main_score is None:
        return None
    kept, learned = main_score.kept.mean, main_score.learned.mean
    first = (
        f"This run {_wording(_OLD, kept)} of the old memories ({whole_percent(kept)}) and "
        f"{_wording(_NEW, learned)} the new ones ({whole_percent(learned)})."
    )
    for compared, compared_score in others:
        if compared_score is not None:
            return f"{first} {_comparison(main_score, compared, compared_score)}"
    night = main.state.night
    has_rem = night is not None and any(cycle.rem_epochs for cycle in night.cycles)
    second = (
        "In REM it trained on its dreams."
        if has_rem
        else "Without REM it trained on new images only."
    )
    return f"{first} {second}"


def _comparison(main_score: Score, compared: ComparedRun, compared_score: Score) -> str:
    kept = main_score.kept.mean - compared_score.kept.mean
    learned = main_score.learned.mean - compared_score.learned.mean
    return (
        f"{compared.phrase} the network {result_text(compared_score)}: {_verdict(kept, learned)}."
    )


def _verdict(kept: float, learned: float) -> str:
    """The main run against the compared one, from the differences of their scores."""
    more_learned, less_learned = learned >= _DIFFERENCE, learned <= -_DIFFERENCE
    if kept >= _DIFFERENCE:
        return "this run kept more of the old and learned " + (
            "less of the new" if less_learned else "no less of the new"
        )
    if kept <= -_DIFFERENCE:
        return "this run kept less of the old and learned " + (
            "more of the new" if more_learned else "no more of the new"
        )
    if more_learned or less_learned:
        return "this run kept about as much of the old and learned " + (
            "more of the new" if more_learned else "less of the new"
        )
    return "no difference of 5 percentage points or more"


def _wording(words: tuple[tuple[float, str], ...], share: float) -> str:
    return next(word for limit, word in words if share >= limit)
