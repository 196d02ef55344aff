"""`app.visitor`: who visits the page, from where, and what only the owner of a run can do."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import ElementTree

from app import text, visitor
from core import jobs
from core.queue import entries
from core.queue.addresses import hashed_name
from core.runs.events import NightStopped
from core.runs.folder import RunFolder, all_runs, find_run
from core.schedule.config import RunConfig
from tests.helpers.page_runs import (
    OTHER,
    OWNER,
    RUN,
    SECRET,
    address_of,
    asleep,
    buttons_of,
    comes,
    done,
    half,
    is_drawn,
    night,
    no_example,
    open_page,
    statuses_of,
    text_of,
    write,
)

STRANGER = "f" * 32
ANOTHERS = "Everybody with the link can watch; only the browser that started it and the host can "
THE_HOSTS = "Everybody with the link can watch; only the host can "


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    no_example(tmp_path, monkeypatch)
    return tmp_path / "outputs"


def press_run(page: AppTest) -> AppTest:
    page.button(key="run").click().run()
    assert not page.exception
    return page


def persons() -> list[str]:
    return [entry.person for entry in entries.read_all()]


def sent(page: AppTest) -> dict[str, str]:
    """What the page lets the browser keep."""
    found: dict[str, str] = json.loads(page.get_by_key("visitor").proto.json)
    return found


@contextmanager
def answered(page: AppTest, kept: object) -> Iterator[None]:
    """As if the browser had answered that it keeps ``kept``."""
    component = page.get_by_key("visitor").proto.id
    told = ElementTree.get_widget_states

    def with_that(tree: ElementTree) -> WidgetStates:
        states = told(tree)
        states.widgets.add(id=component, json_value=json.dumps({"kept": kept}))
        return states

    with mock.patch.object(ElementTree, "get_widget_states", with_that):
        yield


# --- the cookie ---


def test_a_reload_is_the_same_visitor() -> None:
    for _ in range(2):
        press_run(open_page(compare="none"))
    assert persons() == [OWNER, OWNER]


def test_a_run_that_is_started_before_the_browser_has_answered_stays_the_visitors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    comes(monkeypatch, None)
    page = press_run(open_page(compare="none"))
    secret = sent(page)["secret"]
    assert persons() == [visitor.name_of(secret)]
    assert sent(page)["name"] == visitor.COOKIE
    comes(monkeypatch, secret)
    assert "stop" in buttons_of(open_page(address_of(page)["run"]))


def test_the_page_sends_a_known_browser_its_own_secret() -> None:
    assert sent(open_page()) == {"name": visitor.COOKIE, "secret": SECRET, "known": SECRET}


@pytest.mark.parametrize(
    "odd", ["", "0", SECRET[:-1], SECRET + "0", SECRET.upper(), f"{SECRET[:-1]}\n", "é" * 32, OWNER]
)
def test_a_cookie_of_another_form_is_no_visitor(odd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    comes(monkeypatch, odd)
    pages = [press_run(open_page(compare="none")) for _ in range(2)]
    first, second = persons()
    assert first != second
    assert odd not in [sent(page)["secret"] for page in pages]


def test_another_secret_that_the_browser_keeps_is_the_visitors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Two tabs were opened at once, and the other one was first.
    comes(monkeypatch, None)
    page = open_page(compare="none")
    with answered(page, SECRET):
        page.run()
        assert sent(page) == {"name": visitor.COOKIE, "secret": SECRET, "known": SECRET}
        press_run(page)
    assert persons() == [OWNER]


@pytest.mark.parametrize(
    "odd", [None, 5, [SECRET], {"a": 1}, SECRET[:-1], SECRET.upper(), "x" * 9999]
)
def test_an_odd_answer_changes_nothing(odd: object) -> None:
    page = open_page(compare="none")
    with answered(page, odd):
        press_run(page)
        assert text.NO_COOKIES not in text_of(page)
    assert persons() == [OWNER]


def test_a_browser_without_cookies_is_told_that_a_reload_makes_it_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    comes(monkeypatch, None)
    page = open_page(compare="none")
    with answered(page, ""):
        press_run(page)
        assert buttons_of(page) == {"stop"}  # as long as the session lasts
        assert text.NO_COOKIES in text_of(page)
        page.button(key="stop").click().run()
        assert statuses_of(page) == ["stopped"]
        assert buttons_of(page) == {"run", "resume"}


def test_the_secret_is_in_no_file(outputs: Path) -> None:
    press_run(open_page())
    stored = b"".join(file.read_bytes() for file in outputs.rglob("*") if file.is_file())
    assert OWNER.encode() in stored
    assert SECRET.encode() not in stored


# --- the address ---


@pytest.mark.parametrize(
    ("setting", "headers", "ip", "address"),
    [
        (None, [], "203.0.113.7", "203.0.113.7"),
        (None, [], "2001:db8::7", "2001:db8::7"),
        (None, [], "127.0.0.1", ""),  # as Streamlit tells it
        (None, [], None, ""),
        (None, [], "testclient", ""),
        (None, [("X-Forwarded-For", "198.51.100.1")], "203.0.113.7", "203.0.113.7"),
        ("X-Forwarded-For", [("x-forwarded-for", "198.51.100.1")], None, "198.51.100.1"),
        ("x-real-ip", [("X-Real-IP", "198.51.100.1")], "203.0.113.7", "198.51.100.1"),
        ("X-Forwarded-For", [("X-Forwarded-For", "6.6.6.6, 198.51.100.1")], None, "198.51.100.1"),
        (
            "X-Forwarded-For",
            [("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-For", "7.7.7.7,198.51.100.1")],
            None,
            "198.51.100.1",
        ),
        ("X-Forwarded-For", [("X-Forwarded-For", "198.51.100.1:5000")], None, "198.51.100.1"),
        ("X-Forwarded-For", [("X-Forwarded-For", "[2001:db8::7]:80")], None, "2001:db8::7"),
        ("X-Forwarded-For", [("X-Forwarded-For", "2001:db8::7")], None, "2001:db8::7"),
        ("X-Forwarded-For", [("X-Other", "6.6.6.6")], "203.0.113.7", "203.0.113.7"),
        *(
            ("X-Forwarded-For", [("X-Forwarded-For", odd)], "203.0.113.7", "203.0.113.7")
            for odd in ("", "unknown", "6.6.6.6,", "6.6.6.6:x", "[6.6.6.6]x", "6.6.6.6 7.7.7.7")
        ),
    ],
)
def test_an_address_is_the_connections_or_what_the_trusted_proxy_added(
    setting: str | None,
    headers: list[tuple[str, str]],
    ip: str | None,
    address: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if setting is not None:
        monkeypatch.setenv("SLEEP_TRUSTED_PROXY_HEADER", setting)
    comes(monkeypatch, SECRET, ip, headers)
    press_run(open_page(compare="none"))
    assert [entry.address for entry in entries.read_all()] == [hashed_name(address)]


def test_a_setting_that_names_no_header_is_told_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLEEP_TRUSTED_PROXY_HEADER", "X Forwarded")
    page = press_run(open_page())
    assert "could not be started: SLEEP_TRUSTED_PROXY_HEADER is 'X Forwarded'" in text_of(page)
    assert all_runs() == []


# --- limits ---


def test_a_visitor_who_reloads_and_presses_run_again_and_again_is_limited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLEEP_MAX_QUEUED_PER_PERSON", "3")
    pages = [press_run(open_page(compare="none")) for _ in range(6)]
    assert [len(page.error) for page in pages] == [0, 0, 0, 1, 1, 1]
    assert "you have 3 runs waiting or running, and 3 is the limit for one person" in text_of(
        pages[-1]
    )
    assert persons() == [OWNER] * 3
    comes(monkeypatch, STRANGER)
    assert not press_run(open_page(compare="none")).error


def test_a_browser_without_cookies_is_limited_by_its_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLEEP_MAX_QUEUED_PER_ADDRESS", "3")
    comes(monkeypatch, None, "203.0.113.7")
    pages = [press_run(open_page(compare="none")) for _ in range(5)]
    assert [len(page.error) for page in pages] == [0, 0, 0, 1, 1]
    assert "3 runs from your network address are waiting or running" in text_of(pages[-1])
    assert len(set(persons())) == 3
    comes(monkeypatch, None, "203.0.113.8")
    assert not press_run(open_page(compare="none")).error


def test_a_visitor_cannot_get_around_the_limit_with_a_header_that_nobody_trusts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLEEP_MAX_QUEUED_PER_ADDRESS", "2")
    for number in range(4):
        comes(monkeypatch, None, "203.0.113.7", [("X-Forwarded-For", f"198.51.100.{number}")])
        press_run(open_page(compare="none"))
    assert len(entries.read_all()) == 2


def test_a_visitors_runs_are_limited_by_their_expected_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLEEP_MAX_SECONDS_PER_PERSON", "5")
    page = press_run(open_page(compare="none"))
    assert "this run would take about 10 s, and 10 s is the limit for one person" in text_of(page)
    assert all_runs() == []


# --- whose a run is ---


def test_another_visitor_can_watch_and_start_an_own_run_and_not_stop_this_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with asleep(half()):
        assert text.OWN_RUN in text_of(open_page(RUN))
        comes(monkeypatch, STRANGER)
        page = open_page(RUN)
        assert statuses_of(page) == ["running"]
        assert buttons_of(page) == {"play", "run"}
        assert f"{ANOTHERS}stop it." in text_of(page)
        assert text.OWN_RUN not in text_of(page)
        press_run(page)
        assert address_of(page)["run"] != RUN
        assert buttons_of(page) == {"stop"}
    assert not find_run(RUN).stop.exists()


def test_a_button_that_another_visitor_should_not_have_does_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As if the page had drawn it: the answer of the jobs does not depend on the page.
    with asleep(half()):
        page = open_page(RUN)
        comes(monkeypatch, STRANGER)
        with answered(page, STRANGER):
            page.button(key="stop").click().run()
        assert not page.exception
        assert not find_run(RUN).stop.exists()


@pytest.mark.parametrize("events", [[], night([60, 70], [600, 300], whole=False)])
def test_another_visitor_cannot_resume_what_broke_off(
    events: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    write([*events, NightStopped()] if events else [])  # type: ignore[list-item]
    assert "resume" in buttons_of(open_page(RUN))
    comes(monkeypatch, STRANGER)
    page = open_page(RUN)
    assert "resume" not in buttons_of(page)
    assert f"{ANOTHERS}resume it." in text_of(page)


@pytest.mark.parametrize("person", ["me@here", "visitor-0a1b2c3d", "", f"{OWNER}0"])
def test_a_run_of_the_host_or_of_an_earlier_version_is_the_hosts(person: str) -> None:
    owned_by(half(), person)
    page = open_page(RUN)
    assert buttons_of(page) == {"play", "run"}
    assert f"{THE_HOSTS}resume it." in text_of(page)


def test_a_run_that_is_over_says_nothing_of_stopping_it(monkeypatch: pytest.MonkeyPatch) -> None:
    done()
    for secret in (SECRET, STRANGER):
        comes(monkeypatch, secret)
        page = open_page(RUN)
        assert statuses_of(page) == ["done"]
        assert "Everybody with the link" not in text_of(page)


def owned_by(folder: RunFolder, person: str) -> None:
    record = folder.record()
    folder.write_record(record.__class__(**{**vars(record), "person": person}))


@pytest.mark.parametrize("mine", [RUN, OTHER])
def test_of_two_runs_of_two_visitors_each_stops_and_resumes_the_own_one(mine: str) -> None:
    config = RunConfig(num_cycles=2, total_eps=4)
    folders = [
        write(night([60, 70], [600, 300], config, whole=False), run_id=run) for run in (RUN, OTHER)
    ]
    for folder in folders:
        entries.add(folder.id, OWNER)
        if folder.id != mine:
            owned_by(folder, visitor.name_of(STRANGER))
    page = open_page(RUN, **{"with": OTHER})
    assert f"{ANOTHERS}stop the other run." in text_of(page)
    page.button(key="stop").click().run()
    assert not page.error
    (left,) = entries.read_all()
    assert left.run != mine
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
def test_two_runs_of_others_are_told_together(persons: list[str], sentence: str) -> None:
    for run, person in zip((RUN, OTHER), persons, strict=True):
        owned_by(write([], run_id=run), person)
        entries.add(run, person)
    page = open_page(RUN, **{"with": OTHER})
    assert sentence in text_of(page)
    assert buttons_of(page) == {"run"}


def test_the_host_stops_a_visitors_run_and_the_page_tells() -> None:
    entries.add(half().id, OWNER)
    page = open_page(RUN)
    jobs.stop(RUN)
    page.run()
    assert statuses_of(page) == ["stopped"]
    assert "resume" in buttons_of(page)
