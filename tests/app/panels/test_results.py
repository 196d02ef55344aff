"""What the page shows of a night: its scores, numbers and pictures, and what they mean."""

from pathlib import Path

import pytest

from app import text
from core.schedule.config import RunConfig
from tests.helpers.page_runs import (
    RUN,
    done,
    figure_of,
    html_of,
    night,
    no_example,
    open_page,
    statuses_of,
    text_of,
    trace,
    write,
)
from tools.sample_runs import RECORDED, put_recorded


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_example(tmp_path, monkeypatch)


def test_the_scorecard_shows_the_three_numbers_each_explained() -> None:
    done()
    page = open_page(RUN)
    cards = html_of(page, "scorecard")
    assert [part.split("<")[0] for part in cards.split("<b>")[1:]] == ["75 %", "80 %", "25 %"]
    for definition in (text.KEPT, text.LEARNED, text.FORGOTTEN):
        assert any(element.value == definition for element in page.markdown)


def test_several_seeds_show_their_interval() -> None:
    seeds = [(100.0, 100.0, 100.0), (200.0, 220.0, 240.0)]
    write(night(seeds, [(500.0,) * 3, (300.0,) * 3], whole=False))
    page = open_page(RUN)
    card = html_of(page, "scorecard").split("</div>")[0]
    assert "<b>70 %</b>" in card
    assert "95 % interval" in card
    assert "± 12 %</i>" in card
    assert len(figure_of(page, "error_chart")["data"]) == 2 * (1 + 1 + 3)


def test_the_numbers_are_tables_once_they_are_asked_for() -> None:
    done()
    page = open_page(RUN)
    assert not page.dataframe
    page.session_state["numbers"] = True
    page.run()
    measured, trained, dreamt = (table.value for table in page.dataframe)
    assert measured["error"].tolist() == [100, 150, 150, 200, 200, 500, 300, 300, 180, 180]
    assert len(trained) == 4
    assert dreamt["cycle"].tolist() == [1, 2]


def test_the_numbers_of_a_night_that_has_not_begun_are_empty_tables() -> None:
    write([])
    page = open_page(RUN)
    page.session_state["numbers"] = True
    page.run()
    assert not page.exception
    assert all(table.value.empty for table in page.dataframe)


def test_recall_is_shown_as_accuracy_or_error() -> None:
    done()
    page = open_page(RUN)
    assert figure_of(page, "recall_chart")["layout"]["yaxis"]["title"]["text"] == "recall accuracy"
    page.button_group(key="recall_measure").set_value("recall_error").run()
    assert trace(figure_of(page, "recall_chart"), "old")["y"] == [110, 160, 160, 210, 210]


def test_every_measure_is_explained_and_every_preset_has_its_source() -> None:
    done()
    text = text_of(open_page(RUN))
    for method in text.METHODS:
        assert method.replace("\\", "") in text
    assert "Newborn" in text
    assert "Roffwarg" in text


# --- pictures ---


def test_the_filmstrip_shows_originals_parts_and_what_is_made_of_them() -> None:
    done()
    film = html_of(open_page(RUN), "filmstrip")
    assert film.count("<img ") == 3 + 3 + 2
    assert film.count('src="data:image/png;base64,') == 8
    assert 'alt="Old memories (MNIST): recalled"' in film
    assert 'alt="Dreams of cycle 2: dreams"' in film


def test_no_more_dreams_are_shown_than_two_rows_hold() -> None:
    config = RunConfig(num_cycles=2, total_eps=4, num=25)
    write(night([100, 150], [500, 300], config, whole=False, pictures=True))
    pictures = html_of(open_page(RUN), "filmstrip").split("Dreams of cycle 1</h4>")[1]
    assert pictures.count("<img ") == 2
    assert 'alt="Dreams of cycle 1: dreams, from number 11 on"' in pictures


def test_a_log_from_before_there_were_pictures_is_shown_without() -> None:
    put_recorded()
    page = open_page(RECORDED[-1].name)
    assert statuses_of(page) == ["done"]
    assert text.NO_PICTURES in text_of(page)
    assert figure_of(page, "error_chart")["data"][0]["y"]


def test_a_picture_that_is_gone_is_told_and_the_rest_is_shown() -> None:
    folder = done()
    for array in (folder.path / "arrays").iterdir():
        array.unlink()
    page = open_page(RUN)
    assert statuses_of(page) == ["done"]
    assert "he pictures cannot be shown" in text_of(page)
    assert len(page.warning) == 1
    assert "<b>75 %</b>" in html_of(page, "scorecard")
