"""`app.visitor`: the visitor's secret in a cookie and their network address."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import text, visitor
from core.queue import entries
from core.queue.addresses import hashed_name
from core.runs.folder import all_runs
from tests.helpers.page_runs import OWNER, SECRET
from tests.helpers.pages import (
    address_of,
    browser_answers,
    buttons_of,
    no_example,
    open_page,
    press_run,
    set_connection,
    statuses_of,
    text_of,
)

STRANGER = "f" * 32


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    no_example(tmp_path, monkeypatch)
    return tmp_path / "outputs"


def persons() -> list[str]:
    return [entry.person for entry in entries.read_all()]


def sent(page: AppTest) -> dict[str, str]:
    """Return the data that the page sends to the cookie component."""
    data: dict[str, str] = json.loads(page.get_by_key("visitor").proto.json)
    return data


# --- the cookie ---


def test_a_reload_is_the_same_visitor() -> None:
    for _ in range(2):
        press_run(open_page(compare="none"))
    assert persons() == [OWNER, OWNER]


def test_a_run_started_before_the_browsers_answer_belongs_to_the_visitor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_connection(monkeypatch, None)
    page = press_run(open_page(compare="none"))
    secret = sent(page)["secret"]
    assert persons() == [visitor.name_of(secret)]
    assert sent(page)["name"] == visitor.COOKIE
    set_connection(monkeypatch, secret)
    assert "stop" in buttons_of(open_page(address_of(page)["run"]))


def test_the_page_sends_a_returning_browser_its_secret() -> None:
    assert sent(open_page()) == {"name": visitor.COOKIE, "secret": SECRET, "known": SECRET}


@pytest.mark.parametrize(
    "invalid",
    ["", "0", SECRET[:-1], SECRET + "0", SECRET.upper(), f"{SECRET[:-1]}\n", "é" * 32, OWNER],
)
def test_an_invalid_cookie_is_ignored(invalid: str, monkeypatch: pytest.MonkeyPatch) -> None:
    set_connection(monkeypatch, invalid)
    pages = [press_run(open_page(compare="none")) for _ in range(2)]
    first, second = persons()
    assert first != second
    assert invalid not in [sent(page)["secret"] for page in pages]


def test_a_secret_from_another_tab_is_the_visitors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Two tabs were opened at once, and the other one stored its secret first.
    set_connection(monkeypatch, None)
    page = open_page(compare="none")
    with browser_answers(page, SECRET):
        page.run()
        assert sent(page) == {"name": visitor.COOKIE, "secret": SECRET, "known": SECRET}
        press_run(page)
    assert persons() == [OWNER]


@pytest.mark.parametrize(
    "invalid", [None, 5, [SECRET], {"a": 1}, SECRET[:-1], SECRET.upper(), "x" * 9999]
)
def test_an_invalid_answer_is_ignored(invalid: object) -> None:
    page = open_page(compare="none")
    with browser_answers(page, invalid):
        press_run(page)
        assert text.NO_COOKIES not in text_of(page)
    assert persons() == [OWNER]


def test_a_browser_without_cookies_reads_that_a_reload_makes_it_a_new_visitor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_connection(monkeypatch, None)
    page = open_page(compare="none")
    with browser_answers(page, ""):
        press_run(page)
        assert buttons_of(page) == {"stop"}  # while the session lasts
        assert text.NO_COOKIES in text_of(page)
        page.button(key="stop").click().run()
        assert statuses_of(page) == ["stopped"]
        assert buttons_of(page) == {"run", "resume"}


def test_no_file_contains_the_secret(outputs: Path) -> None:
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
        (None, [], "127.0.0.1", ""),  # Streamlit returns None for it
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
            ("X-Forwarded-For", [("X-Forwarded-For", invalid)], "203.0.113.7", "203.0.113.7")
            for invalid in ("", "unknown", "6.6.6.6,", "6.6.6.6:x", "[6.6.6.6]x", "6.6.6.6 7.7.7.7")
        ),
    ],
)
def test_the_address_is_the_connections_or_the_one_that_the_trusted_proxy_added(
    setting: str | None,
    headers: list[tuple[str, str]],
    ip: str | None,
    address: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if setting is not None:
        monkeypatch.setenv("SLEEP_TRUSTED_PROXY_HEADER", setting)
    set_connection(monkeypatch, SECRET, ip, headers)
    press_run(open_page(compare="none"))
    assert [entry.address for entry in entries.read_all()] == [hashed_name(address)]


def test_an_invalid_header_setting_is_reported_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLEEP_TRUSTED_PROXY_HEADER", "X Forwarded")
    page = press_run(open_page())
    assert "could not be started: SLEEP_TRUSTED_PROXY_HEADER is 'X Forwarded'" in text_of(page)
    assert all_runs() == []
