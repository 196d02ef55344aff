"""The shown runs, drawn again while they run.

Only the status line polls. It refreshes the rest at the end of a stage: a browser that draws
charts twice a second would take the processor from the runs that it waits for.
"""

import time
from collections.abc import Iterable

import streamlit as st

from app.components.refresh import PARTS, Part, refresh_all, refreshing
from app.controls import Selection
from app.panels import charts, filmstrip, playhead, schedule, scorecard, status, tables
from app.shown_runs import ShownRuns
from app.snapshot import PageSnapshot, take_snapshot

FIRST_CYCLE_POLL_S = 0.4
"""Seconds between two polls until the first cycle has finished."""

POLL_S = 0.8
"""Seconds between two polls after the first cycle."""

_COMPARED_DELAY_S = 1.0  # the longest that news of the compared run alone are held back


class SharedSnapshot:
    """One snapshot per drawing, shared by all parts of the page that the drawing contains.

    A drawing is one run of the script: of the whole page, or of the parts that are refreshed. So
    the logs of the shown runs are read once per drawing, and all its parts show the same moment.
    """

    def __init__(self, shown: ShownRuns, snapshot: PageSnapshot) -> None:
        self._shown = shown
        self._snapshot = snapshot
        self._undrawn: set[Part] = set(PARTS)  # the parts of this drawing still to be drawn

    def for_part(self, part: Part) -> PageSnapshot:
        """Return this drawing's snapshot; take one if ``part`` is refreshed by itself."""
        if part not in self._undrawn:
            self.renew(())
        self._undrawn.discard(part)
        return self._snapshot

    def renew(self, parts: Iterable[Part]) -> PageSnapshot:
        """Take and return the snapshot of a drawing of ``parts``."""
        self._snapshot = take_snapshot(self._shown)
        self.share(parts)
        return self._snapshot

    def share(self, parts: Iterable[Part]) -> None:
        """Let all of ``parts`` be drawn from the current snapshot."""
        self._undrawn = set(parts)


def draw(shown: ShownRuns, now: PageSnapshot, selection: Selection | None) -> None:
    """Draw the shown runs and refresh them while they are active.

    Parameters
    ----------
    shown : ShownRuns
        The runs.
    now : PageSnapshot
        Snapshot of this drawing of the page.
    selection : Selection or None
        The run that the controls select; None if their values are invalid.
    """
    snapshots = SharedSnapshot(shown, now)
    _draw_schedule(snapshots, selection)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        # A container of their own, so that the status keeps its position for any number of buttons.
        with st.container(horizontal=True, width="content"):
            status.buttons(shown, now, selection)
        _draw_status(snapshots, shown, now, selection)
    _draw_results(snapshots, shown)


def _draw_schedule(snapshots: SharedSnapshot, selection: Selection | None) -> None:
    def once() -> None:
        config = selection.config if selection else None
        schedule.night(config, snapshots.for_part("schedule_part"))

    refreshing(once, key="schedule_part")


def _draw_status(
    snapshots: SharedSnapshot, shown: ShownRuns, drawn: PageSnapshot, selection: Selection | None
) -> None:
    """Draw the status line, which refreshes the other parts when they show less than there is."""
    drawn_at = time.monotonic()

    def before_refresh() -> None:
        nonlocal drawn, drawn_at
        now = snapshots.renew(["status_part"])
        if now.statuses != drawn.statuses:
            st.rerun()  # the whole page, because other buttons apply now
        main_is_new = now.positions[0] != drawn.positions[0]
        delay_over = time.monotonic() - drawn_at >= _COMPARED_DELAY_S
        if now.positions != drawn.positions and (main_is_new or delay_over):
            drawn, drawn_at = now, time.monotonic()
            snapshots.share(PARTS)
            refresh_all()

    def once() -> float | None:
        now = snapshots.for_part("status_part")
        status.status(shown, now, selection)
        if not drawn.active:
            return None
        return POLL_S if now.main.state.finished_cycles else FIRST_CYCLE_POLL_S

    refreshing(once, key="status_part", before_refresh=before_refresh)


def _draw_results(snapshots: SharedSnapshot, shown: ShownRuns) -> None:
    """Draw scores, charts, images and tables at the cycle that the playhead selects."""

    def once() -> float | None:
        now = snapshots.for_part("results_part")
        cycle = playhead.cycle(shown.main.follower.run_id, now.main.state.finished_cycles)
        _draw_results_at(shown, now, cycle)
        return playhead.STEP_S / 2 if playhead.playing() else None

    refreshing(once, key="results_part")


def _draw_results_at(shown: ShownRuns, now: PageSnapshot, cycle: int) -> None:
    runs = now.compared_runs
    scorecard.scorecard(runs, cycle, finished=now.done)
    compared_id = shown.compared.follower.run_id if shown.compared else ""
    revision = f"{shown.main.follower.run_id} {compared_id}"
    charts.measures(runs, revision, cycle)
    playhead.draw(max(runs[0].cycles, 1), now.main.state.finished_cycles, active=now.active)
    filmstrip.filmstrip(runs, cycle)
    charts.training(runs, revision, cycle)
    tables.numbers(runs)
    tables.methods()
