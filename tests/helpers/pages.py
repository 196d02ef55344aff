"""The page for its tests, drawn by Streamlit without a browser."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime import context
from streamlit.runtime.scriptrunner import RerunData
from streamlit.testing.v1 import AppTest, local_script_runner
from streamlit.testing.v1.element_tree import ElementTree

from app import live_results, visitor
from app.charts.style import uid
from app.components.refresh import Part
from core import jobs
from core.support import environment
from tests.helpers.page_runs import SECRET

PART_KEYS = {
    *("num_cycles", "rem_start", "rem_end", "split", "preset", "run_status", "hypnogram"),
    *("scorecard", "error_chart", "recall_chart", "cycle", "filmstrip", "loss_chart"),
}
"""Keys of widgets and containers that every page with a run has."""


def no_engine(outputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no engine start, and write runs to ``outputs``."""
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", str(outputs))
    monkeypatch.setattr(jobs, "keep_engine", lambda: None)
    monkeypatch.setattr(jobs.client, "keep_engine", lambda: None)
    set_connection(monkeypatch, SECRET)
    # For each new page Streamlit scans all installed packages for components, which takes 0.2 s.
    monkeypatch.setattr(manifest_scanner, "scan_component_manifests", list)


def no_example(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `no_engine`, and without the recorded example; all files are written to ``folder``."""
    no_engine(folder / "outputs", monkeypatch)
    monkeypatch.setenv("SLEEP_GALLERY_DIR", str(folder / "gallery"))


@dataclass(frozen=True)
class Connection:
    """A browser's connection, as the server sees it.

    Attributes
    ----------
    cookies : dict of str
        The cookies that the browser sent.
    remote_ip : str or None
        Its network address.
    headers : list of tuple of str
        Names and values of its headers.
    """

    cookies: dict[str, str]
    remote_ip: str | None
    headers: list[tuple[str, str]]


def set_connection(
    monkeypatch: pytest.MonkeyPatch,
    secret: str | None,
    ip: str | None = "127.0.0.1",
    headers: Sequence[tuple[str, str]] = (),
) -> None:
    """Set the browser connection of all pages from now on.

    Parameters
    ----------
    monkeypatch : pytest.MonkeyPatch
        Restores the connection after the test.
    secret : str or None
        The secret in the browser's cookie; None for no cookie.
    ip : str or None
        The browser's network address.
    headers : sequence of tuple of str
        Names and values of its headers.
    """
    cookies = {} if secret is None else {visitor.COOKIE: secret}
    connection = Connection(cookies, ip, list(headers))
    monkeypatch.setattr(context, "_get_client_context", lambda: connection)


@dataclass(frozen=True)
class Timers:
    """The seconds until the next drawing, or None, that each drawing of a part returned."""

    status: list[float | None] = field(default_factory=list)
    results: list[float | None] = field(default_factory=list)


def record_timers(monkeypatch: pytest.MonkeyPatch) -> Timers:
    """Record the timers of all pages from now on."""
    timers = Timers()
    recorded: dict[Part, list[float | None]] = {
        "schedule_part": [],
        "status_part": timers.status,
        "results_part": timers.results,
    }
    refreshing = live_results.refreshing

    def recording(draw: Callable[[], float | None], *, key: Part, **options: Any) -> None:
        def once() -> float | None:
            after_s = draw()
            recorded[key].append(after_s)
            return after_s

        refreshing(once, key=key, **options)

    monkeypatch.setattr(live_results, "refreshing", recording)
    return timers


def open_page(run: str | None = None, **address: str) -> AppTest:
    """Open the page at an address and draw it once.

    The test must prevent `core.jobs.keep_engine` from starting an engine.
    """
    page = AppTest.from_file(str(environment.PROJECT / "app" / "main.py"), default_timeout=60)
    if run is not None:
        page.query_params["run"] = run
    for name, value in address.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def status_tick(page: AppTest) -> None:
    """Let the status line request its next drawing, as its timer does.

    Afterwards ``page`` contains only what was drawn: the status line, and the other parts if they
    have more to show.
    """
    with refresh_requested(page):
        _draw_part(page, "status_part")


def results_tick(page: AppTest) -> None:
    """Draw only the results, as playback and the widgets in the results do."""
    _draw_part(page, "results_part")


def _draw_part(page: AppTest, part: Part) -> None:
    (fragment,) = page._fragment_storage._ids_by_target_key[part]
    only = partial(RerunData, fragment_id=fragment)
    with mock.patch.object(local_script_runner, "RerunData", only):
        page.run()
    assert not page.exception


@contextmanager
def refresh_requested(page: AppTest) -> Iterator[None]:
    """Let the status line's timer request the drawings, with the widgets at their values."""
    component = page.get_by_key("status_part").proto.id
    widget_states = ElementTree.get_widget_states

    def with_request(tree: ElementTree) -> WidgetStates:
        states = widget_states(tree)
        trigger = json.dumps({"event": "refresh", "value": 0})
        key = f"$$STREAMLIT_INTERNAL_KEY_{component}__events"
        states.widgets.add(id=key, json_trigger_value=trigger)
        return states

    with mock.patch.object(ElementTree, "get_widget_states", with_request):
        yield


def is_drawn(page: AppTest, key: str) -> bool:
    """Return whether the last drawing of ``page`` contains the element with this key."""
    try:
        return page.get_by_key(key) is not None
    except KeyError:
        return False


def address_of(page: AppTest) -> dict[str, str]:
    """Return the parameters of the page's address."""
    return {name: str(value) for name, value in page.query_params.items()}


def text_of(page: Any) -> str:
    """Return all text of the page, or of a container in it."""
    elements = [*page.markdown, *page.caption, *page.error, *page.warning]
    return "\n".join(element.value.replace("\\", "") for element in elements)


def html_of(page: AppTest, key: str) -> str:
    """Return the HTML of the container with this key."""
    return "\n".join(element.value for element in page.get_by_key(key).html)


def statuses_of(page: AppTest) -> list[str]:
    """Return the names of run statuses that the status line contains."""
    words = re.findall(
        r"\b(queued|running|done|stopped|failed|interrupted)\b",
        text_of(page.get_by_key("run_status")).lower(),
    )
    return [str(word) for word in words]


def figure_of(page: AppTest, key: str) -> dict[str, Any]:
    """Return the Plotly figure of the chart with this key."""
    component = page.get_by_key(f"{key}_figure").proto
    figure: dict[str, Any] = json.loads(json.loads(component.json)["figure"])
    return figure


def trace(figure: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the trace of a Plotly figure with this name."""
    (found,) = [trace for trace in figure["data"] if trace["uid"] == uid(name)]
    return dict(found)


def names_of(figure: dict[str, Any]) -> list[str]:
    """Return the names of the traces in a figure's legend."""
    return [trace["name"] for trace in figure["data"] if "name" in trace]


def buttons_of(page: AppTest) -> set[str]:
    """Return the keys of the enabled buttons."""
    return {str(button.key) for button in page.button if not button.disabled}


WIDGETS = {
    "preset": "selectbox",
    "num_cycles": "slider",
    "rem_start": "slider",
    "rem_end": "slider",
    "split": "radio",
    "compare": "selectbox",
    "total_eps": "number_input",
    "num": "number_input",
    "seeds": "button_group",
    "dreamer": "radio",
    "latent_dim": "button_group",
    "lr": "number_input",
    "data": "radio",
    "mask": "selectbox",
    "mask_fraction": "slider",
}
"""The kind of widget of each control, by its key."""


def control(page: AppTest, key: str) -> Any:
    """Return the widget of a control."""
    return getattr(page, WIDGETS[key])(key=key)


def control_values(page: AppTest) -> dict[str, Any]:
    """Return the values of all controls."""
    return {key: control(page, key).value for key in WIDGETS}


def press_run(page: AppTest) -> AppTest:
    """Press Run and return the page."""
    page.button(key="run").click().run()
    assert not page.exception
    return page


@contextmanager
def browser_answers(page: AppTest, stored: object) -> Iterator[None]:
    """Let the browser answer that its cookie stores ``stored``."""
    component = page.get_by_key("visitor").proto.id
    widget_states = ElementTree.get_widget_states

    def with_answer(tree: ElementTree) -> WidgetStates:
        states = widget_states(tree)
        states.widgets.add(id=component, json_value=json.dumps({"stored": stored}))
        return states

    with mock.patch.object(ElementTree, "get_widget_states", with_answer):
        yield
