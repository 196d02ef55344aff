"""`core.support.environment`: folders and limits from environment variables."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core.support import environment
from core.support.errors import ConfigError

FOLDERS: dict[str, Callable[[], Path]] = {
    "SLEEP_CACHE_DIR": environment.cache_dir,
    "SLEEP_DATA_DIR": environment.data_dir,
    "SLEEP_GALLERY_DIR": environment.gallery_dir,
    "SLEEP_OUTPUTS_DIR": environment.outputs_dir,
}
NUMBERS: dict[str, tuple[Callable[[], int], int]] = {
    "SLEEP_MAX_QUEUED_PER_PERSON": (environment.max_queued_per_person, 20),
    "SLEEP_MAX_QUEUED_PER_ADDRESS": (environment.max_queued_per_address, 100),
    "SLEEP_MAX_QUEUED": (environment.max_queued, 200),
    "SLEEP_MAX_SECONDS_PER_PERSON": (environment.max_seconds_per_person, 3_600),
    "SLEEP_MAX_SECONDS_PER_ADDRESS": (environment.max_seconds_per_address, 14_400),
    "SLEEP_MAX_SECONDS": (environment.max_seconds, 28_800),
    "SLEEP_HUNG_AFTER_S": (environment.hung_after_s, 120),
}


@pytest.mark.parametrize("variable", FOLDERS)
def test_a_variable_sets_its_folder(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, f" {tmp_path} ")
    assert FOLDERS[variable]() == tmp_path
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(variable, "~/nights")
    assert FOLDERS[variable]() == tmp_path / "nights"


@pytest.mark.parametrize("blank", [None, "", "  "])
def test_without_variables_the_folders_lie_in_the_project_and_in_the_users_cache(
    blank: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in FOLDERS:
        if blank is None:
            monkeypatch.delenv(variable, raising=False)
        else:
            monkeypatch.setenv(variable, blank)
    assert environment.outputs_dir() == environment.PROJECT / "outputs"
    assert environment.gallery_dir() == environment.PROJECT / "outputs" / "gallery"
    assert environment.cache_dir().name == "sleep-schedule-explorer"
    assert environment.data_dir() == environment.cache_dir() / "data"


def test_the_default_data_folder_lies_in_the_cache_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SLEEP_DATA_DIR")
    monkeypatch.setenv("SLEEP_CACHE_DIR", str(tmp_path))
    assert environment.data_dir() == tmp_path / "data"


@pytest.mark.parametrize("variable", NUMBERS)
def test_a_variable_sets_its_limit(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    number, default = NUMBERS[variable]
    monkeypatch.delenv(variable, raising=False)
    assert number() == default
    for text, expected in {"": default, " ": default, "1": 1, " 7 ": 7, "1000000": 10**6}.items():
        monkeypatch.setenv(variable, text)
        assert number() == expected


@pytest.mark.parametrize("variable", NUMBERS)
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("0", "0"),
        ("1000001", "1000001"),
        ("-1", "'-1'"),
        ("1.5", "'1.5'"),
        ("1e3", "'1e3'"),
        ("many", "'many'"),
        ("²", "'²'"),
        ("nan", "'nan'"),
    ],
)
def test_an_invalid_limit_raises_a_config_error_that_names_the_variable(
    text: str, shown: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, text)
    with pytest.raises(ConfigError) as caught:
        NUMBERS[variable][0]()
    assert str(caught.value) == (f"{variable} is {shown}; give a whole number from 1 to 1000000.")


def test_a_limit_with_thousands_of_digits_raises_a_config_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLEEP_MAX_QUEUED", "9" * 5_000)
    with pytest.raises(ConfigError, match="SLEEP_MAX_QUEUED is "):
        environment.max_queued()


def test_no_proxy_header_is_trusted_unless_the_variable_names_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SLEEP_TRUSTED_PROXY_HEADER", raising=False)
    assert environment.trusted_proxy_header() is None
    for text, header in {"": None, "  ": None, " X-Real-IP ": "X-Real-IP"}.items():
        monkeypatch.setenv("SLEEP_TRUSTED_PROXY_HEADER", text)
        assert environment.trusted_proxy_header() == header


@pytest.mark.parametrize(
    "text", ["X Real IP", "X-Real-IP: 1.2.3.4", "X-Real-IP,Via", "é", "a" * 101]
)
def test_an_invalid_header_name_raises_a_config_error(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLEEP_TRUSTED_PROXY_HEADER", text)
    with pytest.raises(ConfigError) as caught:
        environment.trusted_proxy_header()
    assert str(caught.value) == (
        f"SLEEP_TRUSTED_PROXY_HEADER is {text!r}; give the name of one HTTP header, such as "
        "X-Forwarded-For."
    )


# --- the page's server ---


def test_the_connection_limit_is_a_whole_number_from_10(monkeypatch: pytest.MonkeyPatch) -> None:
    for text, expected in {"": 500, " ": 500, "10": 10, " 77 ": 77, "1000000": 10**6}.items():
        monkeypatch.setenv("SLEEP_MAX_CONNECTIONS", text)
        assert environment.max_connections() == expected
    for text in ("9", "0", "-1", "1.5", "many", "1000001", "9" * 5_000):
        monkeypatch.setenv("SLEEP_MAX_CONNECTIONS", text)
        with pytest.raises(ConfigError) as caught:
            environment.max_connections()
        assert str(caught.value).startswith("SLEEP_MAX_CONNECTIONS is ")
        assert str(caught.value).endswith("; give a whole number from 10 to 1000000.")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ()),
        (" , ", ()),
        ("*", ("*",)),
        ("a.example", ("a.example",)),
        (" A.Example. ,*.b.example,c_d", ("a.example", "*.b.example", "c_d")),
        ("xn--mnchen-3ya.example,münchen.example", ("xn--mnchen-3ya.example", "münchen.example")),
    ],
)
def test_allowed_hosts_are_split_at_commas_and_converted_to_lower_case(
    text: str, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLEEP_ALLOWED_HOSTS", text)
    assert environment.allowed_hosts() == names


@pytest.mark.parametrize(
    "text", ["http://a.example", "a.example:80", "a b", "*a", "a.*.example", "a/b", "a..b", "a@b"]
)
def test_an_invalid_host_name_raises_a_config_error_that_names_the_variable(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLEEP_ALLOWED_HOSTS", f"good.example, {text}")
    with pytest.raises(ConfigError) as caught:
        environment.allowed_hosts()
    assert str(caught.value) == (
        f"SLEEP_ALLOWED_HOSTS holds {text!r}; give host names without scheme and port, separated "
        "by commas, such as sleep.example.org or *.example.org, or * for any."
    )
