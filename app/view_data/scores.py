"""A night's result in three numbers, and in sentences."""

from dataclasses import dataclass

from app.view_data.compared_runs import ComparedRun, ComparedRuns
from core.runs.measures import ERROR, Memory
from core.runs.results import values_by_cycle
from core.runs.state import RunState
from core.runs.statistics import Interval, forgetting, known_share, mean_interval

# From which share on memories are said to ...
_OLD = (
    (0.9, "kept almost all"),
    (0.6, "kept most"),
    (0.25, "kept a part"),
    (float("-inf"), "lost nearly all"),
)
_NEW = (
    (0.9, "learned"),
    (0.6, "mostly learned"),
    (0.25, "partly learned"),
    (float("-inf"), "hardly learned"),
)


@dataclass(frozen=True)
class Score:
    """Means over seeds with their intervals, as shares: 0 is none of it, 1 is all.

    ``kept`` of the old memories, ``learned`` of the new (see
    `core.runs.statistics.known_share`), and how much of the old was
    ``forgotten`` since their best in this night, on the same scale.
    """

    cycle: int
    kept: Interval
    learned: Interval
    forgotten: Interval


def score(state: RunState, cycle: int) -> Score | None:
    """The score after ``cycle``, or after the last one that is over; None before the first."""
    old, new = (
        [seed[: cycle + 1] for seed in values_by_cycle(state, memory, ERROR)] for memory in Memory
    )
    if not old or len(old[0]) < 2:
        return None
    kept, learned, forgotten = [], [], []
    for old_seed, new_seed in zip(old, new, strict=True):
        ends = old_seed[0], new_seed[0]
        share = known_share(old_seed[-1], *ends), known_share(new_seed[-1], *ends)
        # Where new images are no stranger than old ones there is nothing to learn or to lose.
        if share[0] is None or share[1] is None or ends[1] < ends[0]:
            return None
        kept.append(share[0])
        learned.append(share[1])
        lost = forgetting(old_seed, higher_is_better=False)
        forgotten.append(min(lost / (ends[1] - ends[0]), 1.0))
    return Score(
        len(old[0]) - 1, mean_interval(kept), mean_interval(learned), mean_interval(forgotten)
    )


def whole_percent(share: float) -> str:
    """A share as people say it: 0.914 -> "91 %", and never below 0 %."""
    return f"{max(round(100 * share), 0)} %"


def result_text(found: Score) -> str:
    """The result in a few words: "kept 91 % of the old, learned 84 % of the new"."""
    kept, learned = whole_percent(found.kept.mean), whole_percent(found.learned.mean)
    return f"kept {kept} of the old, learned {learned} of the new"


def what_happened(arms: ComparedRuns) -> str | None:
    """Two sentences on nights that are over, from their numbers; None before their end."""
    last = [(arm, score(arm.state, len(arm.state.cycles))) for arm in arms]
    (mine, own), *others = last
    if own is None:
        return None
    first = (
        f"This night {_word(_OLD, own.kept.mean)} of the old memories "
        f"({whole_percent(own.kept.mean)}) and {_word(_NEW, own.learned.mean)} the new ones "
        f"({whole_percent(own.learned.mean)})."
    )
    for arm, other in others:
        if other is not None:
            return f"{first} {_against(own, arm, other)}"
    dreamt = sum(cycle.rem_epochs for cycle in mine.state.night.cycles) if mine.state.night else 0
    second = (
        "Between replays it trained on its own dreams of the old."
        if dreamt
        else "It had no REM sleep: nothing but new images was trained on."
    )
    return f"{first} {second}"


def _against(own: Score, arm: ComparedRun, other: Score) -> str:
    kept = own.kept.mean - other.kept.mean
    learned = own.learned.mean - other.learned.mean
    verdict = f"{arm.adverb} the network {result_text(other)}"
    if abs(kept) < 0.05 and abs(learned) < 0.05:
        return f"{verdict}: no difference."
    if kept >= 0.05 and learned <= -0.05:
        return f"{verdict}: this night saved old memories at a price in new ones."
    if kept >= 0.05:
        return f"{verdict}: this night saved old memories, and the new ones cost nothing."
    if kept <= -0.05 and learned >= 0.05:
        return f"{verdict}: this night learned more, and paid for it with old memories."
    if kept <= -0.05:
        return f"{verdict}: this night lost more of the old, and gained nothing for it."
    return f"{verdict}: the old memories fared alike, the new ones did not."


def _word(words: tuple[tuple[float, str], ...], share: float) -> str:
    return next(word for limit, word in words if share >= limit)
