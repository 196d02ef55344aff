"""The results on the page: scores, tables and images, and their definitions."""

from pathlib import Path

import pytest

from app import text
from core.runs.measures import MEASURES
from core.schedule.config import RunConfig
from tests.helpers.page_runs import RUN, night, write, write_done_run
from tests.helpers.pages import (
    figure_of,
    html_of,
    no_example,
    open_page,
    statuses_of,
    text_of,
    trace,
)
from tools.sample_runs import RECORDED_RUNS, copy_recorded_run


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_example(tmp_path, monkeypatch)


def test_the_scorecard_shows_three_scores_and_their_definitions() -> None:
    write_done_run()
    page = open_page(RUN)
    cards = html_of(page, "scorecard")
    assert [part.split("<")[0] for part in cards.split("<b>")[1:]] == ["75 %", "80 %", "25 %"]
    for definition in (text.KEPT, text.LEARNED, text.FORGOTTEN):
        assert any(element.value == definition for element in page.markdown)


def test_several_seeds_have_a_confidence_interval() -> None:
    seeds = [(100.0, 100.0, 100.0), (200.0, 220.0, 240.0)]
    write(night(seeds, [(500.0,) * 3, (300.0,) * 3], whole=False))
    page = open_page(RUN)
    card = html_of(page, "scorecard").split("</div>")[0]
    assert "<b>70 %</b>" in card
    assert "95 % confidence interval" in card
    assert "± 12 %</i>" in card
    assert len(figure_of(page, "error_chart")["data"]) == 2 * (1 + 1 + 3)


def test_the_tables_are_drawn_once_they_are_opened() -> None:
    write_done_run()
    page = open_page(RUN)
    assert not page.dataframe
    page.session_state["numbers"] = True
    page.run()
    measures, losses, dreams = (table.value for table in page.dataframe)
    assert measures["error"].tolist() == [100, 150, 150, 200, 200, 500, 300, 300, 180, 180]
    assert len(losses) == 4
    assert dreams["cycle"].tolist() == [1, 2]


def test_the_tables_of_a_run_that_has_not_started_are_empty() -> None:
    write([])
    page = open_page(RUN)
    page.session_state["numbers"] = True
    page.run()
    assert not page.exception
    assert all(table.value.empty for table in page.dataframe)


def test_the_recall_chart_shows_accuracy_or_error() -> None:
    write_done_run()
    page = open_page(RUN)
    assert figure_of(page, "recall_chart")["layout"]["yaxis"]["title"]["text"] == "recall accuracy"
    page.button_group(key="recall_measure").set_value("recall_error").run()
    assert trace(figure_of(page, "recall_chart"), "old")["y"] == [110, 160, 160, 210, 210]


def test_all_definitions_and_the_sources_of_presets_are_on_the_page() -> None:
    write_done_run()
    content = text_of(open_page(RUN))
    for definition in text.METHODS:
        assert definition.replace("\\", "") in content
    for measure in MEASURES.values():
        assert measure.definition in content
    assert "Newborn" in content
    assert "Roffwarg" in content


# --- images ---


def test_the_filmstrip_shows_original_partial_and_recalled_images() -> None:
    write_done_run()
    film = html_of(open_page(RUN), "filmstrip")
    assert film.count("<img ") == 3 + 3 + 2
    assert film.count('src="data:image/png;base64,') == 8
    assert 'alt="Old memories (MNIST): recalled"' in film
    assert 'alt="Dreams of cycle 2: dreams"' in film


def test_the_filmstrip_shows_at_most_twenty_dreams() -> None:
    config = RunConfig(num_cycles=2, total_eps=4, num=25)
    write(night([100, 150], [500, 300], config, whole=False, pictures=True))
    pictures = html_of(open_page(RUN), "filmstrip").split("Dreams of cycle 1</h4>")[1]
    assert pictures.count("<img ") == 2
    assert 'alt="Dreams of cycle 1: dreams, from number 11"' in pictures


def test_a_log_without_images_is_shown() -> None:
    copy_recorded_run()
    page = open_page(RECORDED_RUNS[-1].name)
    assert statuses_of(page) == ["done"]
    assert text.NO_IMAGES in text_of(page)
    assert figure_of(page, "error_chart")["data"][0]["y"]


def test_missing_image_files_are_reported_and_the_rest_is_shown() -> None:
    folder = write_done_run()
    for array in (folder.path / "arrays").iterdir():
        array.unlink()
    page = open_page(RUN)
    assert statuses_of(page) == ["done"]
    assert "he images cannot be shown" in text_of(page)
    assert len(page.warning) == 1
    assert "<b>75 %</b>" in html_of(page, "scorecard")
