"""Streamlit's settings for the page."""

import tomllib

from core.support import environment


def test_the_page_sends_no_statistics_and_leaves_the_theme_to_the_visitor() -> None:
    settings_file = environment.PROJECT / ".streamlit" / "config.toml"
    values = tomllib.loads(settings_file.read_text("utf-8"))
    assert values["browser"]["gatherUsageStats"] is False
    assert values["server"]["fileWatcherType"] == "none"
    assert values["runner"]["postScriptGC"] is False
    assert set(values["theme"]) == {"light", "dark"}


def test_the_page_serves_its_own_scripts_and_shows_no_stack_trace() -> None:
    settings_file = environment.PROJECT / ".streamlit" / "config.toml"
    values = tomllib.loads(settings_file.read_text("utf-8"))
    assert values["server"]["enableStaticServing"] is True
    assert values["client"]["showErrorDetails"] == "none"
