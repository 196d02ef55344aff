"""Only the owner of a run and the host can stop or resume it."""

from pathlib import Path

import pytest

from app import text, visitor
from core import jobs
from core.queue import entries
from core.runs.events import Event, NightStopped
from core.runs.folder import RunFolder, find_run
from core.schedule.config import RunConfig
from tests.helpers.page_runs import (
    OTHER,
    OWNER,
    RUN,
    SECRET,
    night,
    running,
    write,
    write_done_run,
    write_unfinished_run,
)
from tests.helpers.pages import (
    address_of,
    browser_answers,
    buttons_of,
    is_drawn,
    no_example,
    open_page,
    press_run,
    set_connection,
    statuses_of,
    text_of,
)

STRANGER = "f" * 32
ANOTHERS = "Everyone with the link can watch; only the browser that started it and the host can "
THE_HOSTS = "Everyone with the link can watch; only the host can "


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    no_example(tmp_path, monkeypatch)
    return tmp_path / "outputs"


def test_another_visitor_can_watch_but_not_stop_a_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with running(write_unfinished_run()):
        assert text.OWN_RUN in text_of(open_page(RUN))
        set_connection(monkeypatch, STRANGER)
        page = open_page(RUN)
        assert statuses_of(page) == ["running"]
        assert buttons_of(page) == {"play", "run"}
        assert f"{ANOTHERS}stop it." in text_of(page)
        assert text.OWN_RUN not in text_of(page)
        press_run(page)
        assert address_of(page)["run"] != RUN
        assert buttons_of(page) == {"stop"}
    assert not find_run(RUN).stop.exists()


def test_a_stop_request_of_another_visitor_has_no_effect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The page draws no Stop button for them, but `jobs.stop` must not rely on that.
    with running(write_unfinished_run()):
        page = open_page(RUN)
        set_connection(monkeypatch, STRANGER)
        with browser_answers(page, STRANGER):
            page.button(key="stop").click().run()
        assert not page.exception
        assert not find_run(RUN).stop.exists()


@pytest.mark.parametrize("events", [[], night([60, 70], [600, 300], whole=False)])
def test_another_visitor_cannot_resume_a_run(
    events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    write([*events, NightStopped()] if events else [])
    assert "resume" in buttons_of(open_page(RUN))
    set_connection(monkeypatch, STRANGER)
    page = open_page(RUN)
    assert "resume" not in buttons_of(page)
    assert f"{ANOTHERS}resume it." in text_of(page)


@pytest.mark.parametrize("person", ["me@here", "visitor-0a1b2c3d", "", f"{OWNER}0"])
def test_only_the_host_controls_runs_of_the_host_or_of_an_earlier_version(person: str) -> None:
    set_owner(write_unfinished_run(), person)
    page = open_page(RUN)
    assert buttons_of(page) == {"play", "run"}
    assert f"{THE_HOSTS}resume it." in text_of(page)


def test_a_done_run_shows_no_ownership(monkeypatch: pytest.MonkeyPatch) -> None:
    write_done_run()
    for secret in (SECRET, STRANGER):
        set_connection(monkeypatch, secret)
        page = open_page(RUN)
        assert statuses_of(page) == ["done"]
        assert "Everyone with the link" not in text_of(page)


def set_owner(folder: RunFolder, person: str) -> None:
    """Write another owner into the run's record."""
    record = folder.record()
    folder.write_record(record.__class__(**{**vars(record), "person": person}))


@pytest.mark.parametrize("own", [RUN, OTHER])
def test_of_two_runs_a_visitor_stops_and_resumes_only_the_own_one(own: str) -> None:
    config = RunConfig(num_cycles=2, total_eps=4)
    folders = [
        write(night([60, 70], [600, 300], config, whole=False), run_id=run) for run in (RUN, OTHER)
    ]
    for folder in folders:
        entries.add(folder.id, OWNER)
        if folder.id != own:
            set_owner(folder, visitor.name_of(STRANGER))
    page = open_page(RUN, **{"with": OTHER})
    assert f"{ANOTHERS}stop the other run." in text_of(page)
    page.button(key="stop").click().run()
    assert not page.error
    (entry,) = entries.read_all()
    assert entry.run != own
    assert is_drawn(page, "run")
    assert page.button(key="resume").label == "Resume"
    page.button(key="resume").click().run()
    assert {entry.run for entry in entries.read_all()} == {RUN, OTHER}


@pytest.mark.parametrize(
    ("persons", "sentence"),
    [
        (
            [visitor.name_of(STRANGER)] * 2,
            "only the browser that started it and the host can stop it.",
        ),
        (["me@here"] * 2, "only the host can stop it."),
        (
            ["me@here", visitor.name_of(STRANGER)],
            "only their owners can stop it.",
        ),
    ],
)
def test_the_owners_of_two_foreign_runs_are_in_one_sentence(
    persons: list[str], sentence: str
) -> None:
    for run, person in zip((RUN, OTHER), persons, strict=True):
        set_owner(write([], run_id=run), person)
        entries.add(run, person)
    page = open_page(RUN, **{"with": OTHER})
    assert sentence in text_of(page)
    assert buttons_of(page) == {"run"}


def test_a_run_that_the_host_stopped_is_shown_as_stopped() -> None:
    entries.add(write_unfinished_run().id, OWNER)
    page = open_page(RUN)
    jobs.stop(RUN)
    page.run()
    assert statuses_of(page) == ["stopped"]
    assert "resume" in buttons_of(page)
