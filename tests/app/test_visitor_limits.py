"""Limits on the runs of a visitor and of a network address."""

from pathlib import Path

import pytest

from core.queue import entries
from core.runs.folder import all_runs
from tests.helpers.page_runs import OWNER
from tests.helpers.pages import no_example, open_page, press_run, set_connection, text_of

STRANGER = "f" * 32


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    no_example(tmp_path, monkeypatch)
    return tmp_path / "outputs"


def persons() -> list[str]:
    return [entry.person for entry in entries.read_all()]


def test_the_limit_per_person_holds_across_reloads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLEEP_MAX_QUEUED_PER_PERSON", "3")
    pages = [press_run(open_page(compare="none")) for _ in range(6)]
    assert [len(page.error) for page in pages] == [0, 0, 0, 1, 1, 1]
    assert "you have 3 runs waiting or running, and 3 is the limit for one person" in text_of(
        pages[-1]
    )
    assert persons() == [OWNER] * 3
    set_connection(monkeypatch, STRANGER)
    assert not press_run(open_page(compare="none")).error


def test_the_limit_per_address_holds_for_a_browser_without_cookies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLEEP_MAX_QUEUED_PER_ADDRESS", "3")
    set_connection(monkeypatch, None, "203.0.113.7")
    pages = [press_run(open_page(compare="none")) for _ in range(5)]
    assert [len(page.error) for page in pages] == [0, 0, 0, 1, 1]
    assert "3 runs from your network address are waiting or running" in text_of(pages[-1])
    assert len(set(persons())) == 3
    set_connection(monkeypatch, None, "203.0.113.8")
    assert not press_run(open_page(compare="none")).error


def test_an_untrusted_header_does_not_change_the_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLEEP_MAX_QUEUED_PER_ADDRESS", "2")
    for number in range(4):
        set_connection(
            monkeypatch, None, "203.0.113.7", [("X-Forwarded-For", f"198.51.100.{number}")]
        )
        press_run(open_page(compare="none"))
    assert len(entries.read_all()) == 2


def test_the_expected_seconds_per_person_are_limited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLEEP_MAX_SECONDS_PER_PERSON", "5")
    page = press_run(open_page(compare="none"))
    assert "this run would take about 10 s, and 10 s is the limit for one person" in text_of(page)
    assert all_runs() == []
