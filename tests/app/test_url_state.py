"""The address of the page: values are written and read, and invalid parts fall back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import url_state
from app.settings import MAX_LR, SETTINGS, config_of, values_of
from core.data.splits import SPLITS
from core.schedule.config import RunConfig
from core.schedule.presets import PRESETS
from tests.app.test_settings import presets
from tests.helpers.page_runs import setting_values

Values = dict[str, int | float | str]
DEFAULTS = values_of(RunConfig())

INVALID = [
    *("", " ", "0", "-1", "-0", "1e3", "1e999", "9" * 5_000, "nan", "inf", "-inf", "None", "True"),
    *("3.0", "1_0", "０５", "٣", "½", "0x10", "50", "5", "100", "\n", "\x00", "🌙", "digits"),
    "x" * 99,
]


def invalid_addresses() -> st.SearchStrategy[dict[str, str]]:
    """Generate addresses with any names, among them those of the page, and any texts."""
    names = st.sampled_from([*SETTINGS, url_state.RUN, url_state.PRESET, url_state.COMPARE])
    texts = st.sampled_from(INVALID) | st.text(max_size=50) | st.floats().map(str)
    return st.dictionaries(names | st.text(max_size=20), texts, max_size=16)


# --- writing and reading ---


@pytest.mark.parametrize("base", [RunConfig(), RunConfig(num_cycles=3, lr=0.01, split="digits")])
def test_the_values_of_every_preset_are_read_as_written(base: RunConfig) -> None:
    base_values = values_of(base)
    for config in [RunConfig(), *presets()]:
        written = url_state.write(values_of(config), base_values)
        values, notes = url_state.read(written, base_values)
        assert config_of(values) == config
        assert notes == ()


@given(setting_values(), setting_values())
def test_all_values_are_read_as_written_with_any_base(values: Values, base: Values) -> None:
    assert url_state.read(url_state.write(values, base), base) == (values, ())


@given(st.floats(0, MAX_LR, exclude_min=True).filter(SETTINGS["lr"].accepts))
def test_a_learning_rate_is_written_exactly(rate: float) -> None:
    values = {**DEFAULTS, "lr": rate}
    assert url_state.read(url_state.write(values, DEFAULTS), DEFAULTS) == (values, ())


def test_an_address_contains_only_what_differs_from_the_base() -> None:
    assert url_state.write(DEFAULTS, DEFAULTS) == {}
    changed = {**DEFAULTS, "num_cycles": 5, "rem_start": 2.5, "rem_end": 40.0, "lr": 0.0015}
    assert url_state.write(changed, DEFAULTS) == {
        "num_cycles": "5",
        "rem_start": "2.5",
        "rem_end": "40",
        "lr": "0.0015",
    }
    assert url_state.write(changed, changed) == {}


# --- invalid addresses ---


@given(invalid_addresses(), setting_values())
def test_any_address_gives_valid_values_and_short_notes(
    address: dict[str, str], base: Values
) -> None:
    values, notes = url_state.read(address, base)
    config_of(values)
    assert all(note.endswith(".") and len(note) < 250 for note in notes)
    assert url_state.read(url_state.write(values, base), base) == (values, ())


@given(
    st.dictionaries(
        st.sampled_from(list(SETTINGS)), st.sampled_from(INVALID) | st.text(max_size=60)
    )
)
def test_each_ignored_parameter_has_one_note(address: dict[str, str]) -> None:
    values, notes = url_state.read(address, DEFAULTS)
    ignored = [key for key, text in address.items() if not _means(key, text, values[key])]
    assert len(notes) == len(ignored)
    for key in ignored:
        if values[key] == DEFAULTS[key] and not _is_valid(key, address[key]):
            (note,) = [note for note in notes if note.startswith(f"{key} is ")]
            assert note.endswith(f" in the address; {SETTINGS[key].hint}.")
            assert repr(address[key][:39])[:-1] in note


def _is_valid(key: str, text: str) -> bool:
    """Return whether the text is a valid value of that setting."""
    try:
        return SETTINGS[key].accepts(SETTINGS[key].parse(text))
    except (ValueError, OverflowError):
        return False


def _means(key: str, text: str, value: object) -> bool:
    return _is_valid(key, text) and SETTINGS[key].parse(text) == value


@pytest.mark.parametrize(
    ("key", "text", "note"),
    [
        ("num_cycles", "31", "num_cycles is '31' in the address; choose from 1 to 30."),
        ("num_cycles", "ten", "num_cycles is 'ten' in the address; choose from 1 to 30."),
        ("num_cycles", "", "num_cycles is '' in the address; choose from 1 to 30."),
        (
            "rem_end",
            "nan",
            "rem_end is 'nan' in the address; choose from 0 to 100 in steps of 0.5.",
        ),
        ("split", "x" * 99, f"split is '{'x' * 39}…' in the address; choose one of "),
        ("seeds", "2", "seeds is '2' in the address; choose one of 1, 3, 5."),
        ("lr", "-inf", "lr is '-inf' in the address; choose "),
    ],
)
def test_an_invalid_value_falls_back_with_a_note_that_has_a_hint(
    key: str, text: str, note: str
) -> None:
    values, notes = url_state.read({key: text}, DEFAULTS)
    assert values == DEFAULTS
    assert len(notes) == 1
    assert notes[0].startswith(note)


def test_minus_zero_is_read_as_zero() -> None:
    # The slider would show -0 %.
    values, _ = url_state.read({"rem_start": "-0"}, DEFAULTS)
    assert str(values["rem_start"]) in ("0.0", "50.0")


@pytest.mark.parametrize(
    ("address", "accepted", "ignored"),
    [
        ({"total_eps": "5"}, {}, ("total_eps", "5")),
        ({"num_cycles": "25", "total_eps": "20"}, {"total_eps": 20}, ("num_cycles", "25")),
        ({"num_cycles": "20", "total_eps": "5"}, {"num_cycles": 20}, ("total_eps", "5")),
    ],
)
def test_one_of_two_contradicting_values_falls_back_with_a_note(
    address: dict[str, str], accepted: Values, ignored: tuple[str, str]
) -> None:
    values, notes = url_state.read(address, DEFAULTS)
    assert values == DEFAULTS | accepted
    (note,) = notes
    key, text = ignored
    assert note.startswith((f"{key} is {text!r}", f"{key} is {text};"))


def test_values_that_are_valid_only_together_are_accepted_in_any_order() -> None:
    for order in (("total_eps", "num_cycles"), ("num_cycles", "total_eps")):
        address = {"total_eps": "5", "num_cycles": "4"}
        values, notes = url_state.read({key: address[key] for key in order}, DEFAULTS)
        assert (values["total_eps"], values["num_cycles"], notes) == (5, 4, ())


def test_each_unknown_name_has_a_note() -> None:
    known = [*SETTINGS, "run", "with", "compare", "preset"]
    assert url_state.unknown(dict.fromkeys(known, "")) == ()
    assert url_state.unknown({"num": "5", "cycles": "5", "y" * 99: ""}) == (
        "cycles is not a setting of this page.",
        f"{'y' * 39}… is not a setting of this page.",
    )


def test_a_thousand_unknown_names_have_one_short_note() -> None:
    names = [f"name{number}" for number in range(1_000)]
    assert url_state.unknown(dict.fromkeys(names, "x")) == (
        "name0, name1, name2 and 997 more are not settings of this page.",
    )
    (long,) = url_state.unknown({f"{number}{'y' * 5_000}": "" for number in range(1_000)})
    assert len(long) < 200


# --- a preset by name ---


@pytest.mark.parametrize("name", list(PRESETS))
def test_a_preset_sets_only_the_schedule(name: str) -> None:
    base = {**DEFAULTS, "split": "digits", "num": 20, "seeds": 3}
    values, notes = url_state.read({"preset": name}, base)
    expected = RunConfig(**PRESETS[name].settings(), split="digits", num=20, seeds=(0, 1, 2))
    assert config_of(values) == expected
    assert notes == ()


def test_other_parameters_override_the_preset() -> None:
    for split in SPLITS:
        address = {"preset": "young-adult", "num_cycles": "7", "split": split}
        values, notes = url_state.read(address, DEFAULTS)
        assert config_of(values) == RunConfig(
            num_cycles=7, start_fraction_rem=0.05, end_fraction_rem=0.4, split=split
        )
        assert notes == ()


def test_an_unknown_preset_has_a_note() -> None:
    values, notes = url_state.read({"preset": "z" * 99}, DEFAULTS)
    assert values == DEFAULTS
    (note,) = notes
    assert note.startswith(f"preset is '{'z' * 39}…'; choose one of even, young-adult, ")
